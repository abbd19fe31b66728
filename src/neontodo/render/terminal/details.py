"""A task as a card: its title, its fields, its description and annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid
from neontodo.render.terminal.symbols import PRIORITIES
from neontodo.render.terminal.tasks import PRIORITY_STYLES, due_style
from neontodo.render.terminal.times import local_time
from neontodo.tasks.dates import describe_due

if TYPE_CHECKING:
    from neontodo.models import TaskPublic
    from neontodo.streams import Streams

READABLE = 100
"""Text wider than this many columns is hard to read."""

ALL_LINES = 10_000


def draw_card(task: TaskPublic, *, streams: Streams, now: datetime, tz: tzinfo) -> None:
    """Draw what is known of the task; what it lacks is left out."""
    canvas = Canvas(streams)
    title = _prose(canvas, task.title, canvas.width)
    canvas.draw(_column([Cell(title, "bold dim strike" if task.completed else "bold")]))
    fields = [*_fields(canvas, task, now, tz)]
    canvas.draw("", _pairs(canvas, fields, key_style="dim"))
    if task.description:
        canvas.draw("", _column([Cell(_prose(canvas, task.description, canvas.width))]))
    if notes := [*_annotations(canvas, task, tz)]:
        canvas.draw("", _pairs(canvas, notes, key_style="dim"))


def _fields(
    canvas: Canvas, task: TaskPublic, now: datetime, tz: tzinfo
) -> Iterator[tuple[str, Cell]]:
    yield "number", Cell(str(task.number))
    state = Cell(f"{canvas.symbols.done} done", "green") if task.completed else Cell("pending")
    yield "status", state
    if task.due is not None:
        yield "due", Cell(_due(task, now, tz), due_style(task, now=now, tz=tz))
    if task.priority:
        name = f"{PRIORITIES[task.priority]} {task.priority.label}"
        yield "priority", Cell(name, PRIORITY_STYLES[task.priority])
    if task.project:
        yield "project", Cell(canvas.safe(task.project), "magenta")
    if task.tags:
        yield "tags", Cell(canvas.safe(" ".join(task.tags)), "cyan")
    yield "created", Cell(local_time(task.created_at, tz))
    if task.updated_at != task.created_at:
        yield "updated", Cell(local_time(task.updated_at, tz))
    if task.completed_at:
        yield "completed", Cell(local_time(task.completed_at, tz))
    yield "id", Cell(str(task.id))
    for key, value in (task.extra or {}).items():
        if key != "annotations":
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield canvas.safe(key), Cell(canvas.safe(text), "dim")
