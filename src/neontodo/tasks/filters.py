"""What a list may be narrowed to and sorted by, and how people write it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from neontodo.errors import BadValue
from neontodo.fields import BY_NAME, FILTERED, PRIORITIES, SORT_KEYS, Field, Kind, Priority
from neontodo.tasks.dates import local_day, parse_day

_WORDS = ("today", "overdue", "week", "none")
_ALIKE = 0.7


@dataclass(frozen=True)
class SortKey:
    """One key of an order; `priority` is high to none, as `due` is what is due next to no due."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class Equals:
    """Tasks whose field has this value in its column; None for those that have none."""

    field: str
    value: str | int | None


@dataclass(frozen=True)
class Includes:
    """Tasks that have a tag among those of a field."""

    field: str
    tag: str


@dataclass(frozen=True)
class Within:
    """Tasks whose due date, or other field of `Kind.WHEN`, is in a span of time.

    One of three spans:
        `first` and `last`: the day is one of these or between them.
        `last` and `before`: the instant is earlier than `before`; without a time of day, the day
            is `last` or earlier.
        `absent`: the field is empty.
    """

    field: str
    first: date | None = None
    last: date | None = None
    before: datetime | None = None
    absent: bool = False


@dataclass(frozen=True)
class AnyOf:
    """Tasks that meet one of several conditions."""

    conditions: tuple[Condition, ...]


Condition = Equals | Includes | Within | AnyOf


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks of a user, in which order, and which part of them.

    `completed` is False for pending tasks and None for all. Every condition must be met, and every
    word must be there; words are folded (`search_text.fold_query`). No sort means the default
    order, or by rank where there are words.
    """

    completed: bool | None = False
    conditions: tuple[Condition, ...] = ()
    words: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    offset: int = 0


def parse_conditions(
    given: Mapping[str, Sequence[str] | None], *, now: datetime, tz: tzinfo
) -> tuple[Condition, ...]:
    """Return what lists are narrowed to by the values given for fields; or raise BadValue.

    A task must have all of the tags, and of another field any of the values.
    """
    conditions: list[Condition] = []
    for field in FILTERED:
        texts = given.get(field.name) or ()
        # Each once, in their order.
        wanted = tuple(dict.fromkeys(_parse_condition(field, text, now, tz) for text in texts))
        if len(wanted) > 1 and field.kind is not Kind.TAGS:
            wanted = (AnyOf(wanted),)
        conditions += wanted
    return tuple(conditions)


def _parse_condition(field: Field, text: str, now: datetime, tz: tzinfo) -> Condition:
    if field.kind is Kind.TAGS:
        return Includes(field.name, text)
    if field.kind is Kind.WHEN:
        return parse_span(field.name, text, now=now, tz=tz)
    if field.kind is Kind.PRIORITY:
        return Equals(field.name, int(parse_priority(text)))
    return Equals(field.name, parse_name(text))


def list_names(conditions: Iterable[Condition]) -> list[tuple[Field, str]]:
    """Return the projects and tags that conditions name, each with its field."""
    names: list[tuple[Field, str]] = []
    for condition in conditions:
        match condition:
            case AnyOf():
                names += list_names(condition.conditions)
            case Equals(name, str(value)) | Includes(name, value):
                names.append((BY_NAME[name], value))
    return names


def find_similar_name(name: str, in_use: Collection[str]) -> str | None:
    """Return the name that was probably meant: of another case, else one that looks alike."""
    by_case = {each.casefold(): each for each in sorted(in_use)}
    if found := by_case.get(name.casefold()):
        return found
    import difflib

    near = difflib.get_close_matches(name.casefold(), by_case, 1, _ALIKE)
    return by_case[near[0]] if near else None


def parse_span(field: str, text: str, *, now: datetime, tz: tzinfo) -> Within:
    """Return the span of `overdue`, `week` (7 days), `none` or a day; BadValue if it is no day."""
    today = local_day(now, tz)
    match text.strip().lower():
        case "overdue":
            return Within(field, last=today - timedelta(days=1), before=now)
        case "week":
            return Within(field, first=today, last=today + timedelta(days=6))
        case "none":
            return Within(field, absent=True)
        case word:
            day = _parse_day(word, now, tz)
            return Within(field, first=day, last=day)


def parse_name(text: str) -> str | None:
    """Return the name of a project, say; None for `none`."""
    name = text.strip()
    return None if name == "none" else name


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


def _parse_day(text: str, now: datetime, tz: tzinfo) -> date:
    try:
        return parse_day(text, now=now, tz=tz)
    except BadValue as refusal:
        import difflib

        near = difflib.get_close_matches(text[:20], _WORDS, 1, _ALIKE)
        if near:
            raise BadValue(refusal.message, hint=f"did you mean `{near[0]}`?") from None
        raise


def _quote(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
