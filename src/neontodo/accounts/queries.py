"""Every statement on users, keys and members: by a user's session, or on the owner's connection.

The counters of a write are in `tasks.queries.users`, the rights of login roles in `sharing.grants`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel, col, insert, select, update

from neontodo.accounts.users import StoredUser
from neontodo.models import Change, Key, Member, User


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


@dataclass(frozen=True)
class MemberLogin:
    """A member's login role, and since when it is theirs.

    Attributes:
        invited_until: when the invitation expires; None once it was accepted.
    """

    user: StoredUser
    role: str
    since: datetime
    invited_until: datetime | None


# By the session of one user.


async def fetch_public_key(
    session: AsyncSession, user_id: str, key_id: str
) -> tuple[str, datetime | None] | None:
    """Return a key's public half and when it was revoked; None if there is no such key."""
    statement = select(Key.public_key, Key.revoked_at).where(
        col(Key.user_id) == user_id, col(Key.id) == key_id
    )
    row = (await session.execute(statement)).first()
    return None if row is None else (row[0], row[1])


async def fetch_keys(session: AsyncSession, user_id: str) -> list[StoredKey]:
    """Return every key of a user, oldest first, revoked ones too."""
    statement = (
        sa.select(*(col(getattr(Key, field.name)) for field in fields(StoredKey)))
        .where(col(Key.user_id) == user_id)
        .order_by(col(Key.created_at), col(Key.expires_at).is_not(None), col(Key.id))
    )
    return [StoredKey(*row) for row in (await session.execute(statement)).all()]


async def fetch_signer(session: AsyncSession, user_id: str, key_id: str) -> Signer | None:
    """Return what is known of a token's user and key; None if the store has no such user."""
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


