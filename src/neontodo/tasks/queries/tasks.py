"""Statements on tasks: lists, whole rows by reference, and bulk writes."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col, delete, select

from neontodo.db import bulk
from neontodo.models import Task, TaskPublic, User
from neontodo.tasks.filters import TaskFilter
from neontodo.tasks.queries import spans
from neontodo.tasks.queries.filter_sql import (
    OrderedBy,
    bind_uuids,
    build_conditions,
    build_flag,
    build_order,
    build_order_by,
    build_relevance,
    build_row_checks,
    unindexed,
)
from neontodo.tasks.results import Page, UnreadableTask
from neontodo.tasks.state import read_row

PUBLIC_FIELDS = tuple(TaskPublic.model_fields)
PUBLIC_COLUMNS = tuple(getattr(Task, name) for name in PUBLIC_FIELDS)
_OrderByKeys = Callable[[Any], list[Any]]
EVERY_TASK = TaskFilter(completed=None)
_SEARCH_TEXT: Any = Task.search_text
WHOLE = select(Task).options(defer(_SEARCH_TEXT, raiseload=True))
"""The search column is made, and never read: plain SQL can put megabytes there."""


async def fetch_page(
    session: AsyncSession, user_id: str, wanted: TaskFilter, *, counts_hidden: bool = False
) -> Page:
    """Return the tasks that a filter admits, in its order, and how many there are in all.

    How many it hides is counted with a part of a list, and where it is asked for.
    """
    if wanted.limit is None and not wanted.offset and not counts_hidden:
        rows = (await session.execute(_select_ordered(user_id, wanted))).all()
        return _make_page(rows, len(rows))
    statement = (_select_found if wanted.words else _select_part)(user_id, wanted)
    rows = (await session.execute(statement)).all()
    total, hidden = rows[0][-2:]
    # Where no task is found there is one row, with the counts.
    return _make_page([row[:-2] for row in rows if row.number is not None], total, hidden)


def _make_page(rows: Iterable[Sequence[Any]], total: int, hidden: int = 0) -> Page:
    found = list(map(_read_values, rows))
    unreadable = tuple(row for row in found if isinstance(row, UnreadableTask))
    tasks = tuple(row for row in found if isinstance(row, TaskPublic))
    return Page(tasks, total, hidden, unreadable)


def _select_part(user_id: str, wanted: TaskFilter) -> Select[Any]:
    """Return a part of a list and the counts, not counted over the list: that ends early."""
    keys, order_by_keys = _name_keys(wanted)
    page = _select_ordered(user_id, wanted).add_columns(*keys)
    every = _build_where(user_id, replace(wanted, hidden=None))
    counts = _select_counts(build_flag(wanted.hidden)).where(*every)
    return _join_counts(page.limit(wanted.limit).offset(wanted.offset), counts, order_by_keys)


def _select_found(user_id: str, wanted: TaskFilter) -> Select[Any]:
    """Return the same by one pass over all tasks: what is found is counted and ordered by itself.

    Counting over the list (`count(*) OVER ()`) would keep and sort all of it.
    """
    keys, order_by_keys = _name_keys(wanted)
    every = build_conditions(replace(wanted, hidden=None))
    found = (
        sa.select(col(Task.number), build_flag(wanted.hidden).label("is_hidden"), *keys)
        .where(unindexed(col(Task.user_id)) == user_id, *every)
        .cte("found")
    )
    shown = (
        sa.select(found)
        .where(sa.not_(found.c.is_hidden))
        .order_by(*order_by_keys(found))
        .limit(wanted.limit)
        .offset(wanted.offset)
        .subquery("shown")
    )
    page = (
        sa.select(*PUBLIC_COLUMNS, *(shown.c[key.name] for key in keys))
        .join(shown, shown.c.number == col(Task.number))
        .where(col(Task.user_id) == user_id)
    )
    counts = _select_counts(found.c.is_hidden).select_from(found)
    return _join_counts(page, counts, order_by_keys)


def _join_counts(
    page: Select[Any], counts: Select[int, int], order_by_keys: _OrderByKeys
) -> Select[Any]:
    """Return the rows of a page in its order, each with the counts; one row if it has none."""
    rows, counted = page.subquery("page"), counts.subquery("counted")
    return (
        sa.select(*(rows.c[name] for name in PUBLIC_FIELDS), counted)
        .select_from(counted.outerjoin(rows, sa.true()))
        .order_by(*order_by_keys(rows))
    )


def _name_keys(wanted: TaskFilter) -> tuple[list[Any], _OrderByKeys]:
    """Return what to order by as columns, and what orders by these columns of a table."""
    order = _choose_order(wanted)

    def order_by_keys(table: Any) -> list[Any]:
        keys = (table.c[f"key_{n}"] for n in range(len(order)))
        return build_order_by(map(OrderedBy, keys, (key.descending for key in order)))

    return [key.column.label(f"key_{n}") for n, key in enumerate(order)], order_by_keys


def _select_counts(is_hidden: ColumnElement[bool]) -> Select[int, int]:
    """Return how many tasks there are, and how many besides are hidden."""
    hidden = func.count().filter(is_hidden)
    return sa.select((func.count() - hidden).label("total"), hidden.label("hidden"))


def _select_total(user_id: str, wanted: TaskFilter) -> Select[int]:
    return select(func.count()).select_from(Task).where(*_build_where(user_id, wanted))


async def stream_tasks(
    session: AsyncSession, user_id: str, wanted: TaskFilter
) -> AsyncIterator[TaskPublic | UnreadableTask]:
    """Yield the tasks that a filter admits, a thousand at a time, in a snapshot."""
    statement = _select_ordered(user_id, wanted).execution_options(yield_per=1000)
    async for row in await session.stream(statement):
        yield _read_values(row)


def _select_ordered(user_id: str, wanted: TaskFilter) -> Select[Any]:
    statement = sa.select(*PUBLIC_COLUMNS).where(*_build_where(user_id, wanted))
    return statement.order_by(*build_order_by(_choose_order(wanted)))


def _build_where(user_id: str, wanted: TaskFilter) -> list[ColumnElement[bool]]:
    return [col(Task.user_id) == user_id, *build_conditions(wanted)]


def _choose_order(wanted: TaskFilter) -> list[OrderedBy]:
    by_rank = wanted.words and not wanted.sort
    return build_relevance(wanted.words) if by_rank else build_order(wanted.sort)


def _read_values(row: Sequence[Any]) -> TaskPublic | UnreadableTask:
    return read_row(dict(zip(PUBLIC_FIELDS, row, strict=True)))


async def fetch_matching(session: AsyncSession, user_id: str, wanted: TaskFilter) -> list[Task]:
    """Return whole rows that a filter admits, by number."""
    statement = WHOLE.where(*_build_where(user_id, wanted)).order_by(col(Task.number))
    return [*(await session.scalars(statement)).all()]


async def fetch_in_spans(
    session: AsyncSession, user_id: str, *, numbers: spans.Spans = (), ids: spans.Spans = ()
) -> list[Task]:
    """Return whole rows whose number or id is in one of the spans, each once."""
    found: dict[Any, Task] = {}
    for column, wanted in ((col(Task.number), numbers), (col(Task.id), ids)):
        if wanted:
            statement, rows = spans.select_in_spans(session, user_id, column, wanted)
            statement = statement.options(defer(rows.search_text, raiseload=True))
            tasks = (await session.scalars(statement)).all()
            found |= {task.id: task for task in tasks if task is not None}
    return list(found.values())


async def fetch_numbers_starting(
    session: AsyncSession, user_id: str, start: str, *, completed: bool | None, limit: int
) -> list[tuple[int, str]]:
    """Return numbers that begin with the digits `start`, with their titles; by number."""
    number = sa.cast(col(Task.number), sa.Text)
    statement = select(Task.number, Task.title).where(
        col(Task.user_id) == user_id, number.startswith(start, autoescape=True)
    )
    if completed is not None:
        statement = statement.where(col(Task.completed) == completed)
    rows = await session.execute(statement.order_by(col(Task.number)).limit(limit))
    return [(row[0], row[1]) for row in rows.all() if isinstance(row[1], str)]


async def fetch_by_ids(
    session: AsyncSession, user_id: str, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Task]:
    """Return whole rows by id; ids that are not there are left out."""
    found = await fetch_in_spans(session, user_id, ids=spans.repeat_values(ids))
    return {task.id: task for task in found}


async def count_tasks(session: AsyncSession, user_id: str, wanted: TaskFilter = EVERY_TASK) -> int:
    """Return how many tasks a user has, or a filter admits, whichever part of them it asks for."""
    return await session.scalar(_select_total(user_id, wanted)) or 0


async def fetch_valid_tasks(
    session: AsyncSession, user_id: str, *, after: int, limit: int
) -> Sequence[Task]:
    """Return whole rows after a number, by number, without what only plain SQL can write."""
    statement = (
        WHOLE.where(col(Task.user_id) == user_id, col(Task.number) > after, *build_row_checks())
        .order_by(col(Task.number))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def fetch_ids_and_numbers(
    session: AsyncSession, user_id: str, ids: Sequence[uuid.UUID], numbers: Sequence[int]
) -> dict[uuid.UUID, int]:
    """Return ids and numbers of the tasks that have one of the ids or one of the numbers."""
    found: dict[uuid.UUID, int] = {}
    for column, values in ((col(Task.id), ids), (col(Task.number), numbers)):
        if values:
            wanted = spans.repeat_values(values)
            statement, rows = spans.select_in_spans(session, user_id, column, wanted)
            statement = statement.with_only_columns(rows.id, rows.number)
            found |= {row[0]: row[1] for row in (await session.execute(statement)).all()}
    found.pop(None, None)  # type: ignore[call-overload]
    return found


async def update_tasks(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Set columns by primary key; rows may set different columns."""
    await bulk.update_rows(session, Task, rows)


async def delete_tasks(session: AsyncSession, user_id: str, gone: Sequence[Task]) -> None:
    """Remove tasks; those that are not there are no error."""
    if not gone:
        return
    mine = col(User.id) == user_id
    if session.get_bind().dialect.name == "postgresql":
        # The members of a shared database have no right to DELETE (migration 0002).
        removal = func.todo_remove_tasks(col(User.id), bind_uuids([task.id for task in gone]))
        await session.execute(select(removal).where(mine))
        return
    # An id that is none is not found by its value.
    numbers = [task.number for task in gone]
    for start in range(0, len(numbers), bulk.SQLITE_VALUES):
        part = numbers[start : start + bulk.SQLITE_VALUES]
        await session.execute(
            delete(Task)
            .where(col(Task.user_id) == user_id, col(Task.number).in_(part))
            .execution_options(synchronize_session=False)
        )
