"""Column types that mean the same on both engines, and that read whatever plain SQL has written.

Anybody who can write to a store by plain SQL can put a value there that the program never would:
years that Python does not know, numbers of thousands of digits, megabytes of tags. Such a value
is read as one that no task can have, so that its row is unreadable, and no other. It stays in the
database where it is large.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

TAGS_MAX = 10_000
"""Characters of all tags of a task with the spaces around each."""
EXTRA_MAX_BYTES = 16 * 1024
EXTRA_MAX_DEPTH = 50
NOTES_MAX_BYTES = 256 * 1024
LOGGED_MAX_BYTES = 512 * 1024
"""More than a change of every field takes, whatever JSON makes of its characters."""
INTEGER_MAX = 10**200
FLOAT_MAX = 1e308
DAYS = (date(1, 1, 2), date(9999, 12, 30))
"""Asyncpg takes the very first and last day for minus infinity and infinity."""
FIRST_DAY, LAST_DAY = (f"'{day.isoformat()}'" for day in DAYS)
INSTANTS = (datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC))
"""Between them, the day in every time zone is one of DAYS."""
FIRST_INSTANT, LAST_INSTANT = "'0001-01-03 00:00:00+00:00'", "'9999-12-29 00:00:00.000000+00:00'"
"""The same in SQL: on SQLite, which compares text, no text of an instant between is outside."""


UNREADABLE: Final = object()
"""What is read instead of a value that the program cannot have written."""


class guarded(FunctionElement[Any]):
    """What SELECT asks for: a column, or a literal of SQL where the value meets the condition.

    The condition is a template, with `{0}` for the column and `{bytes}` for its size. Written as an
    expression of SQLAlchemy's, it took as long to compile as the rest of a list.
    """

    inherit_cache = True

    def __init__(
        self, column: Any, condition: str, instead: str, kind: sa.types.TypeEngine[Any]
    ) -> None:
        super().__init__(column)
        self.condition = condition
        self.instead = instead
        self.type = kind


_BYTES = {
    "sqlite": "length(CAST({0} AS BLOB))",
    "postgresql": "octet_length(CAST({0} AS text))",
}


@compiles(guarded)
def _case(element: guarded, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    size = _BYTES[compiler.dialect.name].format(column)
    condition = element.condition.format(column, bytes=size)
    return f"CASE WHEN {condition} THEN {element.instead} ELSE {column} END"


class Instant(sa.types.TypeDecorator[datetime]):
    """An instant in UTC: timestamptz on Postgres, ISO text on SQLite; always aware in Python."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        # SQLAlchemy's own text format is the same, at three times the cost.
        kind = sa.Text() if dialect.name == "sqlite" else self.impl
        return dialect.type_descriptor(kind)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _format_instant if dialect.name == "sqlite" else None

    def column_expression(self, column: Any) -> Any:
        # The driver raises for years that Python does not know, but takes infinity.
        is_far = f"{{0}} NOT BETWEEN {FIRST_INSTANT} AND {LAST_INSTANT}"
        return guarded(column, is_far, "'infinity'", self)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any]:
        return _parse_instant if dialect.name == "sqlite" else _check_instant


def _format_instant(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(" ", "microseconds")[: -len("+00:00")]


def _parse_instant(text: Any) -> Any:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return UNREADABLE


def _check_instant(moment: datetime | None) -> Any:
    if moment is None or moment.year < 9999:
        return moment
    # The driver gives infinity without a time zone.
    return UNREADABLE if moment.replace(tzinfo=None) == datetime.max else moment


class Day(sa.types.TypeDecorator[date]):
    """A day, without a time zone."""

    impl = sa.Date
    cache_ok = True

    def column_expression(self, column: Any) -> Any:
        is_far = f"{{0}} NOT BETWEEN {FIRST_DAY} AND {LAST_DAY}"
        return guarded(column, is_far, "'infinity'", self)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any]:
        return _parse_day if dialect.name == "sqlite" else _check_day


def _parse_day(text: Any) -> Any:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return UNREADABLE


def _check_day(day: date | None) -> Any:
    return UNREADABLE if day == date.max else day


