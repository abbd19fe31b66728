"""`json`: one array of tasks as `--json` prints them, complete both ways.

Written as `[`, one object per line with commas between, `]`; an empty list is `[]`. Every line is
`json.dumps` of the documented fields, so the text is ASCII and equal to `list --all --json`. Read
are arrays, or objects one after the other; every field but `title` may be missing, and a title or
description that is too long is cut, its full text kept in `extra`.

The values are read one by one with a streaming reader over the standard library's scanner, because
yajl (behind ijson) turns lone surrogates into `?` without a word, gives up a whole file at `NaN` or
`1e400`, and knows no line numbers; it is also the slower of the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, BinaryIO, TextIO

from neontodo.formats.record import build_record, open_text
from neontodo.models import Record, TaskPublic

_CHUNK = 1 << 16
_LARGEST = 1 << 22
_scan = json.JSONDecoder().raw_decode
# Python refuses to read integers of thousands of digits; as floats they become infinite.
_scan_huge = json.JSONDecoder(parse_int=float).raw_decode


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per object."""
    return read_objects(stream, lambda where, raw: build_record(where, raw, "json", tz=tz, now=now))


def read_objects(stream: BinaryIO, build: Callable[[str, Any], Record]) -> Iterator[Record]:
    """Yield what `build` makes of each value and its place, and where the text is broken."""
    with open_text(stream) as text:
        try:
            for where, raw in read_values(text):
                yield build(where, raw)
        except BrokenJson as error:
            yield Record(error.where, problem=str(error))


def write(tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]:
    """Yield an array, one line per task; instants are in UTC, whatever `tz` is."""
    return write_array((json.dumps(task.to_json()) for task in tasks), empty="[]\n")


def write_array(objects: Iterable[str], *, empty: str) -> Iterator[str]:
    """Yield an array with a line per object, or what stands for an empty one."""
    opening = "[\n"
    for each in objects:
        yield opening + each
        opening = ",\n"
    yield empty if opening == "[\n" else "\n]\n"


class BrokenJson(ValueError):
    """The text is not JSON from `where` on, so nothing after it can be read."""

    def __init__(self, where: str, reason: str):
        super().__init__(reason)
        self.where = where


def read_values(text: TextIO) -> Iterator[tuple[str, Any]]:
    """Yield the values of an array, or those of a stream; BrokenJson where the text is no JSON."""
    source = _Source(text)
    array = source.peek() == "["
    if array:
        source.skip()
    count = 0
    while mark := source.peek():
        if array and mark == "]":
            source.skip()
            if source.peek():
                where = _describe_place(count + 1, source.line)
                raise BrokenJson(where, "the array was closed before it")
            return
        if count and mark == ",":
            source.skip()
            source.peek()
        elif count and array:
            raise BrokenJson(_describe_place(count, source.line), "a comma is missing after it")
        count += 1
        yield _describe_place(count, source.line), source.read_value(count)
    if array:
        raise BrokenJson(f"line {source.line}", "the file ends before the closing `]`")


def _describe_place(count: int, line: int) -> str:
    return f"record {count}, line {line}"


class _Source:
    """A window of the text, and the line that its position is in."""

    def __init__(self, text: TextIO):
        self._text = text
        self._window = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def peek(self) -> str:
        """Return the first character after white space; empty at the end."""
        while True:
            while (character := self._window[self._at : self._at + 1]) in (" ", "\t", "\r", "\n"):
                self.line += character == "\n"
                self._at += 1
            if character or not self._read_more():
                return character

    def skip(self) -> None:
        """Skip one character."""
        self._at += 1

    def read_value(self, count: int) -> Any:
        """Read the JSON value that begins here."""
        while True:
            try:
                found, end = self._scan()
            except RecursionError:
                raise BrokenJson(
                    _describe_place(count, self.line), "is nested too deeply"
                ) from None
            except json.JSONDecodeError as error:
                # Perhaps only the window ends too early.
                if len(self._window) - self._at > _LARGEST or not self._read_more():
                    raise self._explain(count, error) from None
                continue
            # A number at the very end of the window may go on behind it.
            if end < len(self._window) or not self._read_more():
                self.line += self._window.count("\n", self._at, end)
                self._at = end
                return found

    def _scan(self) -> tuple[Any, int]:
        try:
            return _scan(self._window, self._at)
        except json.JSONDecodeError:
            raise
        except ValueError:
            return _scan_huge(self._window, self._at)

    def _read_more(self) -> bool:
        if self._ended:
            return False
        # As much again as there is keeps the scans of one large value linear in its size.
        fresh = self._text.read(max(_CHUNK, len(self._window) - self._at))
        if fresh:
            self._window, self._at = self._window[self._at :] + fresh, 0
        self._ended = not fresh
        return bool(fresh)

    def _explain(self, count: int, error: json.JSONDecodeError) -> BrokenJson:
        line = self.line + self._window.count("\n", self._at, error.pos)
        reason = f"broken JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        if error.msg.startswith("Unterminated") or not self._window[error.pos :].strip():
            size = f"is larger than {_LARGEST >> 20} MB"
            reason = "the file ends inside it" if self._ended else size
        return BrokenJson(_describe_place(count, line), reason)
