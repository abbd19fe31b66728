"""Listings: things of one kind, printed as a table, tab-separated lines, JSON, or names.

A listing is declared once, with its columns and fields; `print_listing` prints every one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice
from typing import Any, Generic, Literal, TypeVar

from neontodo.render.messages import hint, say
from neontodo.render.text import format_field, json_array, safe_write
from neontodo.streams import Streams

T = TypeVar("T")

Mode = Literal["table", "lines", "json", "quiet"]
"""A table for a person, lines for a pipe, JSON on request, names only when quiet."""

ANY_WIDTH = 10**6

_CHUNK = 1000


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
    def is_paged(self) -> bool:
        """Whether it shows a part of what is long; a pipe gets all, as a table, too."""
        return self.mode == "table" and self.streams.out_is_terminal

    @property
    def tz(self) -> tzinfo:
        """The user's own time zone."""
        return self.find_zone()


@dataclass(frozen=True, eq=False)
class Column(Generic[T]):
    """A column of a table: what it shows of each thing, and how it gives way to the others.

    One that shows nothing at all is left out.

    Attributes:
        text: a line or several, as they are stored; the printer makes them safe.
        mark: a sign after the text, which is never cut off.
        is_main: it gets the room that the others leave; each table has one such column.
        rank: 0 stays; the others are left out where there is no room, the highest rank first.
        can_shrink: it may be cropped before it is left out.
        lines: how many lines one line of text may take; None for as many as it needs.
        widest: columns that it never exceeds.
    """

    head: str
    text: Callable[[T], str | Sequence[str]]
    style: str | Callable[[T], str] = ""
    mark: Callable[[T], str] | None = None
    is_number: bool = False
    is_main: bool = False
    rank: int = 0
    can_shrink: bool = False
    lines: int | None = 1
    widest: int = ANY_WIDTH


@dataclass(frozen=True)
class Listing(Generic[T]):
    """How things of one kind are listed.

    Attributes:
        to_fields: the fields of a thing's line in a pipe.
        name: what stands for the thing where only names are asked for.
        none_found: what a terminal says if there is nothing to list, with the `next_step`.
        gap: blanks between two columns.
        group: the heading that a thing of a table stands below, if it differs from the one before.
        height: lines of a table, more than which are not drawn; None for as many as it needs.
        foot: what stands below a table, by how many of the things are in it.
    """

    columns: Sequence[Column[T]]
    to_json: Callable[[T], Any]
    to_fields: Callable[[T], Iterable[Any]]
    name: Callable[[T], Any] = str
    none_found: str = ""
    next_step: str | None = None
    gap: int = 2
    group: Callable[[T], str] | None = None
    height: int | None = None
    foot: Callable[[int], str] = lambda shown: ""


def print_listing(output: Output, things: Iterable[T], listing: Listing[T]) -> None:
    """Print the things in their order."""
    if output.mode == "lines":
        _write(output, (_to_line(listing.to_fields(thing)) for thing in things))
    elif output.mode == "quiet":
        _write(output, (f"{format_field(str(listing.name(thing)))}\n" for thing in things))
    elif output.mode == "json":
        _write(output, json_array(map(listing.to_json, things)))
    elif listed := list(things):
        from neontodo.render.table import draw_listing

        draw_listing(output.streams, listing, listed)
    elif listing.none_found:
        say(output.streams, listing.none_found)
        if listing.next_step:
            hint(output.streams, listing.next_step)


def print_pairs(
    output: Output, facts: Mapping[str, Any], *, shown: Sequence[tuple[str, str]]
) -> None:
    """Print facts with their names; on a terminal `shown`, which says the same for a person."""
    if output.mode == "json":
        print_json(output, facts)
    elif output.mode == "lines":
        _write(output, map(_to_line, facts.items()))
    else:
        from neontodo.render.table import Canvas, Cell, draw_pairs

        canvas = Canvas(output.streams)
        draw_pairs(canvas, [(name, Cell(canvas.safe(value))) for name, value in shown])


def print_json(output: Output, value: Mapping[str, Any]) -> None:
    """Print one object as JSON."""
    output.streams.out.write(json.dumps(value, indent=2) + "\n")


def _write(output: Output, pieces: Iterable[str]) -> None:
    """Write the pieces some at a time, so that memory stays flat and writes stay few."""
    pieces = iter(pieces)
    while chunk := "".join(islice(pieces, _CHUNK)):
        safe_write(output.streams.out, chunk)


def _to_line(values: Iterable[Any]) -> str:
    texts = [value if isinstance(value, str) else _to_text(value) for value in values]
    whole = "".join(texts)
    # Most lines need no escapes, and a list may have 100,000 of them.
    if "\\" in whole or not (whole.isascii() and whole.isprintable()):
        texts = [format_field(text) for text in texts]
    return "\t".join(texts) + "\n"


_LISTS, _AS_JSON = (list, tuple), (bool, dict, list)
"""Built once: `list | tuple` would be built anew for each value."""


def _to_text(value: Any) -> str:
    """A JSON value as text: nothing for null, a list by commas, objects as compact JSON."""
    if value is None:
        return ""
    if isinstance(value, _LISTS) and not (value and isinstance(value[0], dict)):
        return ",".join(map(str, value))
    if isinstance(value, _AS_JSON):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
