"""Statements on a user's keys: who may sign in this user's name, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col, insert, select, update

from neontodo.accounts.tokens import Claims
from neontodo.errors import NotSignedIn
from neontodo.models import Key, User


@dataclass(frozen=True)
class StoredKey:
    """One key as the store has it; a machine's own does not expire."""

    id: str
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_active(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True)
class Signer:
    """What the store knows of a user and the key that signed their token."""

    name: str | None
    email: str | None
    label: str | None
    accepted: bool

    def require_accepted(self, claims: Claims) -> None:
        """Make sure that the key may sign; for whom an issuer vouches, no key has to.

        Raises:
            NotSignedIn: the store does not know the key, or it was revoked.
        """
        if not (self.accepted or claims.by_issuer):
            raise _not_accepted()


async def require_accepted(connection: AsyncConnection, claims: Claims) -> None:
    """The same on a connection of the owner's.

    Raises:
        NotSignedIn: the store does not know the key, or it was revoked.
    """
    statement = sa.select(col(Key.revoked_at).is_(None)).where(
        col(Key.user_id) == claims.user_id, col(Key.id) == claims.key_id
    )
    if not (await connection.scalar(statement) or claims.by_issuer):
        raise _not_accepted()


def _not_accepted() -> NotSignedIn:
    return NotSignedIn(
        "the store does not know your key, or has revoked it", hint="run `todo connect`"
    )


async def add(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """Add a key; the row names its user."""
    await session.execute(insert(Key), [dict(row)])


async def all_of(session: AsyncSession, user_id: str) -> list[StoredKey]:
    """Every key of a user, oldest first, revoked ones too."""
    statement = (
        sa.select(*(col(getattr(Key, field.name)) for field in fields(StoredKey)))
        .where(col(Key.user_id) == user_id)
        .order_by(col(Key.created_at), col(Key.expires_at).is_not(None), col(Key.id))
    )
    return [StoredKey(*row) for row in (await session.execute(statement)).all()]


async def signer(session: AsyncSession, user_id: str, key_id: str) -> Signer | None:
    """What is known of a token's user and key; None if the store has no such user."""
    key = sa.and_(col(Key.user_id) == col(User.id), col(Key.id) == key_id)
    statement = (
        select(User.name, User.email, Key.label, Key.revoked_at)
        .join(Key, key, isouter=True)
        .where(col(User.id) == user_id)
    )
    row = (await session.execute(statement)).first()
    if row is None:
        return None
    name, email, label, revoked_at = row
    return Signer(name, email, label, accepted=label is not None and revoked_at is None)


async def revoke(session: AsyncSession, user_id: str, key_id: str, at: datetime) -> None:
    """Let a key's tokens be refused from now on; one that is revoked already stays as it is."""
    await session.execute(
        update(Key)
        .where(col(Key.user_id) == user_id, col(Key.id) == key_id, col(Key.revoked_at).is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )
