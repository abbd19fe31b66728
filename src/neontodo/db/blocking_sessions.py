"""Ends sessions of members that the owner of a shared database would have to wait for.

A member can make everybody wait for a table without any right to lock it: they hold it open in one
transaction, and let another session wait for its strongest lock, which Postgres does before it
looks at rights (`CREATE RULE`, `CREATE TRIGGER`). Commands of others wait behind that, and no right
can be taken away for it, but the owner may end the sessions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.db.database import Database
from neontodo.errors import TodoError

T = TypeVar("T")

MEMBER_PREFIX = "todo_m_"
"""The beginning of the names of members' login roles."""

PATIENCE, PAUSE = 2.0, 0.5
"""Seconds until the first look, and between two."""

BLOCKERS = sa.text(
    """
    SELECT DISTINCT blocker.usename::text
    FROM pg_stat_activity AS waiting
    CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
    JOIN pg_stat_activity AS blocker ON blocker.pid = blocking.pid
    WHERE waiting.usename = session_user AND waiting.datname = current_database()
        AND starts_with(blocker.usename, :prefix)
    """
)


async def run_without_blockers(database: Database, work: Coroutine[Any, Any, T]) -> T:
    """Run an owner's work, end members' sessions that it waits for, and return its result."""
    if database.target.engine == "sqlite":
        return await work
    watch = asyncio.create_task(_end_blockers(database))
    try:
        return await work
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _end_blockers(database: Database) -> None:
    await asyncio.sleep(PATIENCE)
    # Its connections have time limits of their own.
    beside = database.with_target(database.target)
    while True:
        # The work itself reports whatever is wrong.
        with suppress(TodoError):
            async with beside.connect() as connection, connection.begin_nested() as rights:
                found = await connection.scalars(BLOCKERS, {"prefix": MEMBER_PREFIX})
                for role in found.all():
                    database.notify(f"ending sessions of {role}, which keep this one waiting")
                    await end_sessions(connection, role)
                await rights.rollback()
        await asyncio.sleep(PAUSE)


async def end_sessions(connection: AsyncConnection, role: str) -> None:
    """End every session of a role that this connection's role has made."""
    # Whoever makes a role may grant it, and has its rights only then.
    how = grant_options(connection, "INHERIT TRUE")
    await connection.exec_driver_sql(f"GRANT {role} TO CURRENT_USER{how}")
    statement = "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = :role"
    await connection.execute(sa.text(statement), {"role": role})


def grant_options(connection: AsyncConnection, options: str) -> str:
    """Return how a role is granted, where the server has options for that: Postgres 16 and up."""
    version = connection.dialect.server_version_info or ()
    return f" WITH {options}" if tuple(version) >= (16,) else ""
