"""Alembic's migrations, run on a connection that the caller has opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlmodel import SQLModel

from neontodo.db.errors_sqlite import restore_hint
from neontodo.db.revisions import NOTHING, Migration, config, downward, upward
from neontodo.db.schema import HEAD, STORED_VERSION, VERSION_TABLE
from neontodo.errors import Refused, SchemaMismatch
from neontodo.models import Task


def current(connection: sa.Connection) -> str | None:
    """The schema version of the store; None if it has none of our tables.

    Raises:
        SchemaMismatch: somebody has taken some of them away.
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


def upgrade(connection: sa.Connection, revision: str = "head") -> Migration:
    """Run the migrations up to `revision`, and say which these were.

    Raises:
        Refused: the database holds tables of another program under names that ours need.
        SchemaMismatch: it is of a version that this program does not know, or of an unknown one.
        BadValue: there is no such revision.
    """
    _lock(connection)
    migration = upward(current(connection), revision)
    if migration.before is None:
        require_no_tables(connection)
    _run(command.upgrade, connection, migration)
    if connection.dialect.name == "postgresql" and migration.after == HEAD:
        validate_checks(connection)
    return migration


def validate_checks(connection: sa.Connection) -> None:
    """Have Postgres rely on each check that no row breaks any more; the others only hold new rows.

    Those came to a table that held rows which plain SQL had written.
    """
    for table, check, _ in unvalidated_checks(connection):
        connection.exec_driver_sql(
            f"DO $todo$ BEGIN ALTER TABLE {table} VALIDATE CONSTRAINT {check};"
            " EXCEPTION WHEN OTHERS THEN NULL; END $todo$"
        )


def unvalidated_checks(connection: sa.Connection) -> list[tuple[str, str, str]]:
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


def downgrade(connection: sa.Connection, revision: str) -> Migration:
    """Undo the migrations after `revision`; `base` undoes them all, and drops the tables."""
    _lock(connection)
    migration = downward(current(connection), revision)
    _run(command.downgrade, connection, migration)
    return migration


def _lock(connection: sa.Connection) -> None:
    """One migration at a time: the others wait here, then find the work done.

    On a database that is shared, an advisory lock could be held by any member; of this table they
    only have the weakest lock.
    """
    if connection.dialect.name != "postgresql":
        return
    if sa.inspect(connection).has_table(VERSION_TABLE):
        connection.exec_driver_sql(f"LOCK TABLE {VERSION_TABLE} IN EXCLUSIVE MODE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x7465_6F64_6F6E)))


def _run(
    step: Callable[[Config, str], None], connection: sa.Connection, migration: Migration
) -> None:
    if migration.steps:
        settings = config()
        settings.attributes["connection"] = connection
        step(settings, migration.after or NOTHING)


def require_no_tables(connection: sa.Connection) -> None:
    """Make sure that a database without a version has no tables by names which ours need.

    Raises:
        Refused: it has another program's.
        SchemaMismatch: it has ours, and has lost its version.
    """
    taken = foreign_tables(connection)
    if taken and sa.inspect(connection).has_table(VERSION_TABLE):
        database = connection.engine.url.database or ""
        is_file = connection.dialect.name == "sqlite"
        raise SchemaMismatch(
            f"the store has tables of todo, but {VERSION_TABLE} does not say of which version",
            hint=restore_hint(Path(database)) if is_file else "restore it from a backup",
        )
    if taken:
        raise foreign(taken)


def foreign_tables(connection: sa.Connection) -> tuple[str, ...]:
    """Tables that a database without our version has by names which ours need."""
    return tuple(
        sorted(set(SQLModel.metadata.tables) & set(sa.inspect(connection).get_table_names()))
    )


def foreign(taken: tuple[str, ...]) -> Refused:
    """The refusal of a database with such tables."""
    return Refused(
        f"the database already has tables of another program: {', '.join(taken)}",
        hint="use a database of its own: another file, or on a server `CREATE DATABASE todo`",
    )


def configure_options(connection: sa.Connection) -> dict[str, Any]:
    """What `context.configure` needs so that only this program's tables are compared."""

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
