"""The schema's migrations, run by Alembic: planned from a store's version, then run as one.

A store's *version* is the newest revision that was run there. A *migration* takes it from one
version to another, as an upgrade or a downgrade.
"""

from __future__ import annotations

import io
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TextIO

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from neontodo.db import embedded
from neontodo.db.blocking_sessions import run_without_blockers
from neontodo.db.database import Database, translate_errors
from neontodo.db.schema import (
    HEAD,
    VERSION_TABLE,
    add_first_user,
    find_schema,
    has_users,
    read_version,
    require_no_tables,
)
from neontodo.db.url import PostgresTarget, SqliteTarget
from neontodo.errors import BadValue, SchemaMismatch, StoreUnavailable
from neontodo.models import Task

BASE = "base"
"""Alembic's name for the state before the first revision."""

Direction = Literal["upgrade", "downgrade"]

VALIDATE_CHECKS = f"""
DO $todo$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT CAST(conrelid AS regclass) AS altered, conname FROM pg_constraint
        JOIN pg_class ON pg_class.oid = conrelid
        WHERE NOT convalidated AND contype = 'c'
        AND relnamespace = CAST(current_schema() AS regnamespace)
        AND relname IN ({", ".join(f"'{name}'" for name in sorted(SQLModel.metadata.tables))})
    LOOP
        BEGIN
            EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', found.altered, found.conname);
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END $todo$
"""
"""Makes Postgres rely on each check that no row breaks; the others are for new rows only.

Those were added to a table that had rows which plain SQL had written.
"""


@dataclass(frozen=True)
class Migration:
    """A way from one version to another, with a line for each revision that it runs.

    The version None is a store without tables; `backup` is the copy that was made of an embedded
    store.
    """

    before: str | None
    after: str | None
    steps: tuple[str, ...] = ()
    backup: Path | None = None


async def read_store_version(database: Database) -> str | None:
    """Return the version of a store; None if it has no tables, or does not exist."""
    if not isinstance(database.target, SqliteTarget):
        async with database.connect() as connection:
            return await connection.run_sync(read_version)
    if not embedded.has_store(database.target.path):
        return None
    with translate_errors(database.target):
        database.set_foreign_log_aside()
        return await database.read_embedded_version()


async def migrate_store(
    database: Database, direction: Direction = "upgrade", revision: str = "head"
) -> Migration:
    """Run a migration on a store; one of the newest version without users gets its first user.

    An embedded store is created if it does not exist, and copied before it is changed. It raises
    what `migrate` does, and StoreUnavailable if the server cannot be reached directly.
    """
    target = database.target
    if not isinstance(target, SqliteTarget):
        work = _migrate_server(database, target, direction, revision)
        return await run_without_blockers(database, work)
    with translate_errors(target):
        if embedded.has_store(target.path):
            database.set_foreign_log_aside()
            make = database.make_first_user
            return await embedded.migrate_file(target.path, make, direction, revision)
        planned = plan(None, direction, revision)
        if planned.steps:
            await embedded.create_store(target.path, database.make_first_user(), revision)
        return planned


async def _migrate_server(
    database: Database, target: PostgresTarget, direction: Direction, revision: str
) -> Migration:
    # Migrations do not work through a pooler.
    direct = database.with_target(target.direct)
    hint = "`todo db current` prints the version that the store has now"
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(direct.connect(hint_if_unknown=hint))
        except StoreUnavailable as error:
            if not target.is_pooled:
                raise
            raise StoreUnavailable(
                f"migrations need the direct host: {error.message}", hint=error.hint
            ) from error
        migration = await connection.run_sync(migrate, direction, revision)
        if migration.after == HEAD and not await has_users(connection):
            await add_first_user(connection, database.make_first_user())
        return migration


async def write_upgrade_sql(database: Database, revision: str) -> str:
    """Return the SQL that upgrades a Postgres database, for somebody else to run; changes nothing.

    It is Alembic's offline mode, from the database's present version; only a comment if that is
    the version that is wanted. It raises what `migrate` does.
    """
    async with database.connect() as connection:
        version = await connection.run_sync(read_version)
        schema = await connection.run_sync(find_schema)
        migration = plan(version, "upgrade", revision)
        if migration.steps:
            await connection.run_sync(require_no_tables, version)
    if not migration.steps:
        return f"-- Nothing to do: the schema is at {version or BASE}.\n"
    config = _make_config(output := io.StringIO())
    lock = _write_lock(has_version=version is not None)
    config.attributes["schema"] = schema
    config.attributes["first"] = f"SET LOCAL search_path TO {schema}", lock
    command.upgrade(config, f"{version or BASE}:{migration.after}", sql=True)
    comment = f"-- The schema of todo, from {version or BASE} to {migration.after}.\n"
    comment += "-- Run this as the role that owns the tables"
    comment += ".\n" if version else " from then on; then `todo db upgrade` adds the first user.\n"
    return comment + output.getvalue()


