"""Looks rows up by thousands of values, or spans of values, of a column that has an index.

On Postgres the planner must not choose how: it knows no column that tells rows apart (see
isolation.md), and after an ANALYZE of a table whose rows were all removed, or not committed yet, it
takes any index for as good as the right one. With a wrong one each value reads all of the user's
rows: to restore 20,000 tasks took 58 s instead of 4.
"""

from __future__ import annotations

import json
import uuid
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from neontodo.tasks.queries.filter_sql import bind_texts

Span = tuple[Any, Any]
"""A value and another one, or the same, up to which it reaches."""

Spans = Sequence[Span]


class Found(NamedTuple):
    """Rows that a statement has found.

    Attributes:
        source: what to join, and `on` the condition to join it on.
        columns: the columns of the rows, by their names; null where an outer join finds no row.
        entity: the rows as whole objects, of which the session asks that they are the user's.
    """

    source: Any
    on: sa.ColumnElement[bool]
    columns: Any
    entity: Any


def repeat_values(values: Iterable[Any]) -> list[Span]:
    """Return each value as a span of its own."""
    return [(value, value) for value in values]


def select_in_spans(
    session: AsyncSession, user_id: str, column: Any, spans: Spans, **equal: Any
) -> tuple[sa.Select[Any], Any]:
    """Return a statement for the user's rows whose column is in one of the spans, and its entity.

    It selects the whole rows, and None for a span that has no row: an outer join begins with the
    spans, on both engines. `equal` are further columns and what they must be.
    """
    if len(spans) == 1:
        # The common case, which takes half the time to compile.
        rows = column.class_
        conditions = _build_conditions(rows, user_id, column, *spans[0], equal)
        statement = sa.select(rows).where(*conditions)
        return read_in_order(session, statement, column), rows
    return join_in_spans(session, user_id, column, spans, **equal)


def join_in_spans(
    session: AsyncSession,
    user_id: str,
    column: Any,
    spans: Spans,
    *,
    newest_by: Any = None,
    **equal: Any,
) -> tuple[sa.Select[Any], Any]:
    """Return the same as one that may be given another order and limit.

    `newest_by` is as for `find_in_span`.
    """
    table, low, high = _bind_spans(session, column, spans)
    found = find_in_span(session, user_id, column, low, high, newest_by=newest_by, **equal)
    statement = sa.select(found.entity).select_from(table)
    return statement.outerjoin(found.source, found.on), found.entity


def _bind_spans(session: AsyncSession, column: Any, spans: Spans) -> tuple[Any, Any, Any]:
    """Return spans as one table, however many they are, and where in it they begin and end.

    What they overlap in is there once.
    """
    merged = merge_spans(spans)
    if _is_sqlite(session):
        pairs = json.dumps(merged)
        given: Any = sa.func.json_each(pairs).table_valued("value", name="given")
        low, high = (sa.func.json_extract(given.c.value, f"$[{n}]") for n in (0, 1))
        return given, low, high
    kind = column.type
    arrays = [
        # To the planner an array that it does not know beforehand is a short one.
        sa.cast(sa.select(bind_texts(ends)).scalar_subquery(), sa.ARRAY(kind))
        for ends in ([low for low, _ in merged], [high for _, high in merged])
    ]
    table = sa.func.unnest(*arrays).table_valued(sa.column("low", kind), sa.column("high", kind))
    given = table.render_derived(name="given")
    return given, given.c.low, given.c.high


def merge_spans(spans: Spans) -> list[Span]:
    """Return spans in order that cover the same values, each of them once."""
    merged: list[Span] = []
    for low, high in sorted((_to_plain(low), _to_plain(high)) for low, high in spans):
        if merged and low <= _find_next(merged[-1][1]):
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def is_in_spans(value: Any, merged: Sequence[Span]) -> bool:
    """Return whether a value is in one of the spans that `merge_spans` has returned."""
    place = bisect_right(merged, value, key=itemgetter(0))
    return place > 0 and bool(value <= merged[place - 1][1])


def _find_next(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value


def _to_plain(value: Any) -> Any:
    # Plain SQL can put another text in the place of an id, on SQLite.
    return value.hex if isinstance(value, uuid.UUID) else value


def find_in_span(
    session: AsyncSession,
    user_id: str,
    column: Any,
    low: Any,
    high: Any,
    *,
    newest_by: Any = None,
    rows: Any = None,
    **equal: Any,
) -> Found:
    """Return the user's rows whose column is in a span that another part of the statement names.

    Args:
        newest_by: a column that follows the other one in an index; only the row is found where it
            is the greatest of those at the end of the span.
        rows: an alias of the table, where the statement has the table already.
        equal: further columns and what they must be.
    """
    model = column.class_
    rows = model if rows is None else rows
    if _is_sqlite(session):
        on = _build_conditions(rows, user_id, column, low, high, equal)
        if newest_by is not None:
            same, name = aliased(model), newest_by.key
            greatest = (
                sa.select(getattr(same, name))
                .where(same.user_id == user_id, getattr(same, column.key) == high)
                .order_by(getattr(same, name).desc())
                .limit(1)
            )
            on.append(getattr(rows, name) == greatest.scalar_subquery())
        return Found(rows, sa.and_(*on), rows, rows)
    rows = aliased(model)
    order = [getattr(rows, column.key)]
    if newest_by is not None:
        order = [each.desc() for each in (*order, getattr(rows, newest_by.key))]
    statement = sa.select(rows).where(*_build_conditions(rows, user_id, column, low, high, equal))
    statement = read_in_order(session, statement, *order)
    if newest_by is not None:
        statement = statement.limit(1)
    source = statement.lateral()
    return Found(source, sa.true(), source.c, aliased(model, source))


def _build_conditions(
    rows: Any, user_id: str, column: Any, low: Any, high: Any, equal: dict[str, Any]
) -> list[sa.ColumnElement[bool]]:
    others = (getattr(rows, name) == value for name, value in equal.items())
    return [rows.user_id == user_id, getattr(rows, column.key).between(low, high), *others]


def read_in_order(session: AsyncSession, statement: sa.Select[Any], *order: Any) -> sa.Select[Any]:
    """Return a statement that Postgres reads by the one index that has its rows in this order.

    A column that is compared by `=` does not count for an order; it is compared by BETWEEN. The
    planner knows neither how many rows there may be nor how many of them are asked for. So it takes
    the way that has the first one soonest, and rows of any other index would have to be sorted.
    """
    if _is_sqlite(session):
        return statement
    many = sa.func.generate_series(1, sa.select(1).scalar_subquery()).table_valued("n")
    no_limit = sa.select(sa.cast(sa.null(), sa.BigInteger)).scalar_subquery()
    return statement.join(many, sa.true()).order_by(*order).limit(no_limit)


def _is_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"
