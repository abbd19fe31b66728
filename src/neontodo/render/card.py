"""One task in full: a card, key and value lines, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from neontodo.render.listing import print_pairs
from neontodo.render.tasks import PRIORITIES, PRIORITY_STYLES, due_style, find_coming_start
from neontodo.render.text import local_time

if TYPE_CHECKING:
    from neontodo.models import TaskPublic, When
    from neontodo.render.listing import Output
    from neontodo.render.table import Canvas, Cell

ID_ROOM = 60
"""Columns from which on the whole id is shown; its start names the task just as well."""
KEY_WIDTH, EXTRA_WIDTH = 17, 400
"""Columns for name and text of each value that was imported and has no field of its own."""


def print_task(output: Output, task: TaskPublic) -> None:
    """Print everything that is known of the task."""
    if output.mode == "table":
        _draw(output, task)
    elif output.mode == "quiet":
        output.streams.out.write(f"{task.number}\n")
    else:
        print_pairs(output, task.to_json(), shown=())


def list_notes(task: TaskPublic, tz: tzinfo) -> list[tuple[str, str]]:
    """Return the time and the whole text of each note, unescaped."""
    return [
        (local_time(datetime.fromisoformat(note["at"]), tz), note["text"])
        for note in task.list_whole_notes()
    ]


def _draw(output: Output, task: TaskPublic) -> None:
    """Draw what is known of the task, texts that were cut whole; what it lacks is left out."""
    from neontodo.render.table import CARD_WIDTH, Canvas, Cell, draw_pairs

    canvas = Canvas(output.streams)
    width = min(canvas.width, CARD_WIDTH)
    title = canvas.fold(canvas.safe(task.whole_title.strip()), width)
    canvas.draw(Cell(title, "bold dim strike" if task.completed else "bold"), "")
    draw_pairs(canvas, [*_fields(output, canvas, task)], width)
    if description := (task.description or "").strip("\r\n"):
        canvas.draw("", Cell(_prose(canvas, description, width)))
    if notes := list_notes(task, output.tz):
        canvas.draw("")
        digits = len(str(len(notes)))
        names = [f"{number:>{digits}}  {when}" for number, (when, _) in enumerate(notes, 1)]
        room = width - len(names[0]) - 2
        texts = [Cell(_prose(canvas, text, room)) for _, text in notes]
        draw_pairs(canvas, [*zip(names, texts, strict=True)], width)


def _fields(output: Output, canvas: Canvas, task: TaskPublic) -> Iterator[tuple[str | Cell, Cell]]:
    from neontodo.render.table import Cell
    from neontodo.tasks.dates import describe_when

    tz = output.tz
    yield "number", Cell(str(task.number))
    is_done = Cell(f"{canvas.symbols.done} done", "green")
    if (start := find_coming_start(output, task)) is not None:
        yield "status", Cell(f"waiting until {describe_when(start, now=output.now, tz=tz)}")
    else:
        yield "status", is_done if task.completed else Cell("pending")
    if task.due is not None:
        yield "due", Cell(_when(task.due, output.now, tz), due_style(output, task))
    if task.start is not None:
        yield "start", Cell(_when(task.start, output.now, tz))
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
        yield "done", Cell(local_time(task.completed_at, tz))
    yield "id", Cell(str(task.id) if canvas.width >= ID_ROOM else str(task.id)[:8])
    for key, value in (task.extra or {}).items():
        is_shown = key == "notes" or (key == "title" and task.whole_title != task.title)
        if not is_shown:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            name = canvas.crop(canvas.safe(f"extra.{key}"), KEY_WIDTH)
            yield name, Cell(canvas.crop(canvas.safe(text), EXTRA_WIDTH), "dim")


def _when(when: When, now: datetime, tz: tzinfo) -> str:
    """The day or instant, and how far away it is."""
    from neontodo.tasks.dates import describe_when, local_day

    day: date = local_day(when, tz) if isinstance(when, datetime) else when
    absolute = local_time(when, tz) if isinstance(when, datetime) else when.isoformat()
    days = (day - local_day(now, tz)).days
    near = describe_when(day, now=now, tz=tz)
    if near == day.isoformat():
        near = f"in {days} days" if days > 0 else f"{-days} days ago"
    return f"{absolute} ({near})"


def _prose(canvas: Canvas, text: str, width: int) -> str:
    """Text of more than one line; here a line feed is obeyed, since nothing stands below it."""
    lines = text.rstrip().replace("\r\n", "\n").expandtabs(4).split("\n")
    return "\n".join(canvas.fold(canvas.safe(line), width) for line in lines)
