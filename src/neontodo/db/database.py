"""The only opener of sessions, and what a driver's errors mean to the rest of the program."""

from __future__ import annotations

import sqlite3
from asyncio import CancelledError
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import QueuePool

from neontodo.db import errors_postgres, errors_sqlite
from neontodo.db.engine import make_engine
from neontodo.db.retry import RetryTimer, TimeLimits, run_with_retries
from neontodo.db.schema import HEAD, FirstUser
from neontodo.db.session_guard import UserSession
from neontodo.db.url import SqliteTarget, Target
from neontodo.errors import OutcomeUnknown, Retry, StoreUnavailable

T = TypeVar("T")

AGAIN = "run the command again: what was saved by then stays"
"""The next step after an unknown outcome of what may be done twice."""


@contextmanager
def translate_errors(target: Target) -> Iterator[None]:
    """Raise a TodoError in place of whatever a driver raises inside.

    Its message never quotes the driver's, which may hold a statement's parameters, a path or a
    password.
    """
    try:
        yield
    except (exc.SQLAlchemyError, OSError, TimeoutError, sqlite3.Error) as error:
        engine = errors_sqlite if target.engine == "sqlite" else errors_postgres
        raise engine.translate(error, target.display) from error


class Database:
    """One store: opens sessions, each for one user.

    Args:
        make_first_user: makes the user that a store without users gets.
        announce: shows what is being waited for, if that takes long.
        notify: reports what was done that a person should know of.
    """

    _read_only: AsyncEngine | None = None
    """The engine of an embedded store that this command can only read."""

    def __init__(
        self,
        target: Target,
        make_first_user: Callable[[], FirstUser],
        *,
        limits: TimeLimits | None = None,
        announce: Callable[[str], None] = lambda _: None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.target = target
        self._timer = RetryTimer(limits or TimeLimits())
        self.reuse_for_next_command(make_first_user, announce, notify)

    def with_target(self, target: Target) -> Database:
        """Return a Database for another way to the same store, with the same time limits."""
        limits, announce = self._timer.limits, self._announce
        return Database(target, self.make_first_user, limits=limits, announce=announce)

    @property
    def engine(self) -> AsyncEngine:
        return self._read_only or self._usual

    @cached_property
    def _usual(self) -> AsyncEngine:
        return make_engine(
            self.target, timer=self._timer, announce=lambda text: self._announce(text)
        )

    def reuse_for_next_command(
        self,
        make_first_user: Callable[[], FirstUser],
        announce: Callable[[str], None],
        notify: Callable[[str], None],
    ) -> None:
        """Take a command's own functions, and check the embedded store before it is opened."""
        self.make_first_user = make_first_user
        self.notify = notify
        self._announce = announce
        self._is_current = False
        self._read_only = None

    def count_connections(self) -> tuple[int, int]:
        """Return how many connections are open, and how many of these are in use."""
        pools = [engine.pool for engine in self._engines() if isinstance(engine.pool, QueuePool)]
        used = sum(pool.checkedout() for pool in pools)
        return used + sum(pool.checkedin() for pool in pools), used

    def _engines(self) -> list[AsyncEngine]:
        """Return the engines that have been made."""
        return [self._usual] if "_usual" in self.__dict__ else []

    async def run_with_retries(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make an attempt, and another if a server could not answer it, until time is up.

        Attempts that only read may be repeated, and those that find out what became of the one
        before. Connecting is repeated without this, too.
        """
        if self.target.engine == "sqlite":
            return await attempt()
        return await run_with_retries(attempt, self._timer)

    @asynccontextmanager
    async def read(self, user_id: str) -> AsyncIterator[AsyncSession]:
        """Open a session for statements that change nothing, each seeing what is committed.

        Raises:
            StoreUnavailable, SchemaMismatch, NotSignedIn: as the driver's error means.
        """
        is_postgres = self.target.engine == "postgresql"
        options = {"isolation_level": "AUTOCOMMIT"} if is_postgres else {}
        async with self._session(user_id, options) as session:
            yield session

    @asynccontextmanager
    async def snapshot(self, user_id: str) -> AsyncIterator[AsyncSession]:
        """Open a session for reads that belong together, or that stream by a cursor.

        All see the store as the first one does. The server sets no limit to the time between two of
        its statements.
        """
        self._timer.restart()
        options: dict[str, Any] = {"holds_still": True}
        if self.target.engine == "postgresql":
            options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        async with self._session(user_id, options) as session:
            yield session

    @asynccontextmanager
    async def write(self, user_id: str, *, dry_run: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a session in a transaction that is committed if the body ends without an error.

        After an error, or on a dry run, it is rolled back.

        Raises:
            OutcomeUnknown: the connection broke during COMMIT.
        """
        async with self._session(user_id, {"writes": True}) as session:
            yield session
            if dry_run:
                await session.rollback()
                return
            await self._commit(session.commit(), "check `todo log` before you repeat it")

    async def _commit(self, commit: Awaitable[None], hint_if_unknown: str | None) -> None:
        """Commit; the hint is for when nobody knows afterwards whether anything was saved."""
        try:
            with translate_errors(self.target):
                await commit
        except (StoreUnavailable, CancelledError) as error:
            is_known = self.target.engine == "sqlite" or hint_if_unknown is None
            if is_known or errors_postgres.is_refused_commit(error.__cause__):
                raise
            is_interrupted = isinstance(error, CancelledError)
            what = "it was interrupted" if is_interrupted else "the connection broke"
            unknown = OutcomeUnknown(
                f"not known whether it was saved: {what} while saving",
                hint=hint_if_unknown,
                retry=Retry.PATIENTLY,
            )
            if is_interrupted:
                raise error from unknown
            raise unknown from error

    @asynccontextmanager
    async def connect(
        self, *, hint_if_unknown: str | None = None
    ) -> AsyncIterator[AsyncConnection]:
        """Open a connection for schema and members, in one transaction; never for tasks.

        Raises:
            OutcomeUnknown: the connection broke during COMMIT. It has the hint, which is None where
                nothing is changed.
        """
        engine = make_engine(
            self.target,
            for_migration=self.target.engine == "postgresql",
            timer=self._timer,
            announce=self._announce,
        )
        self._timer.restart()
        try:
            with translate_errors(self.target):
                self.set_foreign_log_aside()
                async with engine.execution_options(writes=True).connect() as connection:
                    transaction = await connection.begin()
                    yield connection
                    await self._commit(transaction.commit(), hint_if_unknown)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def _session(self, user_id: str, options: dict[str, Any]) -> AsyncIterator[AsyncSession]:
        with translate_errors(self.target):
            await self._prepare_embedded_store()
            session = AsyncSession(
                self.engine.execution_options(**options),
                sync_session_class=UserSession,
                autoflush=False,
                expire_on_commit=False,
                info={"user_id": user_id},
            )
            with self._refuse_changes_of_others():
                async with session:
                    yield session

    def _refuse_changes_of_others(self) -> AbstractContextManager[None]:
        """Refuse what is read without locks while somebody else writes to the store."""
        if self._read_only is None or not isinstance(self.target, SqliteTarget):
            return nullcontext()
        from neontodo.db import read_only

        return read_only.refuse_changes(self.target.path)

    async def _prepare_embedded_store(self) -> None:
        """Create or migrate an embedded store; a server's is only changed by `db upgrade`."""
        if self._is_current or not isinstance(self.target, SqliteTarget):
            return
        from neontodo.db import embedded

        self.set_foreign_log_aside()
        path, engine = self.target.path, self._usual
        try:
            await embedded.create_or_upgrade(path, engine, self.make_first_user, self.notify)
        except exc.OperationalError as error:
            await self._read_without_files(error)
            if await embedded.read_version(self.engine) != HEAD:
                raise
        self._is_current = True

    async def _read_without_files(self, error: exc.OperationalError) -> None:
        """After an error of a store that is read-only, use an engine that needs no other files."""
        if not errors_sqlite.is_read_only(error, self.target.display):
            raise error
        await self._usual.dispose()
        self._read_only = make_engine(self.target, is_read_only=True)

    async def read_embedded_version(self) -> str | None:
        """Return the schema version of an embedded store as it is; None if it has none."""
        from neontodo.db import embedded

        try:
            return await embedded.read_version(self.engine)
        except exc.OperationalError as error:
            await self._read_without_files(error)
            return await embedded.read_version(self.engine)

    def set_foreign_log_aside(self) -> None:
        """Move another store's write-ahead log away before an embedded store is opened."""
        if isinstance(self.target, SqliteTarget) and not self.count_connections()[0]:
            from neontodo.db import write_ahead_log

            write_ahead_log.set_foreign_log_aside(self.target.path, self.notify)

    async def close(self) -> None:
        """Close all connections; the next session opens new ones."""
        for engine in self._engines():
            await engine.dispose()
