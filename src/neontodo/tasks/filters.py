"""What commands narrow tasks to, and how lists are sorted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from neontodo.errors import BadValue
from neontodo.fields import BY_NAME, PRIORITIES, SORT_KEYS, Field, Priority
from neontodo.wording import find_similar

Bound = date | datetime | int | None


@dataclass(frozen=True)
class SortKey:
    """One key of an order; `priority` is high to none, as `due` is what is due next to no due."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class IsEmpty:
    """Tasks whose field has nothing."""

    field: str


@dataclass(frozen=True)
class Equals:
    """Tasks whose field has this value in its column."""

    field: str
    value: str | int | bool


@dataclass(frozen=True)
class IsWithin:
    """Tasks whose project, say, is this one or below it: `work`, `work.api`, `work/api`."""

    field: str
    name: str


@dataclass(frozen=True)
class Includes:
    """Tasks that have a tag among those of a field."""

    field: str
    tag: str


@dataclass(frozen=True)
class Between:
    """Tasks whose field is between two values, both included; None leaves one side open.

    A time is bounded by days or by instants; `end` is then the first instant after it. Something
    that has only a day lasts until that day has ended.
    """

    field: str
    start: Bound = None
    end: Bound = None


@dataclass(frozen=True)
class IsAfter:
    """Tasks whose field is later than a moment where the user is; a day, than the moment's day."""

    field: str
    moment: datetime


@dataclass(frozen=True)
class Contains:
    """Tasks that have a folded text (`search_text.fold`) somewhere, or in the title."""

    text: str
    in_title: bool = False


@dataclass(frozen=True)
class IdBetween:
    """Tasks whose id is between two, both included."""

    low: UUID
    high: UUID


@dataclass(frozen=True)
class AllOf:
    """Tasks that meet every condition; without conditions, every task."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class AnyOf:
    """Tasks that meet one of the conditions."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """Tasks that do not meet a condition."""

    part: Condition


Condition = (
    IsEmpty
    | Equals
    | IsWithin
    | Includes
    | Between
    | IsAfter
    | Contains
    | IdBetween
    | AllOf
    | AnyOf
    | Not
)


EVERY = AllOf()


@dataclass(frozen=True)
class ParsedFilter:
    """A condition, and whether it says itself if tasks are to be done or pending, or to wait."""

    condition: Condition = EVERY
    chooses_status: bool = False
    chooses_waiting: bool = False


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks of a user, in which order, and which part of them.

    `completed` is False for pending tasks and None for all. What meets `hidden` is left out, and
    counted beside the others. Every word must be there; words are
    folded (`search_text.fold_query`). No sort means the default order, or by rank where there are
    words.
    """

    completed: bool | None = False
    condition: Condition = EVERY
    hidden: Condition | None = None
    words: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    offset: int = 0


def build_waiting(here: datetime) -> Condition:
    """Return the condition that tasks wait for their start, by the moment where the user is."""
    return IsAfter("start", here)


def find_status(condition: Condition) -> bool | None:
    """Return whether only done tasks can meet a condition, or only pending ones; else None."""
    match condition:
        case AllOf(parts):
            found = {find_status(part) for part in parts} - {None}
        case AnyOf(parts):
            found = {find_status(part) for part in parts}
        case Equals("completed", bool(value)):
            return value
        case Between("completed_at") | Not(IsEmpty("completed_at")):
            return True
        case IsEmpty("completed_at"):
            return False
        case _:
            return None
    return found.pop() if len(found) == 1 else None


def list_names(condition: Condition) -> list[tuple[Field, str]]:
    """Return the projects and tags that a task must have by a condition, each with its field."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return [name for part in parts for name in list_names(part)]
        case Equals(field, str(name)) | IsWithin(field, name) | Includes(field, name):
            return [(BY_NAME[field], name)]
    return []


def find_similar_name(name: str, in_use: Collection[str]) -> str | None:
    """Return the name that was probably meant: of another case, else one that looks alike."""
    by_case = {each.casefold(): each for each in sorted(in_use)}
    if found := by_case.get(name.casefold()):
        return found
    near = find_similar(name.casefold(), by_case)
    return by_case[near] if near else None


def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Return the order that `KEY[,KEY]` stands for, where `-KEY` is descending."""
    keys = tuple(_parse_sort_key(part.strip().lower()) for part in text.split(","))
    names = [key.name for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise BadValue(f"the sort key `{name}` is given twice", hint="give each key once")
    return keys


def parse_priority(text: str) -> Priority:
    """Return the priority that a name, or the start of one as `h`, stands for."""
    start = text.strip().lower()
    found = [priority for priority in Priority if start and priority.label.startswith(start)]
    if len(found) == 1:
        return found[0]
    choices = _quote(PRIORITIES)
    raise BadValue(f"`{text}` is not a priority", hint=f"choose one of {choices}")


def _parse_sort_key(text: str) -> SortKey:
    name = text.removeprefix("-")
    if name not in SORT_KEYS:
        raise BadValue(f"`{text}` is not a sort key", hint=f"choose from {_quote(SORT_KEYS)}")
    return SortKey(name, descending=text.startswith("-"))


def _quote(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
