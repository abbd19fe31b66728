"""References to tasks as people type them: `12`, `3-5`, `3,7`, `a1b2`, a whole UUID, `@last`.

Only the text is read here; which tasks it names, the store says. Digits are always a number, so
the start of a UUID needs a letter and, not to be hit by accident, four characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from neontodo.errors import BadValue

NO_NUMBER = 2**53 + 1
"""Stands for every number that no task can have; small enough for a BIGINT."""

_EXAMPLES = "write a number (`12`), a range (`3-5`), several (`3,7`), a UUID (`a1b2…`) or `@last`"
_PREFIX_MIN = 4
_DASHES = (8, 13, 18, 23)


@dataclass(frozen=True)
class Number:
    """The task of that number; `text` is what was typed, which may be larger than any number."""

    text: str
    value: int


@dataclass(frozen=True)
class Range:
    """The existing tasks from one number to another, both included."""

    text: str
    first: int
    last: int


@dataclass(frozen=True)
class Prefix:
    """The tasks whose UUID lies between two, both included; the two are one for a whole UUID."""

    text: str
    low: UUID
    high: UUID


@dataclass(frozen=True)
class Last:
    """The task that this machine added or changed last."""

    text: str = "@last"


Ref = Number | Range | Prefix | Last


@dataclass(frozen=True)
class Refs:
    """References in the order typed, each once."""

    parts: tuple[Ref, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers given one by one, each once."""
        return tuple(dict.fromkeys(ref.value for ref in self.parts if isinstance(ref, Number)))


def parse_refs(words: Sequence[str]) -> Refs:
    """Return the references in words of a command line; BadValue names the word that is none."""
    parts = tuple(dict.fromkeys(_parse_ref(text) for word in words for text in _split_word(word)))
    if not parts:
        raise BadValue("no task was named", hint=_EXAMPLES)
    return Refs(parts)


def _split_word(word: str) -> Iterator[str]:
    """Yield the parts between commas; a comma at the end of a word is none, as in `3, 7`."""
    texts = [text.strip() for text in word.split(",")]
    if len(texts) > 1 and not texts[-1]:
        texts.pop()
    if not all(texts):
        raise _refuse_ref(word)
    yield from texts


def _parse_ref(text: str) -> Ref:
    lower = text.lower()
    if lower == "@last":
        return Last()
    if re.fullmatch("[0-9]+", text):
        return Number(text, parse_number(text))
    if prefix := parse_prefix(lower):
        return prefix
    if found := re.fullmatch("([0-9]+)-([0-9]+)", text):
        return _parse_range(text, found[1], found[2])
    raise _refuse_ref(text)


def parse_number(digits: str) -> int:
    """Return the number that digits stand for, NO_NUMBER for every one that no task can have."""
    digits = digits.lstrip("0") or "0"
    # Python refuses to read thousands of digits, so the length is asked first.
    return min(int(digits), NO_NUMBER) if len(digits) <= len(str(NO_NUMBER)) else NO_NUMBER


def _parse_range(text: str, first: str, last: str) -> Range:
    span = Range(text, parse_number(first), parse_number(last))
    if span.first > span.last:
        raise BadValue(
            f"the range `{text}` runs backwards",
            hint=f"write the smaller number first: `{last}-{first}`",
        )
    return span


def parse_prefix(text: str) -> Prefix | None:
    """Return a UUID or its start; None for what is neither, BadValue for a start too short."""
    digits = text.replace("-", "")
    whole = len(text) == 36
    if not re.fullmatch("[0-9a-f]{1,32}", digits) or not (whole or re.search("[a-f]", digits)):
        return None
    if "-" in text and any((char == "-") != (n in _DASHES) for n, char in enumerate(text)):
        return None
    if len(digits) < _PREFIX_MIN:
        raise BadValue(
            f"`{text}` is too short for the start of a UUID",
            hint=f"write at least {_PREFIX_MIN} characters of it, or the task's number",
        )
    return Prefix(text, UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))


def _refuse_ref(text: str) -> BadValue:
    return BadValue(f"`{text}` does not name a task", hint=_EXAMPLES)
