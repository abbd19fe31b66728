"""The only opener of sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import QueuePool

from neontodo.db.engine import make_engine
from neontodo.db.errors import translated
from neontodo.db.founding import Founder
from neontodo.db.retry import Limits, Tries, repeated
from neontodo.db.session_guard import UserSession
from neontodo.db.url import SqliteTarget, Target
from neontodo.errors import OutcomeUnknown, Retry, StoreUnavailable

T = TypeVar("T")

AGAIN = "run the command again: what was saved by then stays"
"""The next step after an unknown outcome of what may be done twice."""


class Database:
    """One store: opens sessions, each for one user.

    Args:
        target: where the store is.
        founder: makes the first user and key of an embedded store that does not exist yet.
        limits: how long is waited for a server.
        announce: told what is being waited for, if that takes long.
        notify: told what was done that a person should know of.
    """

    def __init__(
        self,
        target: Target,
        founder: Callable[[], Founder],
        *,
        limits: Limits | None = None,
        announce: Callable[[str], None] = lambda _: None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.target = target
        self.founder = founder
        self.notify = notify
        self._tries = Tries(limits or Limits())
        self._announce = announce
        self._is_current = False

    def to(self, target: Target) -> Database:
        """Another way to the same store, with the same patience."""
        return Database(target, self.founder, limits=self._tries.limits, announce=self._announce)

    @property
    def engine(self) -> AsyncEngine:
        return self._usual

    @cached_property
    def _usual(self) -> AsyncEngine:
        return make_engine(
            self.target, tries=self._tries, announce=lambda text: self._announce(text)
        )

    def lend(
        self,
        founder: Callable[[], Founder],
        announce: Callable[[str], None],
        notify: Callable[[str], None],
    ) -> None:
        """Serve another command, which brings its own; the embedded store is checked anew."""
        self.founder = founder
        self.notify = notify
        self._announce = announce
        self._is_current = False

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections are open, and how many of these are in use."""
        pools = [engine.pool for engine in self._engines() if isinstance(engine.pool, QueuePool)]
        used = sum(pool.checkedout() for pool in pools)
        return used + sum(pool.checkedin() for pool in pools), used

    def _engines(self) -> list[AsyncEngine]:
        """Those that have been made."""
        return [self._usual] if "_usual" in self.__dict__ else []

    async def repeated(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make an attempt, and another if a server could not answer it, until time is up.

        Attempts that only read may be repeated, and those that find out what became of the one
        before. Connecting is repeated without this, too.
        """
        if self.target.engine == "sqlite":
            return await attempt()
        return await repeated(attempt, self._tries)

    @asynccontextmanager
    async def read(self, user_id: str) -> AsyncIterator[AsyncSession]:
        """A session for statements that change nothing, each seeing what is committed.

        Raises:
            StoreUnavailable, SchemaMismatch, NotSignedIn: as the driver's error means.
        """
        engine = self.engine
        if self.target.engine == "postgresql":
            engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with self._session(engine, user_id) as session:
            yield session

    @asynccontextmanager
    async def snapshot(self, user_id: str) -> AsyncIterator[AsyncSession]:
        """A session for reads that belong together, or that stream by a cursor.

        It may rest as long as whoever takes what it found wants to.
        """
        self._tries.begin()
        engine = self.engine.execution_options(postgresql_readonly=True)
        async with self._session(engine, user_id) as session:
            yield session

    @asynccontextmanager
    async def write(self, user_id: str, *, dry_run: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction: committed if the body ends well, else, or on a dry run, rolled back.

        Raises:
            OutcomeUnknown: the connection broke during COMMIT.
        """
        engine = self.engine.execution_options(writes=True)
        async with self._session(engine, user_id) as session:
            yield session
            if dry_run:
                await session.rollback()
                return
            await self._committed(session.commit(), "look with `todo log` before you repeat it")

    async def _committed(self, commit: Awaitable[None], unknown: str | None) -> None:
        """Commit; `unknown` is the next step where nobody knows whether anything was saved."""
        try:
            with translated(self.target):
                await commit
        except StoreUnavailable as error:
            if self.target.engine == "sqlite" or unknown is None:
                raise
            raise OutcomeUnknown(
                "not known whether it was saved: the connection broke while saving",
                hint=unknown,
                retry=Retry.PATIENTLY,
            ) from error

    @asynccontextmanager
    async def bare(self, *, unknown: str | None = None) -> AsyncIterator[AsyncConnection]:
        """A connection for the schema's own business, in one transaction; never for tasks.

        Args:
            unknown: the next step where the connection broke during COMMIT; None if nothing is
                changed.

        Raises:
            OutcomeUnknown: it broke then, and something may have been changed.
        """
        engine = make_engine(
            self.target,
            for_migration=self.target.engine == "postgresql",
            tries=self._tries,
            announce=self._announce,
        )
        self._tries.begin()
        try:
            with translated(self.target):
                self.check_log()
                async with engine.execution_options(writes=True).connect() as connection:
                    transaction = await connection.begin()
                    yield connection
                    await self._committed(transaction.commit(), unknown)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine, user_id: str) -> AsyncIterator[AsyncSession]:
        with translated(self.target):
            await self._make_current()
            async with AsyncSession(
                engine,
                sync_session_class=UserSession,
                autoflush=False,
                expire_on_commit=False,
                info={"user_id": user_id},
            ) as session:
                yield session

    async def _make_current(self) -> None:
        """An embedded store is created and migrated by itself; a server's only by `db upgrade`."""
        if self._is_current or not isinstance(self.target, SqliteTarget):
            return
        from neontodo.db import embedded

        self.check_log()
        await embedded.make_current(self.target, self.engine, self.founder, self.notify)
        self._is_current = True

    def check_log(self) -> None:
        """Before an embedded store is opened: make sure that no other store's log is beside it.

        Raises:
            StoreUnavailable: it is, and in use.
        """
        if isinstance(self.target, SqliteTarget) and not self.connections[0]:
            from neontodo.db import write_ahead_log

            write_ahead_log.check(self.target.path, self.notify)

    async def close(self) -> None:
        for engine in self._engines():
            await engine.dispose()
