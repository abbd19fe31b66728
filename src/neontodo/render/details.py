"""One task in full: a card, key and value lines, or one JSON object."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from neontodo.render.text import field, safe_write

if TYPE_CHECKING:
    from neontodo.models import TaskPublic
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams


def print_task(
    task: TaskPublic, *, streams: Streams, mode: Mode, now: datetime, tz: tzinfo
) -> None:
    """Print everything that is known of the task."""
    if mode == "table":
        from neontodo.render.terminal.details import draw_card

        draw_card(task, streams=streams, now=now, tz=tz)
    elif mode == "lines":
        pairs = task.to_json().items()
        safe_write(streams.out, "".join(f"{key}\t{field(_plain(value))}\n" for key, value in pairs))
    elif mode == "json":
        streams.out.write(json.dumps(task.to_json(), indent=2) + "\n")
    else:
        streams.out.write(f"{task.number}\n")


def _plain(value: Any) -> str:
    """A JSON value as text: nothing for null, a list by commas, an object as compact JSON."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
