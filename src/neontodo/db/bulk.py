"""Rows by the thousand, each statement with all of them: for the session's user and nobody else.

The ordinary way handles each value of each row in Python, and with SQLite it holds Python's lock
while it does, so that nothing else can go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlmodel import insert as ordinary_insert

from neontodo.db.session import require_owner

FEW = 50
"""With fewer rows the ordinary way is quicker: Postgres is not asked about types of arrays."""

SQLITE_ROWS = 1000
"""In one statement, which holds at most 32,766 values."""

Rows = Sequence[Mapping[str, Any]]


async def insert(session: AsyncSession, model: Any, rows: Rows) -> None:
    """Add rows to a table; all of them name the same columns, and the session's user.

    Raises:
        WrongUser: a row is somebody else's.
    """
    if len(rows) < FEW:
        # Without `render_nulls`, rows that lack different values take a statement each.
        statement = ordinary_insert(model).execution_options(render_nulls=True)
        await session.execute(statement, list(rows))
    else:
        await session.run_sync(_insert_many, model, rows)


def _insert_many(session: Session, model: Any, rows: Rows) -> None:
    require_owner(session, model, rows)
    # A session for a user gives out no connection; this one is used after the check only.
    connection = Session.connection(session)
    table: sa.Table = model.__table__
    names = tuple(rows[0])
    if connection.dialect.name == "sqlite":
        for start in range(0, len(rows), SQLITE_ROWS):
            _insert_values(connection, table, names, rows[start : start + SQLITE_ROWS])
    else:
        statement = _unnesting(table, names, connection.dialect)
        connection.exec_driver_sql(statement, tuple(_stored(connection, table, names, rows)))


def _insert_values(
    connection: Connection, table: sa.Table, names: tuple[str, ...], rows: Rows
) -> None:
    values = zip(*_stored(connection, table, names, rows), strict=True)
    marks = f"({', '.join('?' * len(names))})"
    statement = f"{_into(table, names)} VALUES {', '.join([marks] * len(rows))}"
    connection.exec_driver_sql(statement, tuple(chain.from_iterable(values)))


def _unnesting(table: sa.Table, names: tuple[str, ...], dialect: Dialect) -> str:
    types = [sa.ARRAY(table.c[name].type).compile(dialect=dialect) for name in names]
    arrays = ", ".join(f"${n}::{kind}" for n, kind in enumerate(types, 1))
    return f"{_into(table, names)} SELECT * FROM unnest({arrays})"


def _into(table: sa.Table, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(names)})"


def _stored(
    connection: Connection, table: sa.Table, names: tuple[str, ...], rows: Rows
) -> list[list[Any]]:
    """The columns, with each value as the driver takes it; nothing stays nothing."""
    columns = []
    for name in names:
        values = [row[name] for row in rows]
        process = (
            table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        )
        columns.append(values if process is None else _processed(values, process))
    return columns


def _processed(values: list[Any], process: Callable[[Any], Any]) -> list[Any]:
    first = values[0]
    if all(value is first for value in values):
        return [None if first is None else process(first)] * len(values)
    return [None if value is None else process(value) for value in values]
