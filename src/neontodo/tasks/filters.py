"""What a list may be narrowed to and sorted by, and how people write it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from neontodo.errors import BadValue
from neontodo.models import Priority
from neontodo.tasks.dates import local_day, parse_day

SORT_KEYS = (
    "number", "title", "due", "priority", "project", "created", "updated", "completed",
)  # fmt: skip
DUE_WORDS = ("today", "overdue", "week", "none")

_WEEK = timedelta(days=6)
_ALIKE = 0.7


@dataclass(frozen=True)
class SortKey:
    """One key of an order; ascending priority is low to high."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class DueFilter:
    """Tasks by when they are due.

    Without `before`, a task matches if its day lies between `first` and `last`, both included. With
    `before`, one with a time of day matches if its instant lies before that, and one without if
    its day is `last` or earlier. With `absent`, only a task without a due date matches.
    """

    first: date | None = None
    last: date | None = None
    before: datetime | None = None
    absent: bool = False


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks of a user, in which order, and which part of them.

    `completed` is False for pending tasks and None for all; an empty project is that of tasks
    without one. Every tag and every word must be there; words are folded (`folding.query_words`).
    No sort means the default order, or by rank where there are words.
    """

    completed: bool | None = False
    project: str | None = None
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    due: DueFilter | None = None
    words: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    offset: int = 0


def parse_due_filter(text: str, *, now: datetime, tz: tzinfo) -> DueFilter:
    """Of `overdue`, `week` (today and the six days after it), `none`, or any one day."""
    today = local_day(now, tz)
    match text.strip().lower():
        case "overdue":
            return DueFilter(last=today - timedelta(days=1), before=now)
        case "week":
            return DueFilter(first=today, last=today + _WEEK)
        case "none":
            return DueFilter(absent=True)
        case word:
            day = _day(word, now, tz)
            return DueFilter(first=day, last=day)


def parse_project(text: str) -> str:
    """The name of a project; empty for `none`."""
    return "" if text.strip() == "none" else text.strip()


def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Of `KEY[,KEY]`, where `-KEY` is descending."""
    keys = tuple(_sort_key(part.strip().lower()) for part in text.split(","))
    names = [key.name for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise BadValue(f"the sort key `{name}` is given twice", hint="give each key once")
    return keys


def parse_priority(text: str) -> Priority:
    """Of a priority's name or the start of it, such as `h`."""
    start = text.strip().lower()
    found = [priority for priority in Priority if start and priority.label.startswith(start)]
    if len(found) == 1:
        return found[0]
    choices = _quoted(priority.label for priority in Priority)
    raise BadValue(f"`{text}` is not a priority", hint=f"choose one of {choices}")


def _sort_key(text: str) -> SortKey:
    name = text.removeprefix("-")
    if name not in SORT_KEYS:
        raise BadValue(f"`{text}` is not a sort key", hint=f"choose from {_quoted(SORT_KEYS)}")
    return SortKey(name, descending=text.startswith("-"))


def _day(text: str, now: datetime, tz: tzinfo) -> date:
    try:
        return parse_day(text, now=now, tz=tz)
    except BadValue as refusal:
        import difflib

        near = difflib.get_close_matches(text[:20], DUE_WORDS, 1, _ALIKE)
        if near:
            raise BadValue(refusal.message, hint=f"did you mean `{near[0]}`?") from None
        raise


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
