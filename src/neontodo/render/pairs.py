"""Facts with names: two columns, key and value lines, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neontodo.render.text import field, safe_write

if TYPE_CHECKING:
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams


def print_pairs(
    facts: Mapping[str, Any],
    *,
    streams: Streams,
    mode: Mode,
    shown: Sequence[tuple[str, str]],
) -> None:
    """Print the facts; on a terminal `shown`, which says the same for a person."""
    if mode == "json":
        streams.out.write(json.dumps(facts, indent=2) + "\n")
    elif mode == "table":
        from neontodo.render.terminal.pairs import draw_pairs

        draw_pairs(shown, streams=streams)
    else:
        lines = (f"{name}\t{field(_plain(value))}\n" for name, value in facts.items())
        safe_write(streams.out, "".join(lines))


def _plain(value: Any) -> str:
    """A JSON value as text: nothing for null, a list by commas, an object as compact JSON."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
