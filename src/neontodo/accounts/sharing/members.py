"""Members of a shared database: who they are, and how another one gets in.

A member is a user with one login role for each machine that was invited.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from shlex import quote

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.accounts import machine_keys, queries
from neontodo.accounts.identity import require_accepted
from neontodo.accounts.issuers.issuer import SEPARATOR, parse_subject
from neontodo.accounts.queries import MemberLogin
from neontodo.accounts.sharing import grants, remove_member
from neontodo.accounts.sharing.grants import Encode, SharedDatabase
from neontodo.accounts.sharing.invitation import (
    Invitation,
    build_url,
    encode_invitation,
    make_portable,
)
from neontodo.accounts.tokens import LONGEST_LABEL, LONGEST_USER_ID, Claims
from neontodo.accounts.users import StoredUser, find_matching
from neontodo.db.blocking_sessions import MEMBER_PREFIX, grant_options
from neontodo.db.database import Database
from neontodo.db.url import PostgresTarget, Target
from neontodo.errors import BadValue, Refused
from neontodo.tasks.queries import tasks

WHERE_IDS_ARE = (
    f"a signed-in person sees theirs in `todo whoami`, such as `https://app.example.com"
    f"{SEPARATOR}…`; `todo member list` shows those of members"
)
CONNECTIONS = 20
"""That one login may have at a time, so that a member cannot take all of the server's."""


@dataclass(frozen=True)
class NewInvitation:
    """A member's new login, and the line that lets its holder in.

    Attributes:
        other_databases: of the same server, which the first member of a database may connect to.
        authority: the file of this machine without which others cannot verify the server.
    """

    user: StoredUser
    role: str
    expires_at: datetime
    line: str = field(repr=False)
    other_databases: str | None
    authority: str | None


def require_server(target: Target) -> PostgresTarget:
    """Return the database if it can be shared."""
    if not isinstance(target, PostgresTarget):
        raise Refused(
            "the embedded store is yours alone: only a Postgres database can be shared",
            hint="`todo connect` uses one",
        )
    return target


async def invite(
    database: Database,
    claims: Claims,
    *,
    email: str,
    name: str | None,
    subject: str | None,
    days: int,
    now: datetime,
) -> NewInvitation:
    """Make a login for a new user, or for the one that `subject` names, and invite them.

    Raises:
        Refused: there is a user of this e-mail address, or the database cannot be shared safely.
        NotSignedIn: this connection is not the owner's, or does not accept the key.
    """
    target = require_server(database.target)
    portable = make_portable(target)
    authority = None if target == portable or target.is_neon else target.sslrootcert
    lost = "if `todo member list` shows them, add them again with `--subject` and their id"

    async def add(encode: Encode) -> NewInvitation:
        async with database.connect(hint_if_unknown=lost) as connection:
            accepted = await queries.is_key_accepted(connection, claims.user_id, claims.key_id)
            require_accepted(accepted, claims)
            address, user_id = check_email(email), check_subject(subject)
            shared = await grants.lock_members(connection)
            is_first = await grants.create_group(connection, shared, encode)
            user = await _find_or_add_user(connection, user_id, address, name, now)
            await remove_member.drop_expired_logins(connection, user, now)
            machine_key = machine_keys.generate_machine_key(user.id, user.name or address)
            same = await queries.count_keys_labelled(connection, user.id, address)
            label = f"{address} ({same + 1})" if same else address
            await queries.add_machine_key(connection, machine_key.to_row(label, now))
            # The server's clock decides about the invitation.
            ends = sa.text("SELECT date_trunc('second', now()) + make_interval(days => :days)")
            expires_at: datetime = (await connection.scalars(ends, {"days": days})).one()
            role, password = await _create_role(connection, shared, expires_at, encode)
            row = {"role": role, "user_id": user.id, "key_id": machine_key.key_id}
            await queries.add_login(connection, row | {"created_at": now, "expires_at": expires_at})
            await grants.limit_resources(connection, shared)
            await grants.require_safe(connection, role)
            others = await grants.list_other_databases(connection, role) if is_first else None
        line = encode_invitation(Invitation(build_url(portable, role, password), machine_key))
        return NewInvitation(user, role, expires_at, line, others, authority)

    return await grants.set_passwords(target, add)


