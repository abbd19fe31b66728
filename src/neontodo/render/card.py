"""One task in full: a card, key and value lines, or one JSON object."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from neontodo.render.listing import print_pairs
from neontodo.render.text import local_time

if TYPE_CHECKING:
    from neontodo.models import TaskPublic
    from neontodo.render.listing import Output


def print_task(output: Output, task: TaskPublic) -> None:
    """Print everything that is known of the task."""
    if output.mode == "table":
        from neontodo.render.terminal.details import draw_card

        draw_card(task, streams=output.streams, now=output.now, tz=output.tz)
    elif output.mode == "quiet":
        output.streams.out.write(f"{task.number}\n")
    else:
        print_pairs(output, task.to_json(), shown=())


def list_annotations(task: TaskPublic, tz: tzinfo) -> list[tuple[str, str]]:
    """Return time and text of each note on the task, unescaped.

    The time is empty where it cannot be read.
    """
    stored = (task.extra or {}).get("annotations") or []
    return [(_entry_time(note.get("entry"), tz), note["description"]) for note in stored]


def _entry_time(entry: Any, tz: tzinfo) -> str:
    try:
        instant = datetime.fromisoformat(entry)
    except (TypeError, ValueError):
        return ""
    return local_time(instant if instant.tzinfo else instant.replace(tzinfo=UTC), tz)
