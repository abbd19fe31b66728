"""The schema's version and a store's first user; without Alembic, whose import takes 0.3 s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from neontodo.models import Key, User

HEAD = "0002"
"""The newest revision in `migrations/versions`; a test checks that."""

VERSION_TABLE = "todo_version"
"""Not Alembic's default name: the database may be another program's too."""

STORED_VERSION = sa.select(sa.column("version_num", sa.Text)).select_from(sa.table(VERSION_TABLE))
"""The query for the version of a store."""


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
