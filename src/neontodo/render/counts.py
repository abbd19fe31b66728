"""Tags or projects with their counts: a table, tab-separated lines, JSON, or names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from neontodo.render.messages import say
from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams
    from neontodo.tasks.results import Count


def print_counts(counts: Sequence[Count], *, streams: Streams, mode: Mode, name: str) -> None:
    """Print the counts in their order; `name` says of what, as `tag`."""
    if mode == "lines":
        safe_write(streams.out, "".join(map(_line, counts)))
    elif mode == "quiet":
        safe_write(streams.out, "".join(f"{field(count.name)}\n" for count in counts))
    elif mode == "json":
        streams.out.writelines(json_array(map(asdict, counts)))
    elif counts:
        from neontodo.render.terminal.counts import draw_counts

        draw_counts(counts, streams=streams, name=name)
    else:
        say(streams, f"no {name}s")


def _line(count: Count) -> str:
    return f"{field(count.name)}\t{count.pending}\t{count.done}\n"
