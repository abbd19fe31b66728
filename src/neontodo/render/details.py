"""One task in full: a card, key and value lines, or one JSON object."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from neontodo.render.pairs import print_pairs

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
    elif mode == "quiet":
        streams.out.write(f"{task.number}\n")
    else:
        print_pairs(task.to_json(), streams=streams, mode=mode, shown=())
