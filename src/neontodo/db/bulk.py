"""Inserts and updates a user's rows by the thousand, each statement with as many as it takes.

The ordinary way handles each value of each row in Python.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import insert as ordinary_insert
from sqlmodel import update as ordinary_update

from neontodo.db.session_guard import require_rows_of_user

FEW = 50
"""With fewer rows the ordinary way is quicker: Postgres is not asked about types of arrays."""

SQLITE_VALUES = 32_000
"""In one statement; SQLite knows 32,766 marks for them."""

Rows = Sequence[Mapping[str, Any]]
Statements = list[tuple[str, tuple[Any, ...]]]


async def insert_rows(session: AsyncSession, model: Any, rows: Rows) -> None:
    """Insert rows of a table; all of them name the same columns, and the session's user.

    Raises:
        WrongUser: a row is somebody else's.
    """
    if not rows:
        return
    if len(rows) < FEW:
        # Without `render_nulls`, rows that lack different values take a statement each.
        statement = ordinary_insert(model).execution_options(render_nulls=True)
        await session.execute(statement, list(rows))
        return
    require_rows_of_user(session.sync_session, model, rows)
    statements = _write_statements(model.__table__, rows, session.get_bind().dialect)

    def execute(inner: Session) -> None:
        # A session for a user gives out no connection; the owner of these rows has been checked.
        connection = Session.connection(inner)
        for statement, values in statements:
            connection.exec_driver_sql(statement, values)

    await session.run_sync(execute)


async def update_rows(session: AsyncSession, model: Any, rows: Rows) -> None:
    """Set columns by primary key, `user_id` and `id`; rows may set different columns.

    Raises:
        WrongUser: a row is somebody else's.
        StaleDataError: a row is not there.
    """
    if not rows:
        return
    if session.get_bind().dialect.name == "sqlite":
        await session.execute(ordinary_update(model), list(rows))
        return
    require_rows_of_user(session.sync_session, model, rows)
    rows_by_names: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        rows_by_names.setdefault(tuple(row), []).append(row)
    dialect = session.get_bind().dialect

    def execute(inner: Session) -> None:
        connection = Session.connection(inner)
        for names, alike in rows_by_names.items():
            values = _write_json_rows(model.__table__, names, alike, dialect)
            updated = connection.exec_driver_sql(_write_update(model.__table__, names), (values,))
            if updated.rowcount != len(alike):
                raise StaleDataError(f"{updated.rowcount} of {len(alike)} rows are there")

    await session.run_sync(execute)


def _write_update(table: sa.Table, names: tuple[str, ...]) -> str:
    """Return a statement that updates the rows of a list in JSON.

    It offers the rows that are there, with what they shall be, to INSERT: that looks for them in
    the index of the conflict. An UPDATE that joins a list leaves it to the planner to compare all
    of it with each row of the user's. Why the rows are read in this way: `tasks.queries.spans`.
    """
    columns = [column.name for column in table.columns]
    values = ", ".join(f"{'new' if name in names else 'old'}.{name}" for name in columns)
    changes = ", ".join(f"{n} = excluded.{n}" for n in names if not table.c[n].primary_key)
    return f"""
        INSERT INTO {table.name} ({", ".join(columns)}) SELECT {values}
        FROM json_populate_recordset(CAST(NULL AS {table.name}), CAST($1::text AS json)) AS new
        CROSS JOIN LATERAL (
            SELECT {table.name}.* FROM {table.name}, generate_series(1, (SELECT 1))
            WHERE {table.name}.user_id = new.user_id
                AND {table.name}.id BETWEEN new.id AND new.id
            ORDER BY {table.name}.id LIMIT 1
        ) AS old
        ON CONFLICT (user_id, id) DO UPDATE SET {changes}
    """


def _write_json_rows(table: sa.Table, names: tuple[str, ...], rows: Rows, dialect: Dialect) -> str:
    columns = convert_columns(table, names, rows, dialect)
    objects = {
        # No notes are NULL.
        name: [row[name] or None for row in rows]
        for name in names
        if table.c[name].type.compile(dialect=dialect) == "JSON"
    }
    values = (objects.get(name, column) for name, column in zip(names, columns, strict=True))
    found = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    return json.dumps(found, ensure_ascii=False, default=str)


def _write_statements(table: sa.Table, rows: Rows, dialect: Dialect) -> Statements:
    names = tuple(rows[0])
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    if dialect.name == "sqlite":
        size = SQLITE_VALUES // len(names)
        marks = f"({', '.join('?' * len(names))})"
        statements = []
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            columns = convert_columns(table, names, part, dialect)
            values = tuple(chain.from_iterable(zip(*columns, strict=True)))
            statements.append((f"{into} VALUES {', '.join([marks] * len(part))}", values))
        return statements
    types = [sa.ARRAY(table.c[name].type).compile(dialect=dialect) for name in names]
    arrays = ", ".join(f"${n}::{kind}" for n, kind in enumerate(types, 1))
    arguments = tuple(convert_columns(table, names, rows, dialect))
    return [(f"{into} SELECT * FROM unnest({arrays})", arguments)]


def convert_columns(
    table: sa.Table, names: Sequence[str], rows: Rows, dialect: Dialect
) -> list[list[Any]]:
    """Return the columns, with each value as the driver takes it; None stays None."""
    columns = []
    for name in names:
        values = [row[name] for row in rows]
        process = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        columns.append(values if process is None else _convert_values(values, process))
    return columns


def _convert_values(values: list[Any], process: Callable[[Any], Any]) -> list[Any]:
    first = values[0]
    if all(value is first for value in values):
        return [None if first is None else process(first)] * len(values)
    return [None if value is None else process(value) for value in values]
