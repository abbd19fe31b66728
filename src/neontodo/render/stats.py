"""How much is open and done: a small chart, key and value lines, or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams
    from neontodo.tasks.results import Stats


def print_stats(stats: Stats, *, streams: Streams, mode: Mode) -> None:
    """Print the counts; done per day is a chart on a terminal."""
    if mode == "table":
        from neontodo.render.terminal.stats import draw_stats

        draw_stats(stats, streams=streams)
    elif mode == "json":
        streams.out.write(json.dumps(stats_json(stats), indent=2) + "\n")
    else:
        streams.out.write("".join(f"{key}\t{count}\n" for key, count in _flat(stats_json(stats))))


def stats_json(stats: Stats) -> dict[str, Any]:
    """The documented fields in their documented order."""
    return {
        "pending": stats.pending,
        "overdue": stats.overdue,
        "due_today": stats.due_today,
        "done": stats.done,
        "by_priority": dict(stats.by_priority),
        "done_per_day": {day.isoformat(): count for day, count in stats.done_per_day},
    }


def _flat(counts: dict[str, Any], prefix: str = "") -> list[tuple[str, int]]:
    """The counts by their path, such as `by_priority.high`."""
    flat: list[tuple[str, int]] = []
    for key, value in counts.items():
        flat += _flat(value, f"{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return flat
