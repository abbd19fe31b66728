"""The tables of a store: their version, other programs' tables, the first user.

Alembic is not imported here, since that takes 0.3 s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, col

from neontodo.db.errors_sqlite import restore_hint
from neontodo.errors import Refused, SchemaMismatch
from neontodo.models import Key, User

HEAD = "0003"
"""The newest revision in `migrations/versions`; a test checks that."""

TABLES_OF_0003 = ("dependencies", "views")
"""Those that older versions have not."""

VERSION_TABLE = "todo_version"
"""Not Alembic's default name: the database may be another program's too."""

STORED_VERSION = sa.select(sa.column("version_num", sa.Text)).select_from(sa.table(VERSION_TABLE))
"""The query for the version of a store."""


def read_version(connection: sa.Connection) -> str | None:
    """Return the version of a store; None if it has no todo tables.

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


def find_schema(connection: sa.Connection) -> str:
    """Return the quoted name of the schema that a connection's tables are made in."""
    if connection.dialect.name == "sqlite":
        return "main"
    name = connection.scalar(sa.select(sa.func.current_schema()))
    return connection.dialect.identifier_preparer.quote(str(name))


def require_no_tables(connection: sa.Connection, version: str | None = None) -> None:
    """Check that a database has no tables by names which an upgrade from its version needs.

    Raises:
        Refused: it has another program's.
        SchemaMismatch: it has ours, and has lost its version.
    """
    if version is not None:
        new = TABLES_OF_0003 if version < "0003" else ()
        if taken := tuple(filter(sa.inspect(connection).has_table, new)):
            raise foreign_tables_error(taken, hint="rename them, then run `todo db upgrade`")
        return
    taken = find_foreign_tables(connection)
    if not taken:
        return
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        raise foreign_tables_error(taken)
    hint = "restore it from a backup"
    if connection.dialect.name == "sqlite":
        hint = restore_hint(Path(connection.engine.url.database or ""))
    message = f"the store has todo tables, but {VERSION_TABLE} has no version"
    raise SchemaMismatch(message, hint=hint)


def find_foreign_tables(connection: sa.Connection) -> tuple[str, ...]:
    """Return the tables of a database without a version whose names ours need."""
    return tuple(
        sorted(set(SQLModel.metadata.tables) & set(sa.inspect(connection).get_table_names()))
    )


OWN_DATABASE = "use a database of its own: another file, or on a server `CREATE DATABASE todo`"


def foreign_tables_error(taken: tuple[str, ...], hint: str = OWN_DATABASE) -> Refused:
    """Return the error for a database with such tables."""
    return Refused(
        f"the database already has tables of another program: {', '.join(taken)}", hint=hint
    )


@dataclass(frozen=True)
class FirstKey:
    """The key of the machine that made the store."""

    id: str
    public_key: str
    label: str


@dataclass(frozen=True)
class FirstUser:
    """The user that a store without users gets; one who has signed in with an issuer has no key.

    Attributes:
        has_lost_store: whether an embedded store that was made before is missing.
        remember_store: called when an embedded store has been made.
    """

    user_id: str
    name: str | None
    at: datetime
    key: FirstKey | None = None
    has_lost_store: bool = False
    remember_store: Callable[[], None] = lambda: None


async def has_users(connection: AsyncConnection) -> bool:
    """Tell whether the store has a user; a member's login role may not see which ones."""
    has_rows: sa.ColumnElement[bool] = sa.exists(sa.select(col(User.id)))
    if connection.dialect.name == "postgresql":
        has_rows |= sa.text("row_security_active('users')")
    return bool(await connection.scalar(sa.select(has_rows)))


async def add_first_user(connection: AsyncConnection, user: FirstUser) -> None:
    """Insert the first user of a store, and the key of their machine."""
    await connection.execute(
        sa.insert(User),
        {
            "id": user.user_id,
            "name": user.name,
            "last_number": 0,
            "last_seq": 0,
            "created_at": user.at,
            "updated_at": user.at,
        },
    )
    if (key := user.key) is not None:
        await connection.execute(
            sa.insert(Key),
            {
                "user_id": user.user_id,
                "id": key.id,
                "public_key": key.public_key,
                "label": key.label,
                "created_at": user.at,
            },
        )
