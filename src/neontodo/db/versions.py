"""The schema version of a store, read and moved; the same for both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.db import embedded, migrations, revisions
from neontodo.db.blocking import run_without_blockers
from neontodo.db.database import Database
from neontodo.db.errors import translated
from neontodo.db.founding import found, has_users
from neontodo.db.revisions import Migration
from neontodo.db.schema import HEAD
from neontodo.db.url import PostgresTarget, SqliteTarget
from neontodo.errors import SchemaMismatch, StoreUnavailable

LOOK = "`todo db current` shows the version that there is"


async def current(database: Database) -> str | None:
    """The store's version; None if it has no schema, or is not there. Changes nothing."""
    if not isinstance(database.target, SqliteTarget):
        async with database.bare() as connection:
            return await connection.run_sync(migrations.current)
    if not embedded.is_there(database.target.path):
        return None
    with translated(database.target):
        database.check_log()
        return await embedded.stored_version(database.engine)


async def check(database: Database) -> None:
    """Make sure that the store is of this program's version. Changes nothing.

    Raises:
        SchemaMismatch: it has no schema, or an older or newer one.
    """
    require_current(await current(database), database.target.display)


def require_current(version: str | None, store: str) -> str:
    """The version, if it is this program's.

    Raises:
        SchemaMismatch: the store has no schema, or an older or newer one.
    """
    if version is None:
        raise SchemaMismatch(
            f"{store} has no tables of todo yet", hint="`todo db upgrade` makes them"
        )
    if not revisions.is_known(version):
        raise revisions.newer(version, store)
    if version != HEAD:
        raise SchemaMismatch(
            f"{store} is of an older version ({version}) than this program ({HEAD})",
            hint="`todo db upgrade` brings it there",
        )
    return version


async def planned(
    database: Database, way: Callable[[str | None, str], Migration], revision: str
) -> Migration:
    """What an upgrade (`revisions.upward`) or downgrade (`downward`) would do. Changes nothing."""
    return way(await current(database), revision)


async def upgrade(database: Database, revision: str = "head") -> Migration:
    """Migrate up to `revision`; a store without users is given to its founder."""
    target = database.target
    if not isinstance(target, SqliteTarget):
        return await run_without_blockers(database, _upgrade(database, revision))
    with translated(target):
        if not embedded.is_there(target.path):
            planned = revisions.upward(None, revision)
            if planned.steps:
                await embedded.create(target.path, database.founder(), revision)
            return planned
        database.check_log()
        return await embedded.upgrade(target, revision, founder=database.founder)


async def downgrade(database: Database, revision: str) -> Migration:
    """Migrate down to `revision`, which may drop what only newer versions keep."""
    target = database.target
    if not isinstance(target, SqliteTarget):
        return await run_without_blockers(database, _downgrade(database, revision))
    if not embedded.is_there(target.path):
        return revisions.downward(None, revision)
    with translated(target):
        database.check_log()
        return await embedded.downgrade(target, revision)


async def _upgrade(database: Database, revision: str) -> Migration:
    async with _direct(database) as connection:
        migration = await connection.run_sync(migrations.upgrade, revision)
        if migration.after == HEAD and not await has_users(connection):
            await found(connection, database.founder())
        return migration


async def _downgrade(database: Database, revision: str) -> Migration:
    async with _direct(database) as connection:
        return await connection.run_sync(migrations.downgrade, revision)


@asynccontextmanager
async def _direct(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection to a server without a pooler in between, which migrations do not work through.

    Raises:
        StoreUnavailable: only the pooled host answers.
    """
    target = database.target
    if not isinstance(target, PostgresTarget) or not target.is_pooled:
        async with database.bare(unknown=LOOK) as connection:
            yield connection
        return
    async with AsyncExitStack() as opened:
        try:
            connection = await opened.enter_async_context(
                database.to(target.direct).bare(unknown=LOOK)
            )
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"migrations need the direct host: {error.message}", hint=error.hint
            ) from error
        yield connection
