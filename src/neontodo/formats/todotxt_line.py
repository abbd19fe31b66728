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

from neontodo.models import PROJECT_MAX, TAG_MAX, Priority

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
        return self.letter or _first(self.words, priority_in) or ""

    @property
    def project(self) -> str | None:
        return _first(self.words, project_in)

    @property
    def tags(self) -> set[str]:
        return {tag for word in self.words if (tag := tag_in(word))}

    @property
    def due(self) -> str | None:
        return _first(self.words, due_in)


def parse(text: str) -> Line:
    """The parts of a line; the last word is always text."""
    words = text.split(" ")
    last = len(words) - 1
    at = 0
    if done := words[0] == "x" and last > 0:
        at = 1
    letter = _letter(words[at]) if at < last else ""
    at += bool(letter)
    first = _date(words[at]) if at < last else None
    at += first is not None
    second = _date(words[at]) if done and first and at < last else None
    at += second is not None
    return Line(done, letter, first if done else None, second if done else first, words[at:])


def is_mark(word: str) -> bool:
    """Whether a word says something of the task rather than being part of its text."""
    if word[:1] not in ("+", "@") and ":" not in word:
        return False
    if project_in(word) or tag_in(word) or due_in(word) or priority_in(word):
        return True
    key, _, value = word.partition(":")
    return key in _KEYS - {"due", "pri"} and bool(value) and ":" not in value


def project_in(word: str) -> str | None:
    """The project that a `+word` names."""
    name = word[1:] if word[:1] == "+" else ""
    return name if 0 < len(name) <= PROJECT_MAX and _is_one(name) else None


def tag_in(word: str) -> str | None:
    """The tag that an `@word` names; one that cannot be a tag here is text."""
    name = word[1:] if word[:1] == "@" else ""
    return name if 0 < len(name) <= TAG_MAX and "," not in name and _is_one(name) else None


def due_in(word: str) -> str | None:
    """The day of `due:2026-11-20`, as text."""
    return word[4:] if word[:4] == "due:" and _date(word[4:]) else None


def priority_in(word: str) -> str | None:
    """The letter of `pri:A`."""
    return word[4] if word[:4] == "pri:" and _letter(f"({word[4:]})") else None


def _first(words: list[str], meaning: Callable[[str], str | None]) -> str | None:
    return next((found for word in words if (found := meaning(word))), None)


def _is_one(name: str) -> bool:
    return name.split() == [name]


def _letter(word: str) -> str:
    is_priority = len(word) == 3 and word[0] == "(" and "A" <= word[1] <= "Z" and word[2] == ")"
    return word[1] if is_priority else ""


def _date(word: str) -> date | None:
    if len(word) != 10 or word[4] != "-" or word[7] != "-":
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None
