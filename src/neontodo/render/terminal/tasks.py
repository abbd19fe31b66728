"""Tasks as a table that fits the terminal: what matters least gives way first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.fields import Priority
from neontodo.models import TaskPublic
from neontodo.render.terminal.grid import Cell, Column, Grid
from neontodo.render.terminal.symbols import PRIORITIES
from neontodo.tasks.dates import describe_due, is_overdue, local_day

if TYPE_CHECKING:
    from neontodo.render.terminal.canvas import Canvas

NARROW = 60
"""Below this many columns gaps shrink, and a due is a day or a time but not both."""

OPTIONAL = ("project", "tags")
"""Shown only where there is room, the last first to go."""

NARROWEST = 7
"""Text in fewer columns says nothing, and the longest head needs them."""

TITLE_LINES = 2

TITLE_ROOM = 30
"""Columns that a long title gets before project and tags get any; two fifths if that is more."""

PRIORITY_STYLES = {
    Priority.NONE: "",
    Priority.LOW: "cyan",
    Priority.MEDIUM: "yellow",
    Priority.HIGH: "bold red",
}

_HEADS = {
    "number": "#",
    "mark": "",
    "due": "due",
    "project": "project",
    "tags": "tags",
    "title": "title",
}


def task_grid(canvas: Canvas, tasks: Sequence[TaskPublic], *, now: datetime, tz: tzinfo) -> Grid:
    """The tasks in columns; those that would be empty, or leave the title no room, are left out."""
    narrow = canvas.width < NARROW
    gap = 1 if narrow else 2
    rows = [_cells(canvas, task, now, tz) for task in tasks]
    if narrow:
        rows = [row | {"due": _short_due(row["due"])} for row in rows]
    widths = _widths(rows, canvas.width, gap)
    return Grid(
        [Column(_HEADS[name], width, right=name == "number") for name, width in widths.items()],
        [[_fitted(canvas, name, row[name], widths[name]) for name in widths] for row in rows],
        gap=gap,
        rule=canvas.symbols.rule,
    )


def due_style(task: TaskPublic, *, now: datetime, tz: tzinfo) -> str:
    """Red once it is overdue, yellow on its day, nothing when the task is done."""
    if task.completed:
        return ""
    if is_overdue(task.due_on, task.due_at, now=now, tz=tz):
        return "red"
    day = local_day(task.due_at, tz) if task.due_at else task.due_on
    return "yellow" if day == local_day(now, tz) else ""


def has_notes(task: TaskPublic) -> bool:
    """Whether `show` has more to say than the table."""
    return bool(task.description or (task.extra and task.extra.get("annotations")))


def _cells(canvas: Canvas, task: TaskPublic, now: datetime, tz: tzinfo) -> dict[str, Cell]:
    due = "" if task.due is None else describe_due(task.due, now=now, tz=tz)
    note = f" {canvas.symbols.note}" if has_notes(task) else ""
    cells = {
        "number": Cell(str(task.number)),
        "mark": Cell(PRIORITIES[task.priority], PRIORITY_STYLES[task.priority]),
        "due": Cell(due, due_style(task, now=now, tz=tz)),
        "project": Cell(canvas.safe(task.project or ""), "magenta"),
        "tags": Cell(canvas.safe(" ".join(task.tags)), "cyan"),
        "title": Cell(canvas.safe(task.title), mark=note),
    }
    if not task.completed:
        return cells
    done = {name: Cell(cell.text, "dim") for name, cell in cells.items()}
    done["mark"] = Cell(canvas.symbols.done, "green")
    done["title"] = cells["title"]._replace(style="dim strike")
    return done


def _short_due(due: Cell) -> Cell:
    day, _, clock = due.text.partition(" ")
    return due._replace(text=clock if clock and day == "today" else day)


def _widths(rows: Sequence[dict[str, Cell]], room: int, gap: int) -> dict[str, int]:
    """Columns of each cell, in order; project and tags share what the title does not need."""
    widths = {
        name: max(len(head), *(cell_len(row[name].text + row[name].mark) for row in rows))
        for name, head in _HEADS.items()
        if any(row[name].text for row in rows)
    }
    title = widths.pop("title")
    optional = {name: widths[name] for name in OPTIONAL if name in widths}
    fixed = sum(width + gap for name, width in widths.items() if name not in optional)
    least = min(title, max(TITLE_ROOM, room * 2 // 5))
    shares = _shares(optional, room - fixed - least, gap)
    widths = {
        name: shares.get(name, width)
        for name, width in widths.items()
        if name in shares or name not in optional
    }
    left = room - sum(width + gap for width in widths.values())
    return widths | {"title": max(NARROWEST, min(title, left))}


def _shares(wanted: dict[str, int], spare: int, gap: int) -> dict[str, int]:
    """Each one's part of the spare columns: all it wants, else a fair part, else the first's."""
    while wanted:
        fair = spare // len(wanted) - gap
        modest = {name: width for name, width in wanted.items() if width <= fair}
        if len(modest) == len(wanted):
            return wanted
        if fair >= NARROWEST:
            left = spare - sum(width + gap for width in modest.values())
            most = left // (len(wanted) - len(modest)) - gap
            return {name: min(width, most) for name, width in wanted.items()}
        wanted = dict(list(wanted.items())[:-1])
    return {}


def _fitted(canvas: Canvas, name: str, cell: Cell, width: int) -> Cell:
    if name != "title":
        return cell._replace(text=canvas.crop(cell.text, width))
    room = width - cell_len(cell.mark)
    return cell._replace(text=canvas.fold(cell.text, room, lines=TITLE_LINES))
