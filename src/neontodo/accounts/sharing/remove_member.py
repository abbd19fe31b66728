"""A member's way out: blind at once, then cut off, and the login role dropped.

The steps are transactions of their own, since a member may hold locks that a later step waits
for; who removes runs them without blockers (`db.blocking`). Each can be repeated: the rows of
`members` stay until the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from neontodo.accounts.enrolment import Person
from neontodo.accounts.sharing import grants
from neontodo.db.blocking import end_sessions
from neontodo.db.database import AGAIN, Database
from neontodo.models import Key, Member

NOT_DROPPED = {"2BP01", "53200"}
"""It is still needed elsewhere, or owns more than one transaction has room to lock."""


async def blind(database: Database, person: Person, now: datetime) -> None:
    """Take the person's login roles out of the mapping and the group, and end their sessions.

    Raises:
        NotSignedIn: this connection is not the owner's.
    """
    async with database.bare(unknown=AGAIN) as connection:
        owned = await grants.alone(connection)
        await connection.execute(
            sa.update(Member)
            .where(col(Member.user_id) == person.id, col(Member.removed_at).is_(None))
            .values(removed_at=now)
        )
        roles = await _roles(connection, person)
        for role in await _existing(connection, roles):
            # A transaction that began before sees the old mapping, but not the old grants.
            await connection.exec_driver_sql(f"REVOKE {owned.group} FROM {role}")
    async with database.bare(unknown=AGAIN) as connection:
        for role in await _existing(connection, roles):
            await end_sessions(connection, role)
            await connection.exec_driver_sql(f"ALTER ROLE {role} NOLOGIN")


async def drop(database: Database, person: Person, now: datetime) -> list[str]:
    """Revoke the keys and drop the roles of a blinded member; roles that cannot be are answered.

    Such a role owns something in another database of the server, or very many large objects. It
    may not log in, and nothing here is granted to it.
    """
    kept = []
    async with database.bare(unknown=AGAIN) as connection:
        await grants.alone(connection)
        roles = await _roles(connection, person)
        await _revoke_keys(connection, roles, now)
        existing = await _existing(connection, roles)
        for role in roles:
            if role in existing and not await _dropped(connection, role):
                kept.append(role)
            else:
                await connection.execute(sa.delete(Member).where(col(Member.role) == role))
    return kept


async def drop_expired(connection: AsyncConnection, person: Person, now: datetime) -> None:
    """Drop the person's login roles whose invitations have expired; one that cannot be stays."""
    statement = sa.select(col(Member.role)).where(
        col(Member.user_id) == person.id,
        col(Member.removed_at).is_(None),
        col(Member.joined_at).is_(None),
        col(Member.expires_at) <= sa.func.now(),
    )
    roles = (await connection.scalars(statement)).all()
    await _revoke_keys(connection, roles, now)
    for role in await _existing(connection, roles):
        if await _dropped(connection, role):
            await connection.execute(sa.delete(Member).where(col(Member.role) == role))


async def _roles(connection: AsyncConnection, person: Person) -> Sequence[str]:
    statement = sa.select(col(Member.role)).where(
        col(Member.user_id) == person.id, col(Member.removed_at).is_not(None)
    )
    return (await connection.scalars(statement)).all()


async def _existing(connection: AsyncConnection, roles: Sequence[str]) -> set[str]:
    statement = sa.text("SELECT rolname FROM pg_roles WHERE rolname = ANY (:roles)")
    return set(await connection.scalars(statement, {"roles": list(roles)}))


async def _dropped(connection: AsyncConnection, role: str) -> bool:
    await end_sessions(connection, role)
    try:
        async with connection.begin_nested():
            # A member can own nothing here but large objects, which anybody may make.
            await connection.exec_driver_sql(f"DROP OWNED BY {role}")
            await connection.exec_driver_sql(f"DROP ROLE {role}")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in NOT_DROPPED:
            raise
        return False
    return True


async def _revoke_keys(connection: AsyncConnection, roles: Sequence[str], now: datetime) -> None:
    given = sa.select(col(Member.user_id), col(Member.key_id)).where(col(Member.role).in_(roles))
    await connection.execute(
        sa.update(Key)
        .where(sa.tuple_(col(Key.user_id), col(Key.id)).in_(given), col(Key.revoked_at).is_(None))
        .values(revoked_at=now)
    )
