"""The life of an embedded store's file: made whole or not at all, backed up, migrated."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from neontodo.db import new_files, write_ahead_log
from neontodo.db.engine import make_engine
from neontodo.db.errors_sqlite import restore_hint
from neontodo.db.founding import Founder, found, has_users
from neontodo.db.schema import HEAD, STORED_VERSION
from neontodo.db.url import SqliteTarget
from neontodo.errors import SchemaMismatch, StoreUnavailable

if TYPE_CHECKING:
    from neontodo.db.revisions import Migration

VERSION_AND_MODE = STORED_VERSION.add_columns(
    sa.text("(SELECT journal_mode FROM pragma_journal_mode)")
)


async def make_current(
    target: SqliteTarget,
    engine: AsyncEngine,
    founder: Callable[[], Founder],
    notify: Callable[[str], None],
) -> None:
    """Create the store if it never was there; migrate it if it is of an older version.

    Raises:
        StoreUnavailable: it was there, and is not any more.
        SchemaMismatch: it is of a newer version, or somebody else's database.
    """
    if not target.path.exists():
        who = founder()
        if who.has_lost_store:
            raise lost_store(target.path)
        await create(target.path, who)
        return
    if not is_there(target.path):
        raise lost_store(target.path)
    async with engine.connect() as connection:
        version, mode = await _version(connection)
        if version == HEAD and mode != "wal":
            # A copy by VACUUM INTO was put here. Without a log readers and writers would wait.
            await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    if version == HEAD:
        return
    from neontodo.db import revisions

    if version is not None and not revisions.is_known(version):
        raise revisions.newer(version, f"the store {target.path}")
    await upgrade(target, founder=founder)
    if version is None:
        notify(f"{target.path} had no tables of todo: made new ones, without tasks")


def is_there(path: Path) -> bool:
    """Whether there is a store, of whatever version; it is put in its place whole, never empty."""
    return path.exists() and path.stat().st_size > 0


def lost_store(path: Path) -> StoreUnavailable:
    """The refusal to use an empty store in place of one that was lost."""
    what = "is empty: it has 0 bytes" if path.exists() else "is missing, and was there before"
    return StoreUnavailable(
        f"the store {path} {what}",
        hint=f"{restore_hint(path)}; `todo db upgrade` makes a new store without tasks",
    )


async def stored_version(engine: AsyncEngine) -> str | None:
    """The schema version written in the store; None if there is none."""
    async with engine.connect() as connection:
        return (await _version(connection))[0]


async def _version(connection: AsyncConnection) -> tuple[str | None, str | None]:
    """The schema version and the journal mode of the store; None if it has no version."""
    try:
        found = (await connection.execute(VERSION_AND_MODE)).first()
    except sa.exc.OperationalError as error:
        if "no such table" in str(error.orig):
            return None, None
        raise
    return (None, None) if found is None else (str(found[0]), str(found[1]))


async def create(path: Path, founder: Founder, revision: str = "head") -> None:
    """Build the store beside its place, then put it there in one step.

    Two first commands at once cannot meet a half-made store; the second to finish drops its own.
    """
    new_files.make_folder(path.parent)
    with new_files.temporary_folder(path.parent) as folder:
        new = SqliteTarget(folder / path.name)
        new_files.make_file(new.path)
        with contextlib.closing(sqlite3.connect(new.path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        await upgrade(new, revision, founder=lambda: founder)
        new_files.remove_empty(path)
        # SQLite would replay a log that was left without its store onto the new one.
        new_files.publish(new.path, path, partial(write_ahead_log.set_aside, path))
    new_files.clear_temporary_folders(path.parent, path.name)
    founder.remember_store()


async def upgrade(
    target: SqliteTarget, revision: str = "head", *, founder: Callable[[], Founder]
) -> Migration:
    """Migrate up to `revision`, after a backup copy; a store without users gets its founder."""
    from neontodo.db import migrations, revisions

    async with _for_migration(target) as connection:
        migration = await _migrate(
            target, connection, migrations.upgrade, revisions.upward, revision
        )
        if migration.after == HEAD and not await has_users(connection):
            await found(connection, founder())
    return migration


async def downgrade(target: SqliteTarget, revision: str) -> Migration:
    """Migrate down to `revision`, after a backup copy."""
    from neontodo.db import migrations, revisions

    async with _for_migration(target) as connection:
        return await _migrate(
            target, connection, migrations.downgrade, revisions.downward, revision
        )


@contextlib.asynccontextmanager
async def _for_migration(target: SqliteTarget) -> AsyncIterator[AsyncConnection]:
    """A connection that holds the store's write lock and enforces no foreign keys.

    Rebuilding a table would otherwise delete its children's rows.
    """
    engine = make_engine(target, for_migration=True)
    try:
        async with engine.execution_options(writes=True).begin() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _migrate(
    target: SqliteTarget,
    connection: AsyncConnection,
    step: Callable[[sa.Connection, str], Migration],
    plan: Callable[[str | None, str], Migration],
    revision: str,
) -> Migration:
    from neontodo.db import migrations

    planned = plan((await _version(connection))[0], revision)
    if not planned.steps:
        return planned
    if planned.before is None:
        # No copy is made of what is then refused: it would count as the newest.
        await connection.run_sync(migrations.require_no_tables)
    backup = await asyncio.to_thread(back_up, target.path)
    migration = await connection.run_sync(step, revision)
    if (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first():
        raise SchemaMismatch(f"the store {target.path} has rows without their user")
    return replace(migration, backup=backup)


def back_up(path: Path) -> Path | None:
    """Copy a store that holds something to `NAME.backup-TIME`; the copy's path, if one was made."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source:
        if not source.execute("SELECT 1 FROM sqlite_master").fetchone():
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        copy = path.with_name(f"{path.name}.backup-{stamp}")
        new_files.make_file(copy)
        with contextlib.closing(sqlite3.connect(copy)) as destination:
            source.backup(destination)
    return copy
