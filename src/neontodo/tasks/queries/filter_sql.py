"""Conditions and orders in SQL that mean the same on both engines."""

from __future__ import annotations

import json
import operator
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col

from neontodo.fields import BY_NAME, SORT_KEYS, Field, Kind
from neontodo.models import Task, order_by_when
from neontodo.tasks.filters import (
    EVERY,
    AllOf,
    AnyOf,
    Between,
    Bound,
    Condition,
    Contains,
    Equals,
    IdBetween,
    Includes,
    IsAfter,
    IsEmpty,
    IsWithin,
    Not,
    SortKey,
    TaskFilter,
)

FEW = 50
"""More are one parameter, or in groups: SQLite has a limit to how deep an expression may be."""


class EngineSql(FunctionElement[Any]):
    """SQL that each engine spells in its own way; `{0}` stands for the arguments."""

    templates: ClassVar[dict[str, str]]


@compiles(EngineSql)
def _fill_template(element: EngineSql, compiler: SQLCompiler, **options: Any) -> str:
    arguments = compiler.process(element.clauses, **options)
    return element.templates[compiler.dialect.name].format(arguments)


class position(EngineSql):
    """Where the second text begins in the first, from 1; 0 if it does not occur."""

    type = sa.Integer()
    inherit_cache = True
    templates: ClassVar = {"sqlite": "instr({0})", "postgresql": "strpos({0})"}


class each_text(EngineSql):
    """The texts of a list in JSON, as a table with the column `value`."""

    inherit_cache = True
    templates: ClassVar = {
        "sqlite": "json_each({0})",
        "postgresql": "json_array_elements_text(CAST({0} AS json))",
    }


class unindexed(EngineSql):
    """A column that SQLite looks up in no index: all of a table is faster read as it lies."""

    inherit_cache = True
    templates: ClassVar = {"sqlite": "+{0}", "postgresql": "{0}"}

    def __init__(self, column: Any) -> None:
        self.type = column.type
        super().__init__(column)


def _bind_text(value: str) -> ColumnElement[str]:
    return sa.literal(value, sa.Text)


def _list_texts(texts: Sequence[str]) -> sa.FromClause:
    listed = each_text(_bind_text(json.dumps(texts)))
    return listed.table_valued(sa.column("value", sa.Text), name="texts")


