"""The row of somebody whom an issuer vouches for: made on first sight, and kept up to date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from neontodo.accounts.enrolment import is_member
from neontodo.accounts.renaming import adopt_subject
from neontodo.accounts.tokens import Claims
from neontodo.db.database import AGAIN, Database
from neontodo.errors import NotSignedIn
from neontodo.models import User


async def admit(database: Database, claims: Claims, machine: str | None, now: datetime) -> None:
    """Make the user, or set the name and e-mail address to what the issuer says.

    On a shared database only its owner can do that; a member's name is the owner's business.
    `machine` is what commands of the account that is signed in here are logged under.

    Raises:
        NotSignedIn: the login role is a member's, and another one's.
    """
    async with database.bare(unknown=AGAIN) as connection:
        if await is_member(connection):
            await _require_own(connection, claims.user_id)
        else:
            await adopt_subject(connection, claims, machine)
            await connection.execute(_upsert(connection, claims, now))


async def require_admissible(database: Database, claims: Claims) -> None:
    """Make sure that the user is known to the store, or can be made known; nothing is changed.

    Raises:
        NotSignedIn: the login role is a member's, and another one's.
    """
    async with database.bare() as connection:
        if await is_member(connection):
            await _require_own(connection, claims.user_id)


async def _require_own(connection: AsyncConnection, user_id: str) -> None:
    if await connection.scalar(sa.select(col(User.id)).where(col(User.id) == user_id)) is None:
        raise NotSignedIn(
            "the login role of this database is not for the account you signed in with",
            hint="ask the database's owner for `todo member add` with `--subject` and your user id"
            ", which `todo whoami` shows",
        )


def _upsert(connection: AsyncConnection, claims: Claims, now: datetime) -> Any:
    """What a token does not say stays as it is."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    told = {"email": claims.email, "name": claims.name}
    told = {column: text for column, text in told.items() if text is not None}
    statement = insert(User).values(
        id=claims.user_id, last_number=0, last_seq=0, created_at=now, updated_at=now, **told
    )
    if not told:
        return statement.on_conflict_do_nothing()
    is_other = sa.or_(*(getattr(User, name).is_distinct_from(told[name]) for name in told))
    return statement.on_conflict_do_update(
        index_elements=["id"], set_={**told, "updated_at": now}, where=is_other
    )
