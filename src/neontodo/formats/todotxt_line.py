"""One line of todo.txt in its parts, and what the parts mean.

x (A) 2026-11-20 2026-11-01 words of the text +project @context due:2026-12-01
│  │       │          └ created
│  │       └ completed (one date alone is this one if there is an `x`, else the other)
│  └ priority (most programs write `pri:A` instead once a task is completed)
└ completed
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from neontodo.fields import Priority
from neontodo.models import PROJECT_MAX, TAG_MAX

LETTERS = {Priority.HIGH: "A", Priority.MEDIUM: "B", Priority.LOW: "C"}
PRIORITIES = {letter: priority for priority, letter in LETTERS.items()}

_KEYS = {"due", "pri", "t", "rec", "h", "id", "uuid", "p", "dep", "wait"}
"""The keys of `key:value` words that other programs are known to add to a text."""


@dataclass(slots=True)
class Line:
    """The parts of a line; `str()` of them is the line again, character by character."""

    done: bool
    letter: str
    completed_on: date | None
    created_on: date | None
    words: list[str]

    def __str__(self) -> str:
        marks = ["x"] if self.done else []
        marks += [f"({self.letter})"] if self.letter else []
        marks += [day.isoformat() for day in (self.completed_on, self.created_on) if day]
        return " ".join(marks + self.words)

    @property
    def span(self) -> tuple[int, int]:
        """Where the title begins and ends in `words`: between the marks at both ends."""
        plain = [at for at, word in enumerate(self.words) if word and not is_mark(word)]
        return (plain[0], plain[-1] + 1) if plain else (0, 0)

    @property
    def title(self) -> str:
        """The text without the marks at its ends; all of it if it is marks only."""
        start, end = self.span
        return " ".join(self.words[start:end] if end else self.words)

    @property
    def priority(self) -> str:
        """The letter of the priority, wherever it stands; empty if there is none."""
        return self.letter or _read_first(self.words, read_priority) or ""

    @property
    def project(self) -> str | None:
        return _read_first(self.words, read_project)

    @property
    def tags(self) -> set[str]:
        return {tag for word in self.words if (tag := read_tag(word))}

    @property
    def due(self) -> str | None:
        return _read_first(self.words, read_due)


def parse_line(text: str) -> Line:
    """Return the parts of a line; the last word is always text."""
    words = text.split(" ")
    last = len(words) - 1
    at = 0
    if done := words[0] == "x" and last > 0:
        at = 1
    letter = _parse_letter(words[at]) if at < last else ""
    at += bool(letter)
    first = _parse_date(words[at]) if at < last else None
    at += first is not None
    second = _parse_date(words[at]) if done and first and at < last else None
    at += second is not None
    return Line(done, letter, first if done else None, second if done else first, words[at:])


def is_mark(word: str) -> bool:
    """Return whether a word says something of the task rather than being part of its text."""
    if word[:1] not in ("+", "@") and ":" not in word:
        return False
    if read_project(word) or read_tag(word) or read_due(word) or read_priority(word):
        return True
    key, _, value = word.partition(":")
    return key in _KEYS - {"due", "pri"} and bool(value) and ":" not in value


def read_project(word: str) -> str | None:
    """Return the project that a `+word` names."""
    name = word[1:] if word[:1] == "+" else ""
    return name if 0 < len(name) <= PROJECT_MAX and _is_one_word(name) else None


def read_tag(word: str) -> str | None:
    """Return the tag that an `@word` names, None if it cannot be a tag here."""
    name = word[1:] if word[:1] == "@" else ""
    return name if 0 < len(name) <= TAG_MAX and "," not in name and _is_one_word(name) else None


def read_due(word: str) -> str | None:
    """Return the day of `due:2026-11-20`, as text."""
    return word[4:] if word[:4] == "due:" and _parse_date(word[4:]) else None


def read_priority(word: str) -> str | None:
    """Return the letter of `pri:A`."""
    return word[4] if word[:4] == "pri:" and _parse_letter(f"({word[4:]})") else None


def _read_first(words: list[str], meaning: Callable[[str], str | None]) -> str | None:
    return next((found for word in words if (found := meaning(word))), None)


def _is_one_word(name: str) -> bool:
    return name.split() == [name]


def _parse_letter(word: str) -> str:
    is_priority = len(word) == 3 and word[0] == "(" and "A" <= word[1] <= "Z" and word[2] == ")"
    return word[1] if is_priority else ""


def _parse_date(word: str) -> date | None:
    if len(word) != 10 or word[4] != "-" or word[7] != "-":
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None
