"""Help topics: Markdown of a few forms, laid out for the width of a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from neontodo.render.text import safe_write

if TYPE_CHECKING:
    from neontodo.streams import Streams

HELP_WIDTH = 80
"""Columns in which help is laid out, even where there are more."""

CODE = "    "
ITEM = "- "


def print_help_text(streams: Streams, text: str) -> None:
    """Print a text, folded to the width of the terminal."""
    safe_write(streams.out, "\n\n".join(_blocks(text, streams)) + "\n")


def _blocks(text: str, streams: Streams) -> Iterator[str]:
    width = min(streams.width, HELP_WIDTH)
    for block in text.strip("\n").split("\n\n"):
        if block.startswith("# "):
            title = block.removeprefix("# ")
            yield f"\x1b[1m{title}\x1b[0m" if streams.colour else title
        elif block.startswith(CODE):
            yield block
        else:
            yield "\n".join(_fold(part, width) for part in _parts(block))


def _parts(block: str) -> list[str]:
    """A paragraph, or the items of a list, each in one line."""
    parts: list[str] = []
    for line in block.splitlines():
        if line.startswith(ITEM) or not parts:
            parts.append(line)
        else:
            parts[-1] += f" {line.strip()}"
    return parts


def _fold(text: str, width: int) -> str:
    return textwrap.fill(
        text,
        width,
        subsequent_indent=" " * len(ITEM) if text.startswith(ITEM) else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