async def list_members(database: Database) -> list[tuple[MemberLogin, int]]:
    """Return every login role of a member, and how many tasks its user has."""
    async with database.connect() as connection:
        await grants.require_owner(connection)
        logins = await queries.fetch_logins(connection)
    counted = []
    for login in logins:
        async with database.read(login.user.id) as session:
            counted.append((login, await tasks.count_tasks(session, login.user.id)))
    return counted


def check_email(email: str) -> str:
    """Return the address if it may be one; raises BadValue."""
    before, _, after = email.strip().rpartition("@")
    text = f"{before}@{after}"
    if not (before and after and text.isprintable() and " " not in text):
        raise BadValue(f"`{email}` is no e-mail address", hint="such as `ann@example.com`")
    if len(text) > LONGEST_LABEL:
        raise BadValue(f"the e-mail address is longer than {LONGEST_LABEL} characters")
    return text


def check_subject(subject: str | None) -> str | None:
    """Return the user id if somebody can have it; raises BadValue."""
    if subject is not None and not (0 < len(subject) <= LONGEST_USER_ID and subject.isprintable()):
        raise BadValue(
            f"`--subject` is a user id, 1 to {LONGEST_USER_ID} characters", hint=WHERE_IDS_ARE
        )
    return subject


async def _find_or_add_user(
    connection: AsyncConnection, user_id: str | None, email: str, name: str | None, now: datetime
) -> StoredUser:
    users = await queries.fetch_users(connection)
    if user_id is None and (same := find_matching(users, email)):
        raise Refused(
            f"`{email}` is a user of this database already",
            hint=f"`todo member add {quote(email)} --subject {quote(same[0].id)}` makes them "
            "another login",
        )
    for user in users:
        if user.id == user_id:
            return await _require_theirs(connection, user, email)
    if user_id is not None:
        if (subject := parse_subject(user_id)) is None:
            raise BadValue(
                f"`{user_id}` is neither a user of this database nor the id of an issuer's account",
                hint=WHERE_IDS_ARE,
            )
        for user in users:
            if user.id == subject and await _is_theirs(connection, user, email):
                await queries.rename_user(connection, subject, user_id)
                return await _require_theirs(connection, replace(user, id=user_id), email)
    user = StoredUser(user_id or str(uuid.uuid4()), email, name)
    await queries.add_user(connection, user, now)
    return user


async def _require_theirs(connection: AsyncConnection, user: StoredUser, email: str) -> StoredUser:
    """Return the user that is there, if it is whose address that is.

    An account of an issuer that told none gets it; whoever has a machine is somebody else.
    """
    if not await _is_theirs(connection, user, email):
        raise Refused(
            f"`--subject` is the id of another user than `{email}`: {user.description}",
            hint="another login of a user needs the address that `todo member list` shows; "
            "somebody new needs no `--subject`",
        )
    if user.email is not None:
        return user
    await queries.set_email(connection, user.id, email)
    return replace(user, email=email)


async def _is_theirs(connection: AsyncConnection, user: StoredUser, email: str) -> bool:
    if user.email is not None:
        return user.email.casefold() == email.casefold()
    return not await queries.has_machine_key(connection, user.id)


async def _create_role(
    connection: AsyncConnection, shared: SharedDatabase, expires_at: datetime, encode: Encode
) -> tuple[str, str]:
    role, password = f"{MEMBER_PREFIX}{secrets.token_hex(6)}", grants.generate_password()
    # Without it an expired invitation still logs in, and is shown nobody's rows.
    until = f"VALID UNTIL '{expires_at.isoformat()}'" if shared.can_lift_expiry else ""
    await connection.exec_driver_sql(
        f"CREATE ROLE {role} LOGIN {grants.LEAST} CONNECTION LIMIT {CONNECTIONS} "
        f"PASSWORD '{encode(password)}' {until}"
    )
    how = grant_options(connection, "INHERIT TRUE, SET FALSE")
    await connection.exec_driver_sql(f"GRANT {shared.group} TO {role}{how}")
    return role, password
