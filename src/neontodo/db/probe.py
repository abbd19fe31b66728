"""Questions to a Postgres server about itself, answered as a Probe. They change nothing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True)
class Probe:
    """What a server answered.

    Attributes:
        version: for example `17.10`.
        read_only: whether the server refuses changes, as a replica does.
        connecting: the seconds it took to connect, waking included.
        round_trip: the seconds that a message and its answer took.
        clock: the server's time, as the round trip began.
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

    @property
    def is_current(self) -> bool:
        return self.schema == HEAD

    def require_own_tables(self, store: str) -> None:
        """Check that the tables are ours, or can be made.

        Raises:
            SchemaMismatch: they are of a newer version.
            Refused: they are another program's.
        """
        if self.foreign_tables:
            raise foreign_tables_error(self.foreign_tables)
        if self.schema is not None and not migrations.is_known(self.schema):
            raise migrations.newer_version_error(self.schema, store)


async def probe_server(database: Database, before_tables: Check | None = None) -> Probe:
    """Connect and ask.

    Args:
        before_tables: a check to run before a table is read, which may wait for a lock.

    Raises:
        StoreUnavailable: the server cannot be reached, or refuses the login.
        TodoError: as `before_tables` raises it.
    """
    started = time.monotonic()
    async with database.connect() as connection:
        connected = time.monotonic()
        round_trip = await _measure_round_trip(connection)
        said = sa.text(
            "SELECT current_setting('server_version'),"
            " CAST(current_setting('transaction_read_only') AS boolean), clock_timestamp()"
        )
        version, read_only, clock = (await connection.execute(said)).one()
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


async def _measure_round_trip(connection: AsyncConnection) -> float:
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None
    started = time.monotonic()
    await driver.execute("SELECT 1")
    return time.monotonic() - started


async def try_probe(database: Database, before_tables: Check | None = None) -> Probe | TodoError:
    """Return what `probe_server` returns or raises."""
    try:
        return await probe_server(database, before_tables)
    except TodoError as error:
        return error
