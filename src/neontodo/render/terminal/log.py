"""The change log in words: when, which task, what happened to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid
from neontodo.render.text import local_time

if TYPE_CHECKING:
    from neontodo.streams import Streams
    from neontodo.tasks.results import LogEntry

TITLES_FROM = 60
"""Columns from which on a task's title stands beside its number."""

MACHINES_FROM = 80
"""Columns from which on the machines are told apart, if there are several."""

VALUE_WIDTH = 60
LINES = 3

_KINDS = {"create": "created", "delete": "removed"}
_STYLES = {"create": "green", "delete": "red"}


def draw_log(
    entries: Sequence[LogEntry], *, streams: Streams, tz: tzinfo, is_asked: bool = False
) -> None:
    """Draw the changes; those of one command stand together, below one time.

    Of one task that was asked for it is not said again which one it is.
    """
    canvas = Canvas(streams)
    cells = {
        "when": _times(entries, tz),
        "#": [Cell("" if entry.number is None else str(entry.number)) for entry in entries],
        "task": [Cell(canvas.safe(entry.title)) for entry in entries],
        "machine": [Cell(canvas.safe(entry.machine), "dim") for entry in entries],
        "what": _events(canvas, entries, tz),
    }
    if is_asked and len({entry.task_id for entry in entries}) == 1:
        del cells["#"], cells["task"]
    elif canvas.width < TITLES_FROM:
        del cells["task"]
    if len({entry.machine for entry in entries}) == 1 or canvas.width < MACHINES_FROM:
        del cells["machine"]
    canvas.draw(_grid(canvas, cells))


def _grid(canvas: Canvas, cells: dict[str, list[Cell]]) -> Grid:
    widths = {name: max(len(name), *map(_width, column)) for name, column in cells.items()}
    gap = 2
    for name in ("task", "machine"):
        if name in widths:
            widths[name] = min(widths[name], canvas.width // 4)
    used = sum(width + gap for name, width in widths.items() if name != "what")
    widths["what"] = min(widths["what"], canvas.width - used)
    columns = [Column(name, width, right=name == "#") for name, width in widths.items()]
    fitted = [
        [_fitted(canvas, name, cell, widths[name]) for cell in column]
        for name, column in cells.items()
    ]
    return Grid(columns, list(zip(*fitted, strict=True)), gap=gap, rule=canvas.symbols.rule)


def _fitted(canvas: Canvas, name: str, cell: Cell, width: int) -> Cell:
    if name != "what":
        return cell._replace(text=canvas.crop(cell.text, width))
    lines = [canvas.fold(line, width, lines=LINES) for line in cell.text.split("\n")]
    return cell._replace(text="\n".join(lines))


def _width(cell: Cell) -> int:
    return max(map(cell_len, cell.text.split("\n")))


def _times(entries: Sequence[LogEntry], tz: tzinfo) -> list[Cell]:
    times = []
    command = None
    for entry in entries:
        times.append(Cell("" if entry.command_id == command else local_time(entry.at, tz), "dim"))
        command = entry.command_id
    return times


def _events(canvas: Canvas, entries: Sequence[LogEntry], tz: tzinfo) -> list[Cell]:
    events = []
    for entry in entries:
        text = _KINDS.get(entry.kind) or "\n".join(_updates(canvas, entry, tz)) or "changed"
        if entry.reverts:
            text = "brought back" if entry.kind == "create" else text
            text = f"{'redo' if entry.redo else 'undo'}: {text}"
        events.append(Cell(text, _STYLES.get(entry.kind, "")))
    return events


def _updates(canvas: Canvas, entry: LogEntry, tz: tzinfo) -> Iterator[str]:
    before, after = entry.before or {}, entry.after or {}
    if "completed" in after:
        yield "completed" if after["completed"] else "reopened"
    for name in ("title", "project", "description"):
        if name in after:
            yield _change(canvas, name, before.get(name), after[name])
    if "due" in after:
        yield _change(canvas, "due", _due(before.get("due"), tz), _due(after["due"], tz))
    if "priority" in after:
        yield _change(canvas, "priority", before.get("priority"), after["priority"])
    if "tags" in after:
        yield canvas.safe(" ".join(_tags(after["tags"])))
    if "extra" in after:
        yield "extra changed"


def _change(canvas: Canvas, name: str, old: str | None, new: str | None) -> str:
    shown = [canvas.crop(canvas.safe(value or "none"), VALUE_WIDTH) for value in (old, new)]
    return f"{name}: {f' {canvas.symbols.arrow} '.join(shown)}"


def _tags(change: dict[str, list[str]]) -> list[str]:
    return [f"+{tag}" for tag in change["added"]] + [f"-{tag}" for tag in change["removed"]]


def _due(text: str | None, tz: tzinfo) -> str | None:
    """A day as it is, an instant where the user is."""
    return local_time(datetime.fromisoformat(text), tz) if text and "T" in text else text
