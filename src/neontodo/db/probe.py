"""Questions to a Postgres server about itself, answered as a Probe. They change nothing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.db import migrations
from neontodo.db.database import Database
from neontodo.db.schema import (
    HEAD,
    find_foreign_tables,
    foreign_tables_error,
    has_users,
    read_version,
)
from neontodo.errors import TodoError

Check = Callable[[AsyncConnection], Awaitable[None]]

_ABOUT_SERVER = sa.text(
    "SELECT current_setting('server_version'),"
    " CAST(current_setting('transaction_read_only') AS boolean), clock_timestamp()"
)


@dataclass(frozen=True)
class Probe:
    """What a server answered.

    Attributes:
        version: for example `17.10`.
        read_only: whether the server refuses changes, as a replica does.
        connecting: the seconds it took to connect, waking included.
        clock: the server's time, after the round trip.
        schema: the version of todo's tables; None if there are none.
        foreign_tables: another program's tables under names that ours need, if there are none of
            ours.
        has_no_users: whether there are tables, but no users.
    """

    version: str
    read_only: bool
    connecting: float
    round_trip: float
    clock: datetime
    schema: str | None
    foreign_tables: tuple[str, ...]
    has_no_users: bool

    def require_todo_tables(self, store: str) -> None:
        """Check that the tables are ours, or can be made.

        Raises:
            SchemaMismatch: they are of a newer version.
            Refused: they are another program's.
        """
        if self.foreign_tables:
            raise foreign_tables_error(self.foreign_tables)
        migrations.require_known(self.schema, store)


async def try_probe(database: Database, before_tables: Check | None = None) -> Probe | TodoError:
    """Connect, ask, and return the answers, or the error of the connection or of a check.

    Args:
        before_tables: a check to run before a table is read, which may wait for a lock.
    """
    started = time.monotonic()
    try:
        async with database.connect() as connection:
            connected = time.monotonic()
            driver: Any = (await connection.get_raw_connection()).driver_connection
            asked = time.monotonic()
            await driver.execute("SELECT 1")
            round_trip = time.monotonic() - asked
            version, read_only, clock = (await connection.execute(_ABOUT_SERVER)).one()
            if before_tables is not None:
                await before_tables(connection)
            schema = await connection.run_sync(read_version)
            foreign = () if schema else await connection.run_sync(find_foreign_tables)
            return Probe(
                version=str(version).partition(" ")[0],
                read_only=read_only,
                connecting=connected - started,
                round_trip=round_trip,
                clock=clock,
                schema=schema,
                foreign_tables=foreign,
                has_no_users=schema == HEAD and not await has_users(connection),
            )
    except TodoError as error:
        return error
