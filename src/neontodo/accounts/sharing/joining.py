"""Taking an invitation: it is accepted, once, with a new password that only this machine has."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from neontodo.accounts import connection as stored
from neontodo.accounts.connection import Connection
from neontodo.accounts.machine_key import Machine
from neontodo.accounts.secrets.store import SecretStore
from neontodo.accounts.sharing import grants, members
from neontodo.accounts.sharing.invitation import Invitation, url_for
from neontodo.accounts.sharing.passwords import Encode, new_password, set_passwords
from neontodo.db.database import Database
from neontodo.db.errors_postgres import refuses_login
from neontodo.db.url import PostgresTarget, parse_url
from neontodo.errors import BadValue, NotSignedIn, StoreUnavailable, causes
from neontodo.models import Key

Opener = Callable[[PostgresTarget], Database]

SPENT = "the invitation was used already, was withdrawn, or has expired"
ANOTHER = "ask the person who sent it for another one"
AUTHORITY = (
    "if the server's authority is the sender's own, ask them for its certificate, and put it in "
    "`~/.postgresql/root.crt`"
)


def target_of(invitation: Invitation) -> PostgresTarget:
    """The database that it is for."""
    target = parse_url(invitation.url)
    if not isinstance(target, PostgresTarget):
        raise BadValue("the invitation is for no database of a server")
    return target


async def join(
    invitation: Invitation, opened: Opener, folder: Path, secrets: SecretStore
) -> Connection:
    """Spend the invitation, store the connection and use it from now on.

    Whoever was interrupted may do it again: what is stored by then is tried where the invitation
    is spent.

    Raises:
        NotSignedIn: it was used or withdrawn, or has expired.
    """
    target = target_of(invitation)

    async def spend(encode: Encode) -> Connection | None:
        return await _spend(invitation.machine, target, opened, secrets, encode)

    try:
        made = await set_passwords(target, spend)
    except StoreUnavailable as error:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error)):
            raise StoreUnavailable(error.message, hint=AUTHORITY) from error
        if not refuses_login(error):
            raise
        made = None
    if made is None:
        made = await _resumed(target, opened, secrets)
    stored.use(folder, made)
    return made


async def _spend(
    mine: Machine, target: PostgresTarget, opened: Opener, secrets: SecretStore, encode: Encode
) -> Connection | None:
    """Accept the invitation; None if it cannot be, such as after another `join` of it."""
    password = new_password()
    made = Connection(target.key, target.display, url_for(target, target.user, password), mine)
    database = opened(target)
    try:
        again = "run `todo join` again, with the same invitation"
        async with database.bare(unknown=again) as connection:
            await grants.require_version(connection)
            if not await connection.scalar(sa.text("SELECT todo_accept_invitation()")):
                return None
            await _check(connection, mine)
            # Stored first: a password that only the server knew would lock its owner out.
            stored.keep(secrets, made)
            # By its name: Neon's own server does not understand CURRENT_USER here.
            role = connection.dialect.identifier_preparer.quote_identifier(target.user)
            await connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{encode(password)}'")
    finally:
        await database.close()
    return made


async def _check(connection: AsyncConnection, mine: Machine) -> None:
    await members.require_own(connection, mine.user_id)
    key = sa.select(col(Key.id)).where(
        col(Key.user_id) == mine.user_id, col(Key.id) == mine.key_id, col(Key.revoked_at).is_(None)
    )
    if await connection.scalar(key) is None:
        raise NotSignedIn(SPENT, hint=ANOTHER)


async def _resumed(target: PostgresTarget, opened: Opener, secrets: SecretStore) -> Connection:
    """What an interrupted try has stored, if it was not in vain."""
    earlier = stored.kept(secrets, target.key)
    if earlier is None or earlier.machine is None:
        raise NotSignedIn(SPENT, hint=ANOTHER)
    known = parse_url(earlier.url)
    if not isinstance(known, PostgresTarget) or known.user != target.user:
        raise NotSignedIn(SPENT, hint=ANOTHER)
    database = opened(known)
    try:
        async with database.bare() as connection:
            await grants.require_version(connection)
            await _check(connection, earlier.machine)
    except StoreUnavailable as error:
        if not refuses_login(error):
            raise
        raise NotSignedIn(SPENT, hint=ANOTHER) from None
    finally:
        await database.close()
    return earlier
