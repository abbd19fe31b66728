"""Which of the four forms an answer takes."""

from __future__ import annotations

from typing import Literal

from neontodo.streams import Streams

Mode = Literal["table", "lines", "json", "quiet"]
"""A table for a person, lines for a pipe, JSON on request, names only when quiet."""


def chosen(streams: Streams, *, json: bool = False, quiet: bool = False) -> Mode:
    """The form that was asked for, else what suits the other end of the output."""
    if json:
        return "json"
    if quiet:
        return "quiet"
    return "table" if streams.out_is_terminal else "lines"