def require_head(version: str | None, store: str) -> None:
    """Raise SchemaMismatch if a store has no tables, or an older or newer version."""
    if version is None:
        hint = "`todo db upgrade` creates them"
        raise SchemaMismatch(f"{store} has no todo tables yet", hint=hint)
    require_known(version, store)
    if version != HEAD:
        raise SchemaMismatch(
            f"{store} has an older schema ({version}) than this program ({HEAD})",
            hint="`todo db upgrade` brings it there",
        )


def require_known(version: str | None, store: str = "the store") -> None:
    """Raise SchemaMismatch if a newer program has migrated a store."""
    if version not in (known for known, _ in _list_revisions()):
        raise SchemaMismatch(
            f"{store} is of a newer version ({version}) than this program ({HEAD})",
            hint="upgrade neontodo",
        )


def plan(version: str | None, direction: Direction, revision: str) -> Migration:
    """Return the migration from a version to `revision`, `head` or `base`.

    It has no steps if `revision` is not in this direction.

    Raises:
        BadValue: there is no such revision.
        SchemaMismatch: the program does not know the version.
    """
    revisions = _list_revisions()
    names = [name for name, _ in revisions]
    require_known(version)
    wanted = {"head": names[-1], BASE: None}.get(revision, revision)
    if wanted not in names:
        hint = f"there are {', '.join(filter(None, names))}, head and base"
        raise BadValue(f"there is no revision `{revision}`", hint=hint)
    start, end = names.index(version), names.index(wanted)
    way = revisions[start + 1 : end + 1] if direction == "upgrade" else revisions[start:end:-1]
    if not way:
        return Migration(version, version)
    return Migration(version, wanted, tuple(f"{name} {doc.rstrip('.')}" for name, doc in way))


@cache
def _list_revisions() -> list[tuple[str | None, str]]:
    """Return each revision and what it does, the oldest first, after the store without tables."""
    scripts = ScriptDirectory.from_config(_make_config()).walk_revisions()
    return [(None, ""), *reversed([(script.revision, script.doc) for script in scripts])]


def _make_config(output: TextIO | None = None) -> Config:
    """Return Alembic's configuration, without its file; `output` is for SQL."""
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(find_scripts()).replace("%", "%%"))
    return config


def find_scripts() -> Path:
    """Return the folder of the migrations: in the wheel, or in the checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "_migrations"
    return shipped if shipped.is_dir() else package.parents[1] / "migrations"


def migrate(
    connection: sa.Connection, direction: Direction = "upgrade", revision: str = "head"
) -> Migration:
    """Run a migration on a connection whose transaction the caller owns.

    A downgrade may drop what only newer versions keep; one to `base` drops the tables.

    Raises:
        Refused: the database has another program's tables under names that ours need.
        SchemaMismatch: the program does not know the version, or it is lost.
        BadValue: there is no such revision.
    """
    is_upgrade, is_server = direction == "upgrade", connection.dialect.name == "postgresql"
    if is_server:
        has_version = sa.inspect(connection).has_table(VERSION_TABLE)
        connection.exec_driver_sql(_write_lock(has_version))
    migration = plan(read_version(connection), direction, revision)
    if is_upgrade and migration.steps:
        require_no_tables(connection, migration.before)
    if migration.steps:
        config = _make_config()
        config.attributes["connection"] = connection
        run = command.upgrade if is_upgrade else command.downgrade
        run(config, migration.after or BASE)
    if is_upgrade and is_server and migration.after == HEAD:
        connection.exec_driver_sql(VALIDATE_CHECKS)
    return migration


def _write_lock(has_version: bool) -> str:
    """Return the statement that the other migrations wait in; then they find the work done.

    On a database that is shared, any member could hold an advisory lock; of the table they only get
    the weakest lock.
    """
    if has_version:
        return f"LOCK TABLE {VERSION_TABLE} IN EXCLUSIVE MODE"
    return f"SELECT pg_advisory_xact_lock({0x7465_6F64_6F6E})"


def configure_options(dialect: str, schema: str) -> dict[str, Any]:
    """Return the options of `context.configure`; `todo_schema` is for our own revisions.

    Only this program's tables are compared.
    """

    def include(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        if kind != "table":
            return True
        engine = item.info.get("engine")
        return not (reflected and other is None) and engine in (None, dialect)

    return {
        "target_metadata": Task.metadata,
        "version_table": VERSION_TABLE,
        "render_as_batch": dialect == "sqlite",
        "include_object": include,
        "todo_schema": schema,
    }
