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
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, BinaryIO, TextIO

from neontodo.formats import json_record
from neontodo.formats.record import Record, open_text
from neontodo.models import TaskPublic

_CHUNK = 1 << 16
_LARGEST = 1 << 22
_scan = json.JSONDecoder().raw_decode
# Python refuses to read integers of thousands of digits; as floats they become infinite.
_scan_huge = json.JSONDecoder(parse_int=float).raw_decode


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per object."""
    with open_text(stream) as text:
        try:
            for where, raw in read_values(text):
                yield json_record.build_record(where, raw, "json", tz=tz, now=now)
        except BrokenJson as error:
            yield Record(error.where, problem=str(error))


def write(tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]:
    """Yield an array, one line per task; instants are in UTC, whatever `tz` is."""
    opening = "[\n"
    for task in tasks:
        yield opening + json.dumps(task.to_json())
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


class BrokenJson(ValueError):
    """The text is not JSON from `where` on, so nothing after it can be read."""

    def __init__(self, where: str, reason: str):
        super().__init__(reason)
        self.where = where


def read_values(text: TextIO) -> Iterator[tuple[str, Any]]:
    """Yield each value of an array, or of values one after the other (commas between are fine).

    Raises:
        BrokenJson: where the text stops being JSON.
    """
    source = _Source(text)
    array = source.peek() == "["
    if array:
        source.skip()
    count = 0
    while mark := source.peek():
        if array and mark == "]":
            return _require_end(source, count)
        if count and mark == ",":
            source.skip()
            source.peek()
        elif count and array:
            raise BrokenJson(_describe_place(count, source.line), "a comma is missing after it")
        count += 1
        yield _describe_place(count, source.line), source.read_value(count)
    if array:
        raise BrokenJson(f"line {source.line}", "the file ends before the closing `]`")


def _require_end(source: _Source, count: int) -> None:
    source.skip()
    if source.peek():
        raise BrokenJson(_describe_place(count + 1, source.line), "the array was closed before it")


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
            while self._at < len(self._window):
                character = self._window[self._at]
                if character not in " \t\r\n":
                    return character
                self.line += character == "\n"
                self._at += 1
            if not self._read_more():
                return ""

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
