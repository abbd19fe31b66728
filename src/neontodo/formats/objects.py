"""JSON objects out of a text of any length, one by one, with the place of each.

A streaming reader over the standard library's scanner, because yajl (behind ijson) turns lone
surrogates into `?` without a word, gives up a whole file at `NaN` or `1e400`, and knows no line
numbers; it is also the slower of the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK = 1 << 16
_LARGEST = 1 << 22
_scan = json.JSONDecoder().raw_decode
# Python refuses to read integers of thousands of digits; as floats they become infinite.
_scan_huge = json.JSONDecoder(parse_int=float).raw_decode


class BrokenJson(ValueError):
    """The text is no JSON from `where` on, so nothing after it can be read."""

    def __init__(self, where: str, reason: str):
        super().__init__(reason)
        self.where = where


def objects(text: TextIO) -> Iterator[tuple[str, Any]]:
    """Each value of an array, or of values one after the other (commas between are fine).

    Raises BrokenJson where the text stops being JSON.
    """
    source = _Source(text)
    array = source.next() == "["
    if array:
        source.step()
    count = 0
    while mark := source.next():
        if array and mark == "]":
            return _finish(source, count)
        if count and mark == ",":
            source.step()
            source.next()
        elif count and array:
            raise BrokenJson(_where(count, source.line), "a comma is missing after it")
        count += 1
        yield _where(count, source.line), source.value(count)
    if array:
        raise BrokenJson(f"line {source.line}", "the file ends before the closing `]`")


def _finish(source: _Source, count: int) -> None:
    source.step()
    if source.next():
        raise BrokenJson(_where(count + 1, source.line), "the array was closed before it")


def _where(count: int, line: int) -> str:
    return f"record {count}, line {line}"


class _Source:
    """A window of the text, and the line that its position is in."""

    def __init__(self, text: TextIO):
        self._text = text
        self._window = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def next(self) -> str:
        """The first character after white space; empty at the end."""
        while True:
            while self._at < len(self._window):
                character = self._window[self._at]
                if character not in " \t\r\n":
                    return character
                self.line += character == "\n"
                self._at += 1
            if not self._more():
                return ""

    def step(self) -> None:
        """Go past one character."""
        self._at += 1

    def value(self, count: int) -> Any:
        """The JSON value that begins here."""
        while True:
            try:
                found, end = self._scan()
            except RecursionError:
                raise BrokenJson(_where(count, self.line), "is nested too deeply") from None
            except json.JSONDecodeError as error:
                # Perhaps only the window ends too early.
                if len(self._window) - self._at > _LARGEST or not self._more():
                    raise self._broken(count, error) from None
                continue
            # A number at the very end of the window may go on behind it.
            if end < len(self._window) or not self._more():
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

    def _more(self) -> bool:
        if self._ended:
            return False
        # As much again as there is keeps the scans of one large value linear in its size.
        fresh = self._text.read(max(_CHUNK, len(self._window) - self._at))
        if fresh:
            self._window, self._at = self._window[self._at :] + fresh, 0
        self._ended = not fresh
        return bool(fresh)

    def _broken(self, count: int, error: json.JSONDecodeError) -> BrokenJson:
        line = self.line + self._window.count("\n", self._at, error.pos)
        reason = f"broken JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        if error.msg.startswith("Unterminated") or not self._window[error.pos :].strip():
            size = f"is larger than {_LARGEST >> 20} MB"
            reason = "the file ends inside it" if self._ended else size
        return BrokenJson(_where(count, line), reason)
