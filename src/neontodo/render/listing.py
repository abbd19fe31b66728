"""The output of a command, chosen once, and the listings that are printed on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal

from neontodo.render.text import field, safe_write
from neontodo.streams import Streams

Mode = Literal["table", "lines", "json", "quiet"]
"""A table for a person, lines for a pipe, JSON on request, names only when quiet."""


@dataclass(frozen=True)
class Output:
    """Where and in which form a command prints its answer; `now` is when the command began.

    The zone is looked up when a time is first printed, since not every answer holds one.
    """

    streams: Streams
    mode: Mode
    now: datetime
    find_zone: Callable[[], tzinfo]

    @property
    def tz(self) -> tzinfo:
        """The user's own time zone."""
        return self.find_zone()


def print_pairs(
    output: Output, facts: Mapping[str, Any], *, shown: Sequence[tuple[str, str]]
) -> None:
    """Print facts with their names; on a terminal `shown`, which says the same for a person."""
    if output.mode == "json":
        output.streams.out.write(json.dumps(facts, indent=2) + "\n")
    elif output.mode == "table":
        from neontodo.render.terminal.pairs import draw_pairs

        draw_pairs(shown, streams=output.streams)
    else:
        lines = (f"{name}\t{field(_plain(value))}\n" for name, value in facts.items())
        safe_write(output.streams.out, "".join(lines))


def _plain(value: Any) -> str:
    """A JSON value as text: nothing for null, a list by commas, an object as compact JSON."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
