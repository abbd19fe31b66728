"""Reads and writes tasks in files of several formats, streaming both ways.

Every reader yields one `Record` per task of its input. Because of what the input holds it raises
nothing but BadValue, where it can read nothing of it at all. Every writer yields pieces of text as
its tasks come.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.models import Record, TaskPublic

_MODULES = {
    "json": "json_array",
    "csv": "csv_table",
    "todotxt": "todotxt",
    "taskwarrior": "taskwarrior",
}
FORMATS = tuple(_MODULES)

_SUFFIXES = {".json": "json", ".csv": "csv", ".txt": "todotxt", ".todo": "todotxt"}
_TASKWARRIORS = {"description", "status", "modified", "notes"}
"""The names of fields that Taskwarrior uses, and that are not ours."""
_KEY = re.compile(r'"(\w+)"\s*:')


class Format(Protocol):
    """What the module of each format offers."""

    def read(self, stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]: ...

    def write(self, tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]: ...


def read(stream: BinaryIO, format: str, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield the records of `stream`; the stream is read ahead of them, and left open.

    `tz` is where days without a time of day begin; `now` is when a task was completed whose
    record has no instant at all.
    """
    yield from _import_codec(format).read(stream, tz=tz, now=now)


def write(
    tasks: Iterable[TaskPublic], format: str, *, tz: tzinfo, for_spreadsheet: bool = False
) -> Iterator[str]:
    """Yield the text of a file with these tasks, to be encoded as UTF-8 with newlines as they are.

    `for_spreadsheet`, which only `csv` knows, keeps a spreadsheet from running a text as a formula.
    """
    if for_spreadsheet:
        from neontodo.formats import csv_table

        yield from csv_table.write(tasks, tz=tz, for_spreadsheet=True)
    else:
        yield from _import_codec(format).write(tasks, tz=tz)


def _import_codec(format: str) -> Format:
    if format not in _MODULES:
        raise BadValue(
            f"`{format}` is not a known format", hint=f"it is one of {', '.join(FORMATS)}"
        )
    # The models behind these modules are heavy, and option choices need none of it.
    return cast(Format, import_module(f"neontodo.formats.{_MODULES[format]}"))


def find_format_by_name(path: str | PurePath) -> str | None:
    """Return the format that the name's extension stands for, if any."""
    return _SUFFIXES.get(PurePath(path).suffix.lower())


def detect(path: str | PurePath | None, head: bytes) -> str | None:
    """Return the format of a file that begins with `head` (some kilobytes), None if unknown.

    `.csv`, `.txt` and `.todo` decide it. In `.json` and in files of any other name, JSON objects
    with a `description` and `entry`, `uuid` or `status`, but no `title` and nothing that other
    programs have, are Taskwarrior's; other JSON objects are ours.
    """
    named = find_format_by_name(path) if path is not None else None
    return named if named not in (None, "json") else _detect_json(head) or named


def _detect_json(head: bytes) -> str | None:
    encoding = "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    text = head.decode(encoding, "ignore").lstrip()
    text, array = text.removeprefix("["), text[:1] == "["
    text = text.lstrip()
    if not text.startswith("{"):
        return "json" if array and text.rstrip() in ("", "]") else None
    keys = _read_first_keys(text)
    return "taskwarrior" if _is_taskwarriors(keys) else "json"


def _is_taskwarriors(keys: set[str]) -> bool:
    from neontodo.formats.names import match_fields

    if "title" in keys or "description" not in keys:
        return False
    if {"entry", "uuid"} <= keys:
        return True
    # Other programs have a description and a status, too.
    fields = match_fields(tuple(sorted(keys)))
    others = {name for name in fields if name != fields[name]} - _TASKWARRIORS
    return bool(keys & {"entry", "uuid", "status"}) and not others


def _read_first_keys(text: str) -> set[str]:
    try:
        return set(json.JSONDecoder(strict=False).raw_decode(text)[0])
    except (ValueError, RecursionError):
        # The first object is longer than what was looked at.
        return set(_KEY.findall(text))
