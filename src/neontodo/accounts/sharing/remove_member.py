"""A member's way out: access revoked at once, the tasks settled, and the login roles dropped.

The steps are transactions of their own, since a member may hold locks that a later step waits for;
who removes runs them without blockers (`db.blocking_sessions`). Each can be repeated: the rows of
`members` stay until the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.accounts import queries
from neontodo.accounts.identity import require_accepted
from neontodo.accounts.sharing import grants
from neontodo.accounts.tokens import Claims
from neontodo.accounts.users import StoredUser, find_user
from neontodo.db.blocking_sessions import end_sessions
from neontodo.db.database import AGAIN, Database
from neontodo.errors import BadValue, StoreUnavailable, TodoError
from neontodo.tasks.queries import tasks
from neontodo.tasks.transfer import TransferResult, give_to_user

NOT_DROPPED = {"2BP01", "53200"}
"""It is still needed elsewhere, or owns more than one transaction has room to lock."""
WHO_IS_THERE = "`todo member list` names the members"


async def find_removal(
    database: Database, claims: Claims, member: str, heir: str | None
) -> tuple[StoredUser, StoredUser | None]:
    """Find the member, and who gets their tasks, if anybody does; nothing is changed.

    Raises:
        BadValue: there is no such user, or more than one, or no login to remove.
        NotSignedIn: this connection is not the owner's, or does not accept the key.
    """
    async with database.connect() as connection:
        await grants.require_owner(connection)
        accepted = await queries.is_key_accepted(connection, claims.user_id, claims.key_id)
        require_accepted(accepted, claims)
        users = await queries.fetch_users(connection)
        user = find_user(users, member, hint=WHO_IS_THERE)
        if not await queries.has_login(connection, user.id):
            raise BadValue(f"{user.label} is not a member", hint=WHO_IS_THERE)
    new_owner = None if heir is None else find_user(users, heir, hint=WHO_IS_THERE)
    if new_owner == user:
        raise BadValue("the tasks cannot be given to the member who is removed")
    return user, new_owner


async def remove(
    database: Database, user: StoredUser, heir: StoredUser | None, now: datetime
) -> tuple[TransferResult, list[str]]:
    """Take a member's access away, settle the tasks and drop the login roles.

    Returns how many tasks the member had, and which roles could not be dropped.

    Raises:
        StoreUnavailable: access is revoked, but the rest was not done.
    """
    # First of all, and without a look at the tasks, which the member may have locked.
    await revoke_access(database, user, now)
    try:
        if heir is None:
            async with database.read(user.id) as session:
                settled = TransferResult(await tasks.count_tasks(session, user.id))
        else:
            async with database.write(user.id) as session:
                settled = await give_to_user(session, user.id, heir.id, now)
        return settled, await drop_logins(database, user, now)
    except TodoError as error:
        raise StoreUnavailable(
            f"{user.label} has no access, but the rest failed: {error.message}",
            hint="run `todo member remove` again; without `--transfer-to` the tasks stay",
        ) from error


async def revoke_access(database: Database, user: StoredUser, now: datetime) -> None:
    """Take the user's login roles out of the mapping and the group, and end their sessions."""
    async with database.connect(hint_if_unknown=AGAIN) as connection:
        shared = await grants.lock_members(connection)
        await queries.mark_logins_removed(connection, user.id, now)
        roles = await queries.fetch_removed_roles(connection, user.id)
        for role in await _select_existing(connection, roles):
            # A transaction that began before sees the old mapping, but not the old grants.
            await connection.exec_driver_sql(f"REVOKE {shared.group} FROM {role}")
    async with database.connect(hint_if_unknown=AGAIN) as connection:
        for role in await _select_existing(connection, roles):
            await end_sessions(connection, role)
            await connection.exec_driver_sql(f"ALTER ROLE {role} NOLOGIN")


async def drop_logins(database: Database, user: StoredUser, now: datetime) -> list[str]:
    """Revoke the keys and drop the roles of a member without access; returns those that stay.

    Such a role owns something in another database of the server, or very many large objects. It
    may not log in, and nothing here is granted to it.
    """
    async with database.connect(hint_if_unknown=AGAIN) as connection:
        await grants.lock_members(connection)
        roles = await queries.fetch_removed_roles(connection, user.id)
        return await _drop_roles(connection, roles, now)


async def drop_expired_logins(connection: AsyncConnection, user: StoredUser, now: datetime) -> None:
    """Drop the user's login roles whose invitations have expired; one that cannot be stays."""
    roles = await queries.fetch_expired_roles(connection, user.id)
    await _drop_roles(connection, roles, now)


async def _drop_roles(
    connection: AsyncConnection, roles: Sequence[str], now: datetime
) -> list[str]:
    await queries.revoke_keys_of_roles(connection, roles, now)
    existing = await _select_existing(connection, roles)
    left = []
    for role in roles:
        if role in existing and not await _drop_role(connection, role):
            left.append(role)
        else:
            await queries.delete_login(connection, role)
    return left


async def _select_existing(connection: AsyncConnection, roles: Sequence[str]) -> set[str]:
    statement = sa.text("SELECT rolname FROM pg_roles WHERE rolname = ANY (:roles)")
    return set(await connection.scalars(statement, {"roles": list(roles)}))


async def _drop_role(connection: AsyncConnection, role: str) -> bool:
    """Drop a role and end its sessions; returns whether it could be dropped."""
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
