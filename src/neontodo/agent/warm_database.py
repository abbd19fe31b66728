"""The agent's store: on Postgres with a second, faster way to it that no command depends on."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import QueuePool

from neontodo.db.database import Database
from neontodo.db.engine import make_engine
from neontodo.db.retry import RetryTimer, TimeLimits
from neontodo.db.url import PostgresTarget
from neontodo.errors import OutcomeUnknown, Retry, StoreUnavailable, TodoError, iterate_causes

T = TypeVar("T")

UNACKNOWLEDGED = 5000
"""Milliseconds until a connection is given up whose network has gone without a word."""

SHOWN = 10.0
"""Seconds within which a dead connection shows; who waits for a row of another waits longer."""

ONE_TRY = TimeLimits(patience=0.0, brief=0.0)
TRIED_AGAIN_AFTER = 300.0


class WarmDatabase(Database):
    """A store that is used by one command after the other.

    The faster way is a connection that goes past Neon's pooler and remembers statements. It is
    opened between commands, and a command takes it only while it is open: whatever may be wrong
    with it, the command then goes the way that it would have gone without an agent.
    """

    _fast: AsyncEngine | None = None
    _tried = 0.0

    @property
    def engine(self) -> AsyncEngine:
        return self._fast if self._fast is not None and _is_open(self._fast) else super().engine

    def _engines(self) -> list[AsyncEngine]:
        usual = super()._engines()
        return usual if self._fast is None else [*usual, self._fast]

    async def open_fast_connection(self) -> bool:
        """Open the faster way if it is due to be tried, and return whether that worked."""
        is_due = time.monotonic() > self._tried + TRIED_AGAIN_AFTER or not self._tried
        is_open = self.engine is self._fast
        if not isinstance(self.target, PostgresTarget) or is_open or not is_due:
            return False
        self._tried = time.monotonic()
        fast = make_engine(self.target.direct, timer=RetryTimer(ONE_TRY), keeps_statements=True)
        is_fast = False
        try:
            await _give_up_early(self._usual)
            await _give_up_early(fast)
            is_fast = self.target.is_neon or await _is_direct(fast)
        except (TodoError, SQLAlchemyError, OSError):
            return False
        finally:
            if not is_fast:
                await fast.dispose()
        if is_fast:
            await self.close()
            self._fast, self._tried = fast, 0.0
        return is_fast

    async def run_with_retries(self, attempt: Callable[[], Awaitable[T]]) -> T:
        async def on_any_way() -> T:
            is_fast, was_open = self.engine is self._fast, self.count_connections()[0] > 0
            started = time.monotonic()
            try:
                return await attempt()
            except TodoError as error:
                is_outdated = is_fast and _is_about_kept_statement(error)
                is_dead = was_open and _is_broken(error) and time.monotonic() < started + SHOWN
                if not (is_outdated or is_dead):
                    raise
            # Somebody has changed the tables since; or the connection has died, and one of an
            # earlier command does not tell that the server is there now.
            await self.close()
            return await attempt()

        return await super().run_with_retries(on_any_way)

    @asynccontextmanager
    async def snapshot(self, user_id: str) -> AsyncIterator[AsyncSession]:
        if isinstance(self.target, PostgresTarget):
            # What has begun to be printed cannot be tried again: no connection that may have died.
            await self.close()
        async with super().snapshot(user_id) as session:
            yield session


def _is_open(engine: AsyncEngine) -> bool:
    pool = engine.pool
    return isinstance(pool, QueuePool) and pool.checkedin() + pool.checkedout() > 0


async def _is_direct(engine: AsyncEngine) -> bool:
    """Return whether no pooler stands in between: one gives out process numbers that it invents."""
    async with engine.connect() as connection:
        driver = await _driver(connection)
        return bool(await driver.fetchval("SELECT pg_backend_pid()") == driver.get_server_pid())


async def _give_up_early(engine: AsyncEngine) -> None:
    """Let the system notice a network that has gone: the user has been elsewhere meanwhile."""
    async with engine.connect() as connection:
        link = (await _driver(connection))._transport.get_extra_info("socket")
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and link.family != socket.AF_UNIX:
        link.setsockopt(socket.IPPROTO_TCP, option, UNACKNOWLEDGED)


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


def _is_broken(error: TodoError) -> bool:
    """Return whether a connection broke, and nothing can have been saved."""
    is_unknown = isinstance(error, OutcomeUnknown)
    return isinstance(error, StoreUnavailable) and error.retry is Retry.PATIENTLY and not is_unknown


def _is_about_kept_statement(error: BaseException) -> bool:
    names = {type(cause).__name__ for cause in iterate_causes(error)}
    return bool(names & {"InvalidCachedStatementError", "OutdatedSchemaCacheError"})
