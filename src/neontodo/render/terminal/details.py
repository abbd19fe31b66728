"""A task as a card: its title, its fields, its description and annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.card import list_annotations
from neontodo.render.terminal.canvas import CARD_WIDTH, Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid
from neontodo.render.terminal.symbols import PRIORITIES
from neontodo.render.terminal.tasks import PRIORITY_STYLES, due_style
from neontodo.render.text import local_time
from neontodo.tasks.dates import describe_due, local_day

if TYPE_CHECKING:
    from neontodo.models import Due, TaskPublic
    from neontodo.streams import Streams

ID_ROOM = 60
"""Columns from which on the whole id is shown; its start names the task just as well."""

KEPT_WIDTH = 400
"""Columns for each thing that was imported and has no field of its own."""

KEY_WIDTH = 17
"""Columns for the name of such a thing."""


def draw_card(task: TaskPublic, *, streams: Streams, now: datetime, tz: tzinfo) -> None:
    """Draw what is known of the task; what it lacks is left out."""
    canvas = Canvas(streams)
    width = min(canvas.width, CARD_WIDTH)
    title = canvas.fold(canvas.safe(task.title), width)
    canvas.draw(_column(Cell(title, "bold dim strike" if task.completed else "bold"), width))
    canvas.draw("", _pairs(canvas, [*_fields(canvas, task, now, tz)], width))
    if description := (task.description or "").strip("\r\n"):
        canvas.draw("", _column(Cell(_prose(canvas, description, width)), width))
    if noted := list_annotations(task, tz):
        cells = [(when, Cell(canvas.safe(text))) for when, text in noted]
        canvas.draw("", _pairs(canvas, cells, width))


def _fields(
    canvas: Canvas, task: TaskPublic, now: datetime, tz: tzinfo
) -> Iterator[tuple[str, Cell]]:
    yield "number", Cell(str(task.number))
    yield (
        "status",
        Cell(f"{canvas.symbols.done} done", "green") if task.completed else Cell("pending"),
    )
    if task.due is not None:
        yield "due", Cell(_due(task.due, now, tz), due_style(task, now=now, tz=tz))
    if task.priority:
        priority = f"{task.priority.label} {PRIORITIES[task.priority]}"
        yield "priority", Cell(priority, PRIORITY_STYLES[task.priority])
    if task.project:
        yield "project", Cell(canvas.safe(task.project), "magenta")
    if task.tags:
        yield "tags", Cell(canvas.safe(" ".join(task.tags)), "cyan")
    yield "created", Cell(local_time(task.created_at, tz))
    if task.updated_at != task.created_at:
        yield "updated", Cell(local_time(task.updated_at, tz))
    if task.completed_at:
        yield "completed", Cell(local_time(task.completed_at, tz))
    yield "id", Cell(str(task.id) if canvas.width >= ID_ROOM else str(task.id)[:8])
    yield from _kept(canvas, task)


def _kept(canvas: Canvas, task: TaskPublic) -> Iterator[tuple[str, Cell]]:
    for key, value in (task.extra or {}).items():
        if key != "annotations":
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            kept = canvas.crop(canvas.safe(text), KEPT_WIDTH)
            yield canvas.crop(canvas.safe(f"extra.{key}"), KEY_WIDTH), Cell(kept, "dim")


def _due(due: Due, now: datetime, tz: tzinfo) -> str:
    """The day or instant, and how far away it is."""
    day = local_day(due, tz) if isinstance(due, datetime) else due
    absolute = local_time(due, tz) if isinstance(due, datetime) else due.isoformat()
    days = (day - local_day(now, tz)).days
    near = describe_due(day, now=now, tz=tz)
    if near == day.isoformat():
        near = f"in {days} days" if days > 0 else f"{-days} days ago"
    return f"{absolute} ({near})"


def _prose(canvas: Canvas, text: str, width: int) -> str:
    """Text of more than one line; here a line feed is obeyed, since nothing stands below it."""
    lines = text.rstrip().replace("\r\n", "\n").expandtabs(4).split("\n")
    return "\n".join(canvas.fold(canvas.safe(line), width) for line in lines)


def _column(cell: Cell, width: int) -> Grid:
    return Grid([Column("", width)], [[cell]])


def _pairs(canvas: Canvas, pairs: list[tuple[str, Cell]], width: int) -> Grid:
    keys = max(cell_len(key) for key, _ in pairs)
    room = width - keys - 2
    rows = [
        [Cell(key, "dim"), cell._replace(text=canvas.fold(cell.text, room))] for key, cell in pairs
    ]
    return Grid([Column("", keys), Column("", room)], rows)
