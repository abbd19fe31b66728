"""Counts: of each tag or project, and of all tasks with a chart of what was done each day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neontodo.render.messages import say
from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.render.listing import Output
    from neontodo.tasks.results import Count, Stats


def print_counts(output: Output, counts: Sequence[Count], *, name: str) -> None:
    """Print the counts in their order; `name` says of what, as `tag`."""
    streams = output.streams
    if output.mode == "lines":
        safe_write(streams.out, "".join(map(_line, counts)))
    elif output.mode == "quiet":
        safe_write(streams.out, "".join(f"{field(count.name)}\n" for count in counts))
    elif output.mode == "json":
        streams.out.writelines(json_array(map(asdict, counts)))
    elif counts:
        from neontodo.render.terminal.counts import draw_counts

        draw_counts(counts, streams=streams, name=name)
    else:
        say(streams, f"no {name}s")


def _line(count: Count) -> str:
    return f"{field(count.name)}\t{count.pending}\t{count.done}\n"


def print_stats(output: Output, stats: Stats) -> None:
    """Print the counts; done per day is a chart on a terminal."""
    streams = output.streams
    if output.mode == "table":
        from neontodo.render.terminal.stats import draw_stats

        draw_stats(stats, streams=streams)
    elif output.mode == "json":
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
