"""The file of an embedded store: created whole or not at all, backed up, migrated."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from neontodo.db import write_ahead_log
from neontodo.db.engine import make_engine
from neontodo.db.errors_sqlite import restore_hint
from neontodo.db.schema import (
    HEAD,
    STORED_VERSION,
    FirstUser,
    add_first_user,
    has_users,
    require_no_tables,
)
from neontodo.db.url import SqliteTarget
from neontodo.errors import SchemaMismatch, StoreUnavailable
from neontodo.filesystem import (
    clear_temporary_folders,
    make_file,
    make_folder,
    open_temporary_folder,
    publish,
    remove_empty_file,
)

if TYPE_CHECKING:
    from neontodo.db.migrations import Direction, Migration

_JOURNAL_MODE = sa.text("(SELECT journal_mode FROM pragma_journal_mode)")


async def create_or_upgrade(
    path: Path,
    engine: AsyncEngine,
    make_first_user: Callable[[], FirstUser],
    notify: Callable[[str], None],
) -> None:
    """Create the store if it never existed; upgrade it if it has an older version.

    Raises:
        StoreUnavailable: it existed, and does not any more.
        SchemaMismatch: it has a newer version, or is another program's database.
    """
    if not path.exists():
        first_user = make_first_user()
        if first_user.has_lost_store:
            raise lost_store_error(path)
        await create_store(path, first_user)
        return
    if not has_store(path):
        raise lost_store_error(path)
    async with engine.connect() as connection:
        version, mode = await _read_version_and_mode(connection)
        if version == HEAD and mode != "wal":
            # A copy by VACUUM INTO was put here. Without a log readers and writers would wait.
            await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    if version == HEAD:
        return
    from neontodo.db import migrations

    migrations.require_known(version, f"the store {path}")
    await migrate_file(path, make_first_user)
    if version is None:
        notify(f"{path} had no todo tables: created empty ones")


def has_store(path: Path) -> bool:
    """Tell whether there is a store of any version; it is created whole, never empty."""
    return path.exists() and path.stat().st_size > 0


def lost_store_error(path: Path) -> StoreUnavailable:
    """Return the error for a store that was lost, in whose place none may be created."""
    what = "is empty: it has 0 bytes" if path.exists() else "is missing, and was there before"
    return StoreUnavailable(
        f"the store {path} {what}",
        hint=f"{restore_hint(path)}; `todo db upgrade` creates a new, empty store",
    )


async def read_version(engine: AsyncEngine) -> str | None:
    """Return the schema version of the store; None if it has none."""
    async with engine.connect() as connection:
        return (await _read_version_and_mode(connection))[0]


async def _read_version_and_mode(connection: AsyncConnection) -> tuple[str | None, str | None]:
    """Return schema version and journal mode of the store; None twice if it has no version."""
    try:
        row = (await connection.execute(STORED_VERSION.add_columns(_JOURNAL_MODE))).first()
    except sa.exc.OperationalError as error:
        if "no such table" in str(error.orig):
            return None, None
        raise
    return (None, None) if row is None else (str(row[0]), str(row[1]))


async def create_store(path: Path, first_user: FirstUser, revision: str = "head") -> None:
    """Build the store beside its place, then put it there in one step.

    Two first commands at once cannot meet a half-made store; the second to finish drops its own.
    """
    make_folder(path.parent)
    with open_temporary_folder(path.parent) as folder:
        new = folder / path.name
        make_file(new)
        with contextlib.closing(sqlite3.connect(new)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        await migrate_file(new, lambda: first_user, revision=revision)
        remove_empty_file(path)
        # SQLite would replay a log that was left without its store onto the new one.
        publish(new, path, partial(write_ahead_log.set_log_aside, path))
    clear_temporary_folders(path.parent, path.name)
    first_user.remember_store()


async def migrate_file(
    path: Path,
    make_first_user: Callable[[], FirstUser],
    direction: Direction = "upgrade",
    revision: str = "head",
) -> Migration:
    """Run a migration after a backup copy; a store without users gets its first user.

    It holds the store's write lock and enforces no foreign keys meanwhile: rebuilding a table would
    delete its children's rows.
    """
    from neontodo.db import migrations

    engine = make_engine(SqliteTarget(path), for_migration=True)
    try:
        async with engine.execution_options(writes=True).begin() as connection:
            version, _ = await _read_version_and_mode(connection)
            migration = migrations.plan(version, direction, revision)
            if migration.steps:
                if direction == "upgrade":
                    # No copy is made of what is then refused: it would count as the newest.
                    await connection.run_sync(require_no_tables, version)
                backup = await asyncio.to_thread(back_up, path)
                migration = await connection.run_sync(migrations.migrate, direction, revision)
                if (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first():
                    raise SchemaMismatch(f"the store {path} has rows without their user")
                migration = replace(migration, backup=backup)
            if migration.after == HEAD and not await has_users(connection):
                await add_first_user(connection, make_first_user())
    finally:
        await engine.dispose()
    return migration


def back_up(path: Path) -> Path | None:
    """Copy a store to `NAME.backup-TIME`; return the copy, or None if there was nothing in it."""
    from neontodo.db.verified_copy import copy_store

    uri = f"{path.as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source:
        # What is copied and what that is compared with are the same state.
        source.execute("BEGIN")
        if not source.execute("SELECT 1 FROM sqlite_master").fetchone():
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        copy = path.with_name(f"{path.name}.backup-{stamp}")
        copy_store(source, copy)
    return copy
