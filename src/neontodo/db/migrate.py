"""Alembic's migrations, run on a connection that the caller has opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlmodel import SQLModel

from neontodo.db.schema import VERSION_TABLE
from neontodo.errors import BadValue, Refused
from neontodo.models import Task

PACKAGE = Path(__file__).parents[1]


def script_location() -> Path:
    """The migrations that were shipped inside the wheel, or those of the checkout."""
    shipped = PACKAGE / "_migrations"
    return shipped if shipped.is_dir() else PACKAGE.parents[1] / "migrations"


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def is_known(revision: str) -> bool:
    """Whether this program has the revision."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def current(connection: sa.Connection) -> str | None:
    """The schema version of the store; None if it has none of our tables."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version = sa.select(sa.column("version_num", sa.Text)).select_from(sa.table(VERSION_TABLE))
    return connection.scalar(version)


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision`.

    Raises:
        Refused: the database holds tables of another program under names that ours need.
    """
    if connection.dialect.name == "postgresql":
        # One migration at a time: the others wait here, then find the work done.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x7465_6F64_6F6E)))
    if current(connection) is None:
        _refuse_foreign_tables(connection)
    _run(command.upgrade, connection, revision)


def downgrade(connection: sa.Connection, revision: str) -> None:
    """Undo the migrations after `revision`; `base` undoes them all, and drops the tables."""
    _run(command.downgrade, connection, revision)


def _run(step: Any, connection: sa.Connection, revision: str) -> None:
    try:
        step(_config(connection), revision)
    except CommandError:
        raise BadValue(
            f"there is no revision `{revision}`", hint="`todo db current` shows the version"
        ) from None


def _refuse_foreign_tables(connection: sa.Connection) -> None:
    taken = set(SQLModel.metadata.tables) & set(sa.inspect(connection).get_table_names())
    if taken:
        raise Refused(
            f"the database already has tables of another program: {', '.join(sorted(taken))}",
            hint="use a database of its own, such as `CREATE DATABASE todo`",
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
