"""What Taskwarrior calls annotations: notes on a task, each with its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from neontodo.render.terminal.times import local_time

if TYPE_CHECKING:
    from neontodo.models import TaskPublic


def notes(task: TaskPublic, tz: tzinfo) -> list[tuple[str, str]]:
    """Time and text of each, unescaped; what has another shape is given as it is."""
    kept = (task.extra or {}).get("annotations") or []
    found = []
    for note in kept if isinstance(kept, list) else [kept]:
        known = note if isinstance(note, dict) else {"description": note}
        text = known.get("description", note)
        plain = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        found.append((_noted_at(known.get("entry"), tz), plain))
    return found


def _noted_at(entry: Any, tz: tzinfo) -> str:
    try:
        instant = datetime.fromisoformat(entry)
    except (TypeError, ValueError):
        return ""
    return local_time(instant if instant.tzinfo else instant.replace(tzinfo=UTC), tz)
