"""`json`: one array of tasks as `--json` prints them, complete both ways.

Written as `[`, one object per line with commas between, `]`; an empty list is `[]`. Every line is
`json.dumps` of the documented fields, so the text is ASCII and equal to `list --all --json`. Read
are arrays, or objects one after the other; every field but `title` may be missing, and a title or
description that is too long is cut, its full text kept in `extra`. Control characters may stand in
a text as they are. Where records are lines, a broken one does not hide those after it.

The values are read one by one with a streaming reader over the standard library's scanner, because
yajl (behind ijson) turns lone surrogates into `?` without a word, gives up a whole file at `NaN` or
`1e400`, and knows no line numbers; it is also the slower of the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, BinaryIO, TextIO

from neontodo.errors import BadValue
from neontodo.formats.record import build_record, open_text
from neontodo.models import Record, TaskPublic

_CHUNK = 1 << 16
_LARGEST = 1 << 22
_LONGEST_WORD = len(r"\ud83d\ude00")
_BLANKS = (" ", "\t", "\r", "\n", "\ufeff")
"""A byte order mark is found between files that were put one behind the other."""
_scan = json.JSONDecoder(strict=False).raw_decode
# Python refuses to read integers of thousands of digits; as floats they become infinite.
_scan_huge = json.JSONDecoder(strict=False, parse_int=float).raw_decode
_NEXT_LINE = re.compile(r"\n([ \t]*),?([ \t]*)(?=\{)")
_REST = re.compile(r"\s*\Z")
_ALONE = re.compile(r"\{\s*\n")


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per object.

    Raises:
        BadValue: it is a board of another program, and no list of tasks.
    """

    def build(where: str, raw: Any) -> Record:
        if isinstance(raw, dict) and {"cards", "lists"} <= raw.keys():
            raise BadValue(
                "this is a board of Trello's, which todo cannot read yet: nothing was imported"
            )
        return build_record(where, raw, "json", tz=tz, now=now)

    return read_objects(stream, build)


def read_objects(stream: BinaryIO, build: Callable[[str, Any], Record]) -> Iterator[Record]:
    """Yield what `build` makes of each value and its place, and where the text is broken."""
    with open_text(stream) as text:
        for where, raw in read_values(text):
            if isinstance(raw, BrokenJson):
                yield Record(where, problem=str(raw), hides_others=raw.is_last)
            else:
                yield build(where, raw)


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
    """The text is not JSON in this `line`; if `is_last`, nothing after it can be read."""

    def __init__(self, reason: str, line: int, *, at_end: bool = False):
        super().__init__(reason)
        self.line = line
        self.at_end = at_end
        self.is_last = False


def read_values(text: TextIO) -> Iterator[tuple[str, Any]]:
    """Yield the places and values of an array or a stream; BrokenJson where a value is none."""
    source = _Source(text)
    count = 0
    try:
        for count, value in _read_values(source):
            yield source.describe_place(count), value
    except BrokenJson as error:
        error.is_last = True
        yield f"record {count + 1} and everything after it, from line {error.line}", error


def _read_values(source: _Source) -> Iterator[tuple[int, Any]]:
    """Yield numbered values, BrokenJson for a line that is none; raise it if nothing can follow."""
    array = source.peek() == "["
    if array:
        source.skip()
    count = 0
    while mark := source.peek():
        if array and mark == "]":
            source.skip()
            if source.peek():
                raise BrokenJson("the array was closed before it", source.line)
            return
        if count and mark == ",":
            source.skip()
            source.peek()
        elif count and array and not source.is_at_line_start:
            raise BrokenJson("a comma is missing before it", source.line)
        count += 1
        try:
            value = source.read_value()
        except BrokenJson as error:
            if not source.skip_line(error, array=array, is_first=count == 1):
                raise
            value = error
        yield count, value
    if array:
        raise BrokenJson("the file ends before the closing `]`", source.line)


class _Source:
    """A window of the text, the line of its position, and those of the value read last.

    `_indent` is the white space that the line begins with, while nothing else has been read of it.
    """

    def __init__(self, text: TextIO):
        self._text = text
        self._window = ""
        self._at = 0
        self._ended = False
        self._indent: str | None = ""
        self._has_lines = True
        self._first_line = self._last_line = 1
        self.line = 1

    @property
    def is_at_line_start(self) -> bool:
        """Whether there is no value on the line before this place."""
        return self._indent is not None

    def describe_place(self, count: int) -> str:
        """Return a person's words for where the value is that was read last."""
        first, last = self._first_line, self._last_line
        lines = f"line {first}" if first == last else f"lines {first}–{last}"
        return f"record {count}, {lines}"

    def peek(self) -> str:
        """Return the first character after white space; empty at the end."""
        while True:
            while (character := self._window[self._at : self._at + 1]) in _BLANKS:
                if character == "\n":
                    self.line += 1
                    self._indent = ""
                elif self._indent is not None:
                    self._indent += character
                self._at += 1
            if character or not self._read_more():
                return character

    def skip(self) -> None:
        """Skip one character."""
        self._at += 1

    def read_value(self) -> Any:
        """Return the JSON value that begins here; BrokenJson, and stay, if it is none."""
        self._first_line = self._last_line = self.line
        while True:
            try:
                found, end = self._scan()
            except RecursionError:
                raise BrokenJson("is nested too deeply", self.line) from None
            except json.JSONDecodeError as error:
                # Perhaps only the window ends too early.
                is_too_large = len(self._window) - self._at > _LARGEST
                if self._is_inside(error) or is_too_large or not self._read_more():
                    raise self._explain(error) from None
                continue
            # A number at the very end of the window may go on behind it.
            if end < len(self._window) or not self._read_more():
                self.line += self._window.count("\n", self._at, end)
                self._at = end
                self._has_lines = self._has_lines and self.is_at_line_start
                self._indent = None
                return found

    def skip_line(self, error: BrokenJson, *, array: bool, is_first: bool) -> bool:
        """Leave a broken value behind if it is a line among lines; return whether it is.

        The next one begins as it does, at the start of a line that is indented as far: a value
        inside a value that has several lines is indented further.
        """
        if not self._has_lines or self._indent is None or _ALONE.match(self._window, self._at):
            return False
        while True:
            for found in _NEXT_LINE.finditer(self._window, self._at):
                if found[1] + found[2] == self._indent:
                    return self._move_to(found.end())
            if len(self._window) - self._at > _LARGEST or not self._read_more():
                break
        if not self._ended or is_first or error.at_end:
            return False
        rest = self._window.rstrip()
        if array:
            return rest.endswith("]") and self._move_to(len(rest) - 1)
        return self._move_to(len(self._window))

    def _move_to(self, at: int) -> bool:
        skipped = self._window[self._at : at]
        self.line += skipped.count("\n")
        self._last_line = self._first_line + skipped.rstrip(" \t\r\n,").count("\n")
        self._at = at
        return True

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

    def _is_inside(self, error: json.JSONDecodeError) -> bool:
        """Return whether an error would be the same if the window went on."""
        is_open = error.msg.startswith("Unterminated")
        return not is_open and len(self._window) - error.pos > _LONGEST_WORD

    def _explain(self, error: json.JSONDecodeError) -> BrokenJson:
        line = self.line + self._window.count("\n", self._at, error.pos)
        reason = f"broken JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        is_open = error.msg.startswith("Unterminated") or _REST.match(self._window, error.pos)
        if is_open:
            size = f"is larger than {_LARGEST >> 20} MB"
            reason = "the file ends inside it" if self._ended else size
        return BrokenJson(reason, line, at_end=bool(is_open) and self._ended)