def _contains_all(texts: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return conditions that the search column contains all of the texts."""
    if len(texts) <= FEW:
        return list(map(_contains, texts))
    listed = _list_texts(texts)
    lacks = position(Task.search_text, listed.c.value) == 0
    return [~sa.select(listed).where(lacks).correlate(Task).exists()]


def build_where(user_id: str, condition: Condition) -> list[ColumnElement[bool]]:
    """Return what the user's tasks that meet a condition must meet."""
    mine = col(Task.user_id) == user_id
    return [mine] if condition == EVERY else [mine, _build_condition(condition)]


def build_conditions(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    """Return what a task must meet, besides belonging to the user."""
    found: list[ColumnElement[bool]] = []
    if wanted.completed is not None:
        is_done = _column_of("completed")
        found.append(is_done if wanted.completed else sa.not_(is_done))
    if wanted.condition != EVERY:
        found.append(_build_condition(wanted.condition))
    if wanted.hidden is not None:
        found.append(sa.not_(build_flag(wanted.hidden)))
    return [*found, *_contains_all(wanted.words)]


def build_flag(condition: Condition | None) -> ColumnElement[bool]:
    """Return whether a task meets a condition, never null; none meets None."""
    if condition is None:
        return sa.false()
    return sa.func.coalesce(_build_condition(condition), sa.false())


def _build_condition(wanted: Condition) -> Any:
    match wanted:
        case AllOf(parts):
            return _join(sa.and_, [sa.true(), *map(_build_condition, parts)])
        case AnyOf(parts):
            return _join(sa.or_, [sa.false(), *map(_build_condition, parts)])
        case Not(part):
            # A comparison with nothing is neither true nor false.
            return sa.not_(build_flag(part))
        case Contains(text, in_title):
            return _is_in_title(text) if in_title else _contains(text)
        case IdBetween(low, high):
            return col(Task.id).between(low, high)
    field = BY_NAME[wanted.field]
    columns = [_column_of(name) for name in field.columns]
    match wanted:
        case IsEmpty():
            return columns[0].is_(None) if field.empty is None else columns[0] == field.empty
        case Equals(value=value) if field.kind is Kind.FLAG:
            return columns[0] if value else sa.not_(columns[0])
        case Equals(value=value):
            return columns[0] == value
        case IsWithin(name=name):
            # A range, which an index knows: `0` follows `.` and `/`, and nothing is between them.
            below = sa.and_(columns[0] >= f"{name}.", columns[0] < f"{name}0")
            return sa.or_(columns[0] == name, below)
        case Includes(tag=tag):
            return position(columns[0], _bind_text(f" {tag} ")) > 0
        case IsAfter(moment=moment):
            return _compare(field, columns[0], columns[-1], moment, operator.gt)
        case Between(start=start, end=end):
            return sa.and_(sa.true(), *_build_bounds(field, columns, start, end))


def _join(combine: Callable[..., Any], parts: Sequence[Any]) -> Any:
    if len(parts) <= FEW:
        return combine(*parts)
    groups = (combine(*parts[start : start + FEW]) for start in range(0, len(parts), FEW))
    # In a function each, or they would become one long chain again.
    return _join(combine, [sa.func.coalesce(group, sa.false()) for group in groups])


def _build_bounds(
    field: Field, columns: list[Any], start: Bound, end: Bound
) -> Iterator[ColumnElement[bool]]:
    """Yield what a value must meet at each end that is not open; never true for a missing one."""
    value, moment = columns[0], columns[-1]
    if start is not None:
        yield _compare(field, value, moment, start, operator.ge)
    if end is not None:
        before = operator.lt if isinstance(end, datetime) else operator.le
        yield _compare(field, value, moment, end, before)


def _compare(field: Field, value: Any, moment: Any, bound: Any, compare: Any) -> Any:
    if field.kind is Kind.WHEN and isinstance(bound, datetime):
        return sa.case(
            (moment.is_not(None), compare(moment, bound)), else_=compare(value, bound.date())
        )
    return compare(value, bound)


def _contains(text: str) -> ColumnElement[bool]:
    return position(Task.search_text, _bind_text(text)) > 0


def _is_in_title(text: str) -> ColumnElement[bool]:
    first = sa.func.nullif(position(Task.search_text, _bind_text(text)), 0)
    return first < position(Task.search_text, _bind_text("\n"))


def _column_of(name: str) -> Any:
    return col(getattr(Task, name))


def bind_uuids(ids: Collection[uuid.UUID]) -> ColumnElement[Any]:
    """Return ids as one argument of a function on Postgres."""
    return sa.cast(bind_texts(ids), sa.ARRAY(sa.Uuid))


def bind_texts(values: Collection[Any]) -> ColumnElement[Any]:
    """Return values as one array of text on Postgres.

    The driver knows arrays of text, but would have to ask the server about any other.
    """
    return sa.literal([str(value) for value in values], sa.ARRAY(sa.Text))


def build_row_checks() -> list[ColumnElement[bool]]:
    """Return what rows must meet on Postgres, in a table that may hold others from before."""
    table = Task.metadata.tables["tasks"]
    checks = (c for c in table.constraints if isinstance(c, sa.CheckConstraint))
    return [sa.literal_column(f"(({check.sqltext}) IS NOT FALSE)", sa.Boolean) for check in checks]


class OrderedBy(NamedTuple):
    """A column, or an expression, to order by."""

    column: Any
    descending: bool = False


def build_order(keys: tuple[SortKey, ...]) -> list[OrderedBy]:
    """Return what to order by; without keys the order of the index `ix_tasks_order`."""
    keys = keys or (SortKey("due"), SortKey("priority"))
    fields = [(SORT_KEYS[key.name], key.descending) for key in keys]
    order = [
        # The highest priority is the largest number, and comes first.
        OrderedBy(column, is_reversed != (field.kind is Kind.PRIORITY))
        for field, is_reversed in fields
        for column in _build_sort_columns(field)
    ]
    return [*order, OrderedBy(col(Task.number))]


def _build_sort_columns(field: Field) -> tuple[Any, ...]:
    """Return expressions that are never null: the engines sort nulls differently."""
    if field.kind is Kind.WHEN:
        day, moment = order_by_when(field.name)
        return sa.literal_column(day), sa.literal_column(moment)
    if field.name == "title":
        # The folded text starts with the title: accents and case do not count.
        return (col(Task.search_text),)
    column = _column_of(field.name)
    if not Task.metadata.tables["tasks"].c[field.name].nullable:
        return (column,)
    last = sa.literal_column("'9999-12-31 00:00:00+00'") if field.kind is Kind.INSTANT else ""
    return (sa.func.coalesce(column, last),)


def build_relevance(words: tuple[str, ...]) -> list[OrderedBy]:
    """Order by title before the rest, whole words before parts, pending first, newest first."""
    rank: ColumnElement[int] = sa.literal(0, sa.Integer)
    if len(words) <= FEW:
        rank = sum((_build_rank(_bind_text(word)) for word in words), start=rank)
    else:
        listed = _list_texts(words)
        ranks = sa.select(sa.func.sum(_build_rank(listed.c.value))).select_from(listed)
        rank = ranks.correlate(Task).scalar_subquery()
    return [OrderedBy(rank), OrderedBy(col(Task.completed)), OrderedBy(col(Task.number), True)]


def build_order_by(order: Iterable[OrderedBy]) -> list[Any]:
    """Return an order as ORDER BY takes it."""
    return [column.desc() if descending else column for column, descending in order]


def _build_rank(word: ColumnElement[str]) -> ColumnElement[int]:
    text, end_of_title = Task.search_text, position(Task.search_text, _bind_text("\n"))
    space = _bind_text(" ")
    whole, part = position(text, space + word + space), position(text, word)
    return sa.case(
        (sa.func.nullif(whole, 0) < end_of_title, 0),
        (part < end_of_title, 1),
        (whole > 0, 2),
        else_=3,
    )
