"""A task filter as SQL that means the same on both engines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col

from neontodo.models import DUE_DAY_ORDER, DUE_TIME_ORDER, Task
from neontodo.tasks.filters import DueFilter, SortKey, TaskFilter


class position(FunctionElement[int]):
    """Where the second text begins in the first, from 1; 0 if it does not occur."""

    name = "position"
    type = sa.Integer()
    inherit_cache = True


@compiles(position, "sqlite")
def _instr(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _strpos(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class unindexed(FunctionElement[Any]):
    """A column that SQLite looks up in no index: all of a table is faster read as it lies."""

    name = "unindexed"
    inherit_cache = True

    def __init__(self, column: Any) -> None:
        self.type = column.type
        super().__init__(column)


@compiles(unindexed, "sqlite")
def _no_term(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(unindexed, "postgresql")
def _column(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


def _text(value: str) -> ColumnElement[str]:
    return sa.literal(value, sa.Text)


def build_conditions(wanted: TaskFilter) -> list[Any]:
    """What a task must meet, besides belonging to the user."""
    found: list[Any] = []
    if wanted.completed is not None:
        found.append(col(Task.completed) if wanted.completed else sa.not_(col(Task.completed)))
    if wanted.project is not None:
        project = col(Task.project)
        found.append(project == wanted.project if wanted.project else project.is_(None))
    found += [position(Task.tags, _text(f" {tag} ")) > 0 for tag in wanted.tags]
    if wanted.priority is not None:
        found.append(col(Task.priority) == int(wanted.priority))
    if wanted.due is not None:
        found.append(_due(wanted.due))
    found += [position(Task.search_text, _text(word)) > 0 for word in wanted.words]
    return found


def _due(wanted: DueFilter) -> ColumnElement[bool]:
    day = col(Task.due_on)
    if wanted.absent:
        return day.is_(None)
    if wanted.before is not None:
        return sa.case(
            (col(Task.due_at).is_not(None), col(Task.due_at) < wanted.before),
            else_=day <= wanted.last,
        )
    return sa.and_(
        day.is_not(None),
        *([day >= wanted.first] if wanted.first else []),
        *([day <= wanted.last] if wanted.last else []),
    )


def build_row_checks() -> list[ColumnElement[bool]]:
    """What every row must be on Postgres, in a table that may hold others from before."""
    table = Task.metadata.tables["tasks"]
    checks = (c for c in table.constraints if isinstance(c, sa.CheckConstraint))
    return [sa.literal_column(f"(({check.sqltext}) IS NOT FALSE)", sa.Boolean) for check in checks]


_DUE: tuple[Any, ...] = (sa.literal_column(DUE_DAY_ORDER), sa.literal_column(DUE_TIME_ORDER))

SORT_COLUMNS: dict[str, tuple[Any, ...]] = {
    "number": (col(Task.number),),
    # The folded text starts with the title: accents and case do not count.
    "title": (col(Task.search_text),),
    "due": _DUE,
    "priority": (col(Task.priority),),
    "project": (sa.func.coalesce(col(Task.project), ""),),
    "created": (col(Task.created_at),),
    "updated": (col(Task.updated_at),),
    "completed": (
        sa.func.coalesce(col(Task.completed_at), sa.literal_column("'9999-12-31 00:00:00+00'")),
    ),
}


class OrderedBy(NamedTuple):
    """A column, or an expression, to order by."""

    column: Any
    descending: bool = False


def build_order(keys: tuple[SortKey, ...]) -> list[OrderedBy]:
    """What to order by; without keys the order of the index `ix_tasks_order`."""
    if not keys:
        due = [OrderedBy(column) for column in _DUE]
        return [*due, OrderedBy(col(Task.priority), True), OrderedBy(col(Task.number))]
    order = [OrderedBy(c, key.descending) for key in keys for c in SORT_COLUMNS[key.name]]
    return [*order, OrderedBy(col(Task.number))]


def build_relevance(words: tuple[str, ...]) -> list[OrderedBy]:
    """Title before the rest, whole words before parts, then pending before done, newest first."""
    rank = sum((_rank(word) for word in words), start=sa.literal(0, sa.Integer))
    return [OrderedBy(rank), OrderedBy(col(Task.completed)), OrderedBy(col(Task.number), True)]


def build_order_by(order: Iterable[OrderedBy]) -> list[Any]:
    """The same as ORDER BY takes it."""
    return [column.desc() if descending else column for column, descending in order]


def _rank(word: str) -> ColumnElement[int]:
    text, end_of_title = Task.search_text, position(Task.search_text, _text("\n"))
    whole, part = position(text, _text(f" {word} ")), position(text, _text(word))
    return sa.case(
        (sa.func.nullif(whole, 0) < end_of_title, 0),
        (part < end_of_title, 1),
        (whole > 0, 2),
        else_=3,
    )
