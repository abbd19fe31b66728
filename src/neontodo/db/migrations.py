"""The schema's migrations, run by Alembic: planned from a store's version, then run as one.

A store's *version* is the newest revision that was run there. A *migration* takes it from one
version to another, as an upgrade or a downgrade.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from neontodo.db import embedded
from neontodo.db.blocking import run_without_blockers
from neontodo.db.database import Database, translate_errors
from neontodo.db.errors_sqlite import restore_hint
from neontodo.db.schema import HEAD, STORED_VERSION, VERSION_TABLE, add_first_user, has_users
from neontodo.db.url import PostgresTarget, SqliteTarget
from neontodo.errors import BadValue, Refused, SchemaMismatch, StoreUnavailable
from neontodo.models import Task

PACKAGE = Path(__file__).parents[1]
BASE = "base"
"""Alembic's name for the state before the first revision."""

LOOK = "`todo db current` prints the version that the store has now"

Direction = Literal["upgrade", "downgrade"]


@dataclass(frozen=True)
class Migration:
    """A way from one version to another; None is a store without tables.

    Attributes:
        before: the version at the start.
        after: the version at the end.
        steps: a line for each revision on the way.
        backup: the copy that was made of an embedded store.
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
        database.require_own_log()
        return await embedded.read_version(database.engine)


async def plan_for_store(database: Database, direction: Direction, revision: str) -> Migration:
    """Return the migration that `migrate_store` would run."""
    return plan(await read_store_version(database), direction, revision)


async def migrate_store(
    database: Database, direction: Direction = "upgrade", revision: str = "head"
) -> Migration:
    """Run a migration on a store; one of the newest version without users gets its first user.

    An embedded store is created if it does not exist, and copied before it is changed.

    Raises:
        Refused, SchemaMismatch, BadValue: as `migrate` does.
        StoreUnavailable: the server cannot be reached directly.
    """
    target = database.target
    if not isinstance(target, SqliteTarget):
        return await run_without_blockers(database, _migrate_server(database, direction, revision))
    with translate_errors(target):
        if embedded.has_store(target.path):
            database.require_own_log()
            return await embedded.migrate_file(
                target, database.make_first_user, direction, revision
            )
        planned = plan(None, direction, revision)
        if planned.steps:
            await embedded.create_store(target.path, database.make_first_user(), revision)
        return planned


async def _migrate_server(database: Database, direction: Direction, revision: str) -> Migration:
    async with _connect_directly(database) as connection:
        migration = await connection.run_sync(migrate, direction, revision)
        if migration.after == HEAD and not await has_users(connection):
            await add_first_user(connection, database.make_first_user())
        return migration


@asynccontextmanager
async def _connect_directly(database: Database) -> AsyncIterator[AsyncConnection]:
    """Connect without the pooler, which migrations do not work through.

    Raises:
        StoreUnavailable: only the pooled host answers.
    """
    target = database.target
    if not isinstance(target, PostgresTarget) or not target.is_pooled:
        async with database.connect(unknown=LOOK) as connection:
            yield connection
        return
    async with AsyncExitStack() as stack:
        direct = database.with_target(target.direct)
        try:
            connection = await stack.enter_async_context(direct.connect(unknown=LOOK))
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"migrations need the direct host: {error.message}", hint=error.hint
            ) from error
        yield connection


async def require_current(database: Database) -> None:
    """Check that a store has this program's version; raises as `require_head` does."""
    require_head(await read_store_version(database), database.target.display)


def require_head(version: str | None, store: str) -> str:
    """Return the version if it is this program's.

    Raises:
        SchemaMismatch: the store has no tables, or an older or newer version.
    """
    if version is None:
        raise SchemaMismatch(
            f"{store} has no tables of todo yet", hint="`todo db upgrade` makes them"
        )
    if not is_known(version):
        raise newer_version_error(version, store)
    if version != HEAD:
        raise SchemaMismatch(
            f"{store} is of an older version ({version}) than this program ({HEAD})",
            hint="`todo db upgrade` brings it there",
        )
    return version


def is_known(version: str | None) -> bool:
    """Tell whether this program has the revision."""
    return version in (known for known, _ in _list_revisions())


