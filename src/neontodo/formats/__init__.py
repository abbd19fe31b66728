"""Text ⇄ tasks, streaming both ways; no store and no terminal is known here.

Every reader answers one `Record` per task of its input and never raises because of what the input
holds; every writer answers pieces of text as its tasks come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, BinaryIO, Protocol

from neontodo.errors import BadValue
from neontodo.formats.detection import FORMATS, detect, format_of
from neontodo.formats.record import Record

if TYPE_CHECKING:
    from neontodo.models import TaskPublic

__all__ = ["FORMATS", "Record", "detect", "format_of", "read", "write"]


class Format(Protocol):
    """What each module that is named like a format offers."""

    def read(self, stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]: ...

    def write(self, tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]: ...


def read(stream: BinaryIO, format: str, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """The records of `stream`, one by one; the stream is read ahead of them, and left open.

    `tz` is where days without a time of day begin; `now` is when a task was completed whose
    record has no instant at all.
    """
    yield from _codec(format).read(stream, tz=tz, now=now)


def write(
    tasks: Iterable[TaskPublic], format: str, *, tz: tzinfo, for_spreadsheet: bool = False
) -> Iterator[str]:
    """The text of a file with these tasks, in pieces; to be encoded as UTF-8, newlines as is.

    `for_spreadsheet`, which only `csv` knows, makes sure that none of it is run as a formula.
    """
    if for_spreadsheet:
        from neontodo.formats import csv_table

        yield from csv_table.write(tasks, tz=tz, for_spreadsheet=True)
    else:
        yield from _codec(format).write(tasks, tz=tz)


def _codec(format: str) -> Format:
    # The models behind these modules are heavy, and option choices need none of it.
    if format == "json":
        from neontodo.formats import json_array

        return json_array
    if format == "csv":
        from neontodo.formats import csv_table

        return csv_table
    if format == "todotxt":
        from neontodo.formats import todotxt

        return todotxt
    if format == "taskwarrior":
        from neontodo.formats import taskwarrior

        return taskwarrior
    raise BadValue(f"`{format}` is not a known format", hint=f"it is one of {', '.join(FORMATS)}")