class Identifier(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID; a text that is none, which only SQLite can hold, stays text."""

    impl = sa.Uuid
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _format_uuid if dialect.name == "sqlite" else None

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        return _parse_uuid if dialect.name == "sqlite" else None


def _format_uuid(value: uuid.UUID | str | None) -> str | None:
    return value.hex if isinstance(value, uuid.UUID) else value


def _parse_uuid(text: Any) -> Any:
    if text is None:
        return None
    try:
        return uuid.UUID(text) if len(text) == 32 else text
    except (AttributeError, TypeError, ValueError):
        return text


class BoundedText(sa.types.TypeDecorator[str]):
    """Text that sorts by code point on both engines; one that is too long is read as empty."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, limit: int, *, collation: str | None = "C") -> None:
        super().__init__()
        self.limit = limit
        self.collation = collation

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text(collation=self.collation if dialect.name == "postgresql" else None)

    def column_expression(self, column: Any) -> Any:
        return guarded(column, f"length({{0}}) > {self.limit}", "''", self)


class Tags(sa.types.TypeDecorator[tuple[str, ...]]):
    """A sorted set of tags in one text, each between two spaces: ` home urgent `."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        return _join_tags

    def column_expression(self, column: Any) -> Any:
        # No tag is a comma.
        return guarded(column, f"length({{0}}) > {TAGS_MAX}", "','", self)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple(value.split()) if value else ()


def _join_tags(value: Any) -> str | None:
    # A plain string is a search pattern that stands for itself.
    if value is None or isinstance(value, str):
        return value
    return f" {' '.join(value)} " if value else ""


class Json(sa.types.TypeDecorator[dict[str, Any]]):
    """A JSON object; `read_json` is the engine's reader of it."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self, limit: int) -> None:
        super().__init__(none_as_null=True)
        self.limit = limit

    def column_expression(self, column: Any) -> Any:
        return guarded(column, f"{{bytes}} > {self.limit}", "'0'", self)


class Notes(Json):
    """A task's notes: a list of JSON objects, NULL if there is none."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> list[Any] | None:
        return list(value) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return () if value is None else tuple(value) if isinstance(value, list) else value


def _parse_finite(digits: str) -> float:
    number = float(digits)
    if not -FLOAT_MAX < number < FLOAT_MAX:
        raise ValueError
    return number


write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""What is put into a column of JSON."""

_decode = json.JSONDecoder(parse_float=_parse_finite, parse_constant=_parse_finite).decode
_LONG_NUMBER = re.compile(r"[0-9]{201}")
_LONGER_WHEN_WRITTEN = re.compile(r"[:,[] *-?[0-9.]*(?:[0-9][eE]|[0-9]{17}\.)")


def read_json(text: str) -> Any:
    """Return the value that a column of JSON has; UNREADABLE if the program cannot have put it."""
    try:
        value = _decode(text)
    except (TypeError, ValueError, RecursionError):
        return UNREADABLE
    is_odd = (
        text.count("{") + text.count("[") > EXTRA_MAX_DEPTH
        or "\\u" in text
        or (len(text) > 200 and _LONG_NUMBER.search(text))
    )
    # Plain SQL can spell a float shorter than Python does.
    may_grow = 2000 < len(text) <= EXTRA_MAX_BYTES and _LONGER_WHEN_WRITTEN.search(text)
    is_unstorable = (is_odd and explain_unstorable_json(value, EXTRA_MAX_DEPTH + 1)) or (
        may_grow and len(write_json(value).encode()) > EXTRA_MAX_BYTES
    )
    return UNREADABLE if is_unstorable else value


def explain_unstorable_json(value: Any, depth: int) -> str | None:
    """Return why a value is not put into a store; up to `depth` lists and objects may nest."""
    match value:
        case str():
            return _explain_unstorable_text(value)
        case int() | float():
            largest = INTEGER_MAX if isinstance(value, int) else FLOAT_MAX
            if not -largest < value < largest:
                return "holds a number that is not finite or too large"
        case dict() | list() if depth == 0:
            return "is nested too deeply"
        case dict() | list():
            inner = (*value.keys(), *value.values()) if isinstance(value, dict) else value
            reasons = (explain_unstorable_json(each, depth - 1) for each in inner)
            return next(filter(None, reasons), None)
    return None


def _explain_unstorable_text(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    return None
