"""The first user of a store, and the key of the machine that made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from neontodo.models import Key, User


@dataclass(frozen=True)
class FirstKey:
    """The key of the machine that made the store."""

    id: str
    public_key: str
    label: str


@dataclass(frozen=True)
class Founder:
    """Who a store without users is given to; somebody whom an issuer vouches for needs no key.

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
    """Whether the store belongs to anybody yet; to whom, a member's login may not be shown."""
    known: sa.ColumnElement[bool] = sa.exists(sa.select(col(User.id)))
    if connection.dialect.name == "postgresql":
        known |= sa.text("row_security_active('users')")
    return bool(await connection.scalar(sa.select(known)))


async def found(connection: AsyncConnection, founder: Founder) -> None:
    """Give a store without users to the founder."""
    await connection.execute(
        sa.insert(User),
        {
            "id": founder.user_id,
            "name": founder.name,
            "last_number": 0,
            "last_seq": 0,
            "created_at": founder.at,
            "updated_at": founder.at,
        },
    )
    if (key := founder.key) is not None:
        await connection.execute(
            sa.insert(Key),
            {
                "user_id": founder.user_id,
                "id": key.id,
                "public_key": key.public_key,
                "label": key.label,
                "created_at": founder.at,
            },
        )
