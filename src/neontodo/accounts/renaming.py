"""Another id for a user: everything of theirs goes over to it.

Until the issuer became part of a user id, the user of an issuer's account was the plain `sub`.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, col

from neontodo.accounts.tokens import Claims
from neontodo.models import Change, Key, User


async def rename(connection: AsyncConnection, before: str, after: str) -> None:
    """Give a user another id, which nobody has yet; by the owner's connection only."""
    engine = connection.dialect.name
    users = SQLModel.metadata.tables["users"]
    others = [column.name for column in users.columns if column.name != "id"]
    row = sa.select(sa.literal(after), *(users.c[name] for name in others))
    await connection.execute(
        sa.insert(users).from_select(["id", *others], row.where(users.c.id == before))
    )
    for table in SQLModel.metadata.sorted_tables:
        if table.info.get("engine") in (None, engine):
            for column in table.columns:
                if column.references(users.c.id):
                    owned = sa.update(table).where(column == before)
                    await connection.execute(owned.values({column.name: after}))
    await connection.execute(sa.delete(users).where(users.c.id == before))


async def adopt_subject(connection: AsyncConnection, claims: Claims, machine: str | None) -> None:
    """Let a user whose id is the plain `sub` be the account's, if that is known to be theirs.

    It is if the issuer tells the same e-mail address as before, or if this machine has written as
    that user while the same account was signed in here: `machine` is what its commands are logged
    under. Whoever has a machine's key is no such user.
    """
    taken = sa.select(col(User.id)).where(col(User.id) == claims.user_id)
    machines = sa.select(col(Key.id)).where(
        col(Key.user_id) == claims.subject, col(Key.expires_at).is_(None)
    )
    written = sa.select(col(Change.seq)).where(
        col(Change.user_id) == claims.subject, col(Change.key_id) == machine
    )
    statement = (
        sa.select(col(User.email), sa.exists(written))
        .where(col(User.id) == claims.subject, ~sa.exists(taken), ~sa.exists(machines))
        .with_for_update()
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        return
    email, has_written = row
    if has_written or (email and claims.email and email.casefold() == claims.email.casefold()):
        await rename(connection, claims.subject, claims.user_id)
