"""What Taskwarrior calls annotations: notes on a task, each with its time."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from neontodo.render.terminal.times import local_time

if TYPE_CHECKING:
    from neontodo.models import TaskPublic


def notes(task: TaskPublic, tz: tzinfo) -> list[tuple[str, str]]:
    """Time and text of each, unescaped; the time is empty where it cannot be read."""
    kept = (task.extra or {}).get("annotations") or []
    return [(_noted_at(note.get("entry"), tz), note["description"]) for note in kept]


def _noted_at(entry: Any, tz: tzinfo) -> str:
    try:
        instant = datetime.fromisoformat(entry)
    except (TypeError, ValueError):
        return ""
    return local_time(instant if instant.tzinfo else instant.replace(tzinfo=UTC), tz)
