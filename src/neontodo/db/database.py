"""The only opener of sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from neontodo.db.engine import make_engine
from neontodo.db.errors import translated
from neontodo.db.founding import Founder
from neontodo.db.session import UserSession
from neontodo.db.url import SqliteTarget, Target
from neontodo.errors import OutcomeUnknown, StoreUnavailable


class Database:
    """One store: opens sessions, each for one user.

    Args:
        target: where the store is.
        founder: makes the first user and key of an embedded store that does not exist yet.
    """

    def __init__(self, target: Target, founder: Callable[[], Founder]) -> None:
        self.target = target
        self.founder = founder
        self._is_current = False

    @cached_property
    def engine(self) -> AsyncEngine:
        return make_engine(self.target)

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
        """A session for reads that belong together, or that stream by a cursor."""
        async with self._session(self.engine, user_id) as session:
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
            try:
                with translated(self.target):
                    await session.commit()
            except StoreUnavailable as error:
                if self.target.engine == "sqlite":
                    raise
                raise OutcomeUnknown(
                    "not known whether it was saved: the connection broke while saving",
                    hint="look with `todo log` before you repeat it",
                ) from error

    @asynccontextmanager
    async def bare(self) -> AsyncIterator[AsyncConnection]:
        """A connection for the schema's own business, in one transaction; never for tasks."""
        with translated(self.target):
            async with self.engine.execution_options(writes=True).begin() as connection:
                yield connection

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

        await embedded.make_current(self.target, self.engine, self.founder)
        self._is_current = True

    async def close(self) -> None:
        if "engine" in self.__dict__:
            await self.engine.dispose()