def newer_version_error(version: str, store: str = "the store") -> SchemaMismatch:
    """Return the error for a store that a newer program has migrated."""
    return SchemaMismatch(
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
    if version not in names:
        raise newer_version_error(str(version))
    wanted = {"head": names[-1], BASE: None}.get(revision, revision)
    if wanted not in names:
        known = ", ".join(name for name in names if name)
        raise BadValue(
            f"there is no revision `{revision}`", hint=f"there are {known}, head and base"
        )
    start, end = names.index(version), names.index(wanted)
    way = revisions[start + 1 : end + 1] if direction == "upgrade" else revisions[start:end:-1]
    if not way:
        return Migration(version, version)
    return Migration(version, wanted, tuple(f"{name} {doc.rstrip('.')}" for name, doc in way))


def _list_revisions() -> list[tuple[str | None, str]]:
    """Return each revision and what it does, the oldest first, after the store without tables."""
    scripts = ScriptDirectory.from_config(_make_config()).walk_revisions()
    return [(None, ""), *reversed([(script.revision, script.doc) for script in scripts])]


def _make_config() -> Config:
    """Return Alembic's configuration, without its file."""
    config = Config()
    config.set_main_option("script_location", str(find_scripts()).replace("%", "%%"))
    return config


def find_scripts() -> Path:
    """Return the folder of the migrations: in the wheel, or in the checkout."""
    shipped = PACKAGE / "_migrations"
    return shipped if shipped.is_dir() else PACKAGE.parents[1] / "migrations"


def read_version(connection: sa.Connection) -> str | None:
    """Return the version of a store; None if it has no tables of todo.

    Raises:
        SchemaMismatch: some of the tables of that version are missing.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        return None
    version = connection.scalar(STORED_VERSION)
    missing = sorted(set(SQLModel.metadata.tables) - tables)
    if version == HEAD and missing and connection.dialect.name == "postgresql":
        raise SchemaMismatch(
            f"the schema should be {HEAD}, but tables are missing: {', '.join(missing)}",
            hint="restore them from a backup, or from Neon's history of the branch",
        )
    return version


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
        _lock(connection)
    migration = plan(read_version(connection), direction, revision)
    if is_upgrade and migration.before is None:
        require_no_tables(connection)
    if migration.steps:
        config = _make_config()
        config.attributes["connection"] = connection
        run = command.upgrade if is_upgrade else command.downgrade
        run(config, migration.after or BASE)
    if is_upgrade and is_server and migration.after == HEAD:
        _validate_checks(connection)
    return migration


def _lock(connection: sa.Connection) -> None:
    """Let one migration run at a time: the others wait here, then find the work done.

    On a database that is shared, any member could hold an advisory lock; of this table they only
    get the weakest lock.
    """
    if sa.inspect(connection).has_table(VERSION_TABLE):
        connection.exec_driver_sql(f"LOCK TABLE {VERSION_TABLE} IN EXCLUSIVE MODE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x7465_6F64_6F6E)))


def _validate_checks(connection: sa.Connection) -> None:
    """Have Postgres rely on each check that no row breaks any more; the others only hold new rows.

    Those came to a table that held rows which plain SQL had written.
    """
    for table, check, _ in find_unvalidated_checks(connection):
        connection.exec_driver_sql(
            f"DO $todo$ BEGIN ALTER TABLE {table} VALIDATE CONSTRAINT {check};"
            " EXCEPTION WHEN OTHERS THEN NULL; END $todo$"
        )


def find_unvalidated_checks(connection: sa.Connection) -> list[tuple[str, str, str]]:
    """Return the checks of Postgres that were not made of all rows: table, name and condition."""
    statement = sa.text(
        "SELECT CAST(relname AS text), CAST(conname AS text), pg_get_expr(conbin, conrelid)"
        " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
        " WHERE NOT convalidated AND contype = 'c'"
        " AND relnamespace = CAST(current_schema() AS regnamespace) AND relname = ANY (:tables)"
        " ORDER BY 1, 2"
    )
    found = connection.execute(statement, {"tables": list(SQLModel.metadata.tables)})
    return [(row[0], row[1], row[2]) for row in found]


def require_no_tables(connection: sa.Connection) -> None:
    """Check that a database without a version has no tables by names which ours need.

    Raises:
        Refused: it has another program's.
        SchemaMismatch: it has ours, and has lost its version.
    """
    taken = find_foreign_tables(connection)
    if taken and sa.inspect(connection).has_table(VERSION_TABLE):
        database = connection.engine.url.database or ""
        is_file = connection.dialect.name == "sqlite"
        raise SchemaMismatch(
            f"the store has tables of todo, but {VERSION_TABLE} does not say of which version",
            hint=restore_hint(Path(database)) if is_file else "restore it from a backup",
        )
    if taken:
        raise foreign_tables_error(taken)


def find_foreign_tables(connection: sa.Connection) -> tuple[str, ...]:
    """Return the tables of a database without a version whose names ours need."""
    return tuple(
        sorted(set(SQLModel.metadata.tables) & set(sa.inspect(connection).get_table_names()))
    )


def foreign_tables_error(taken: tuple[str, ...]) -> Refused:
    """Return the error for a database with such tables."""
    return Refused(
        f"the database already has tables of another program: {', '.join(taken)}",
        hint="use a database of its own: another file, or on a server `CREATE DATABASE todo`",
    )


def configure_options(connection: sa.Connection) -> dict[str, Any]:
    """Return what `context.configure` needs to compare only this program's tables."""

    def include(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        if kind != "table":
            return True
        engine = item.info.get("engine")
        return not (reflected and other is None) and engine in (None, connection.dialect.name)

    return {
        "target_metadata": Task.metadata,
        "version_table": VERSION_TABLE,
        "render_as_batch": connection.dialect.name == "sqlite",
        "include_object": include,
    }