async def add_key(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """Add a key; the row names its user."""
    await session.execute(insert(Key), [dict(row)])


async def revoke_key(session: AsyncSession, user_id: str, key_id: str, at: datetime) -> None:
    """Revoke a key; one that is revoked already stays as it is."""
    await session.execute(
        update(Key)
        .where(col(Key.user_id) == user_id, col(Key.id) == key_id, col(Key.revoked_at).is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )


# On a connection of the database's owner, or of one member who joins.


async def is_member_login(connection: AsyncConnection) -> bool:
    """Return whether the login role is a member's; an embedded store has no members."""
    if connection.dialect.name == "sqlite":
        return False
    return bool(await connection.scalar(sa.text("SELECT row_security_active('users')")))


async def fetch_users(connection: AsyncConnection) -> list[StoredUser]:
    """Return the users that a connection shows, the oldest first."""
    statement = sa.select(col(User.id), col(User.email), col(User.name)).order_by(
        col(User.created_at), col(User.id)
    )
    return [StoredUser(*row) for row in await connection.execute(statement)]


async def has_user(connection: AsyncConnection, user_id: str) -> bool:
    """Return whether the connection shows this user; a member's shows no other."""
    statement = sa.select(col(User.id)).where(col(User.id) == user_id)
    return await connection.scalar(statement) is not None


async def add_user(connection: AsyncConnection, user: StoredUser, now: datetime) -> None:
    """Add a user, who has no tasks yet."""
    row = {"id": user.id, "email": user.email, "name": user.name, "created_at": now}
    await connection.execute(
        sa.insert(User), row | {"updated_at": now, "last_number": 0, "last_seq": 0}
    )


async def save_user(
    connection: AsyncConnection, user_id: str, names: Mapping[str, str | None], now: datetime
) -> None:
    """Add a user, or set their `email` and `name`; None leaves what is there."""
    known = {column: text for column, text in names.items() if text is not None}
    statement = _choose_insert(connection)(User).values(
        id=user_id, last_number=0, last_seq=0, created_at=now, updated_at=now, **known
    )
    if known:
        is_other = sa.or_(*(getattr(User, name).is_distinct_from(known[name]) for name in known))
        statement = statement.on_conflict_do_update(
            index_elements=["id"], set_={**known, "updated_at": now}, where=is_other
        )
    else:
        statement = statement.on_conflict_do_nothing()
    await connection.execute(statement)


def _choose_insert(connection: AsyncConnection) -> Any:
    """Return the engine's own INSERT, which knows ON CONFLICT."""
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


async def set_email(connection: AsyncConnection, user_id: str, email: str) -> None:
    await connection.execute(sa.update(User).where(col(User.id) == user_id).values(email=email))


async def rename_user(connection: AsyncConnection, user_id: str, new_id: str) -> None:
    """Give a user another id, which nobody has yet, and all their rows with it."""
    engine = connection.dialect.name
    users = SQLModel.metadata.tables["users"]
    others = [column.name for column in users.columns if column.name != "id"]
    row = sa.select(sa.literal(new_id), *(users.c[name] for name in others))
    await connection.execute(
        sa.insert(users).from_select(["id", *others], row.where(users.c.id == user_id))
    )
    for table in SQLModel.metadata.sorted_tables:
        if table.info.get("engine") in (None, engine):
            for column in table.columns:
                if column.references(users.c.id):
                    owned = sa.update(table).where(column == user_id)
                    await connection.execute(owned.values({column.name: new_id}))
    await connection.execute(sa.delete(users).where(users.c.id == user_id))


async def lock_user_without_machine(
    connection: AsyncConnection, user_id: str, *, unless: str, machine_name: str | None
) -> tuple[str | None, bool] | None:
    """Lock a user who has no machine's key, unless there is a user of another id.

    Returns the e-mail address, and whether the log has something by `machine_name`; else None.
    """
    taken = sa.select(col(User.id)).where(col(User.id) == unless)
    written = sa.select(col(Change.seq)).where(
        col(Change.user_id) == user_id, col(Change.key_id) == machine_name
    )
    statement = (
        sa.select(col(User.email), sa.exists(written))
        .where(col(User.id) == user_id, ~sa.exists(taken), ~sa.exists(_machine_keys(user_id)))
        .with_for_update()
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else (row[0], row[1])


async def has_machine_key(connection: AsyncConnection, user_id: str) -> bool:
    """Return whether a user has, or had, a key that does not expire: a machine's own."""
    return bool(await connection.scalar(sa.select(sa.exists(_machine_keys(user_id)))))


def _machine_keys(user_id: str) -> sa.Select[str]:
    return sa.select(col(Key.id)).where(col(Key.user_id) == user_id, col(Key.expires_at).is_(None))


async def is_key_accepted(connection: AsyncConnection, user_id: str, key_id: str) -> bool:
    """Return whether a user has a key that is not revoked."""
    statement = sa.select(col(Key.id)).where(
        col(Key.user_id) == user_id, col(Key.id) == key_id, col(Key.revoked_at).is_(None)
    )
    return await connection.scalar(statement) is not None


async def add_machine_key(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Add a machine's key; the row names its user. Doing it again changes nothing."""
    insert_key = _choose_insert(connection)(Key).on_conflict_do_nothing()
    await connection.execute(insert_key, dict(row))


async def count_keys_labelled(connection: AsyncConnection, user_id: str, label: str) -> int:
    """Count a user's keys with this label, or with it and a number in brackets."""
    stored = col(Key.label)
    statement = sa.select(sa.func.count()).where(
        col(Key.user_id) == user_id,
        (stored == label) | stored.startswith(f"{label} (", autoescape=True),
    )
    return await connection.scalar(statement) or 0


async def add_login(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Map a login role to its user, and to the key that its invitation carries."""
    await connection.execute(sa.insert(Member), dict(row))


async def fetch_logins(connection: AsyncConnection) -> list[MemberLogin]:
    """Return every login role of a member, the oldest first."""
    statement = (
        sa.select(
            col(User.id),
            col(User.email),
            col(User.name),
            col(Member.role),
            col(Member.created_at),
            sa.case((col(Member.joined_at).is_(None), col(Member.expires_at))),
        )
        .join(Member, col(Member.user_id) == User.id)
        .where(col(Member.removed_at).is_(None))
        .order_by(col(Member.created_at), col(Member.role))
    )
    rows = await connection.execute(statement)
    return [MemberLogin(StoredUser(*row[:3]), *row[3:]) for row in rows]


async def has_login(connection: AsyncConnection, user_id: str) -> bool:
    """Return whether a user has a login role, be it one whose removal was not finished."""
    statement = sa.select(sa.func.count()).where(col(Member.user_id) == user_id)
    return bool(await connection.scalar(statement))


async def mark_logins_removed(connection: AsyncConnection, user_id: str, now: datetime) -> None:
    """Take a user's login roles out of the mapping; the rows stay until the roles are dropped."""
    await connection.execute(
        sa.update(Member)
        .where(col(Member.user_id) == user_id, col(Member.removed_at).is_(None))
        .values(removed_at=now)
    )


async def fetch_removed_roles(connection: AsyncConnection, user_id: str) -> Sequence[str]:
    """Return a user's login roles that were taken out of the mapping."""
    statement = sa.select(col(Member.role)).where(
        col(Member.user_id) == user_id, col(Member.removed_at).is_not(None)
    )
    return (await connection.scalars(statement)).all()


async def fetch_expired_roles(connection: AsyncConnection, user_id: str) -> Sequence[str]:
    """Return a user's login roles whose invitations have expired."""
    statement = sa.select(col(Member.role)).where(
        col(Member.user_id) == user_id,
        col(Member.removed_at).is_(None),
        col(Member.joined_at).is_(None),
        col(Member.expires_at) <= sa.func.now(),
    )
    return (await connection.scalars(statement)).all()


async def delete_login(connection: AsyncConnection, role: str) -> None:
    await connection.execute(sa.delete(Member).where(col(Member.role) == role))


async def revoke_keys_of_roles(
    connection: AsyncConnection, roles: Sequence[str], now: datetime
) -> None:
    """Revoke the keys that came with the invitations of login roles."""
    given = sa.select(col(Member.user_id), col(Member.key_id)).where(col(Member.role).in_(roles))
    await connection.execute(
        sa.update(Key)
        .where(sa.tuple_(col(Key.user_id), col(Key.id)).in_(given), col(Key.revoked_at).is_(None))
        .values(revoked_at=now)
    )
