"""Who is asking: the verified token of this run, and making its user known to a store."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.accounts import connected_database, machine_keys, queries, tokens
from neontodo.db.database import AGAIN, Database
from neontodo.errors import KeyNotAccepted, KeyringUnavailable, NotSignedIn, StoreUnavailable

if TYPE_CHECKING:
    from neontodo.accounts.connected_database import ConnectedDatabase
    from neontodo.accounts.machine_keys import MachineKey
    from neontodo.accounts.secrets.named_secrets import NamedSecrets


@dataclass(frozen=True)
class Identity:
    """A verified user; `origin` says where the token came from.

    `machine_name` is what this machine is called where an issuer's key signed, which all machines
    share.
    """

    claims: tokens.Claims
    origin: str
    machine_name: str | None = None

    @property
    def user_id(self) -> str:
        return self.claims.user_id

    @property
    def key_id(self) -> str:
        """What commands of this machine are logged under."""
        return self.machine_name or self.claims.key_id

    @property
    def is_signed_by_issuer(self) -> bool:
        """Whether an issuer signed the token, instead of a machine of the user's own."""
        return self.claims.is_signed_by_issuer


async def verify_self_signed_token(
    token: str, origin: str, *, machine_key: MachineKey | None, database: Database, now: datetime
) -> Identity:
    """Return the user that a token names, if one of that user's keys signed it.

    A token of this machine's own key is verified without asking the store; any other key is looked
    up by the user and key that the token claims, and only then trusted.
    """
    claimed = tokens.read_unverified(token)
    if machine_key is not None and claimed == tokens.UnverifiedClaims(
        machine_key.user_id, machine_key.key_id
    ):
        key = machine_key.private_key.public_key()
    else:
        key = machine_keys.decode_public_key(await _fetch_public_key(claimed, database))
    return Identity(tokens.verify_self_signed(token, key, claimed.key_id, now), origin)


async def _fetch_public_key(claimed: tokens.UnverifiedClaims, database: Database) -> str:
    async def attempt() -> tuple[str, datetime | None] | None:
        async with database.read(claimed.subject) as session:
            return await queries.fetch_public_key(session, claimed.subject, claimed.key_id)

    stored = await database.run_with_retries(attempt)
    if stored is None:
        raise NotSignedIn(
            "the token's key is not known to this store",
            hint="create one with `todo token create` on a machine that uses this store; for a "
            "token of an issuer, set `auth_url`",
        )
    public_key, revoked_at = stored
    if revoked_at is not None:
        raise NotSignedIn(
            f"the token was revoked on {revoked_at:%Y-%m-%d}",
            hint="make another one with `todo token create`",
        )
    return public_key


def identify_machine_user(machine_key: MachineKey, folder: Path, now: datetime) -> Identity:
    """Return the machine's own user, by the token in its folder."""
    claims = machine_keys.load_claims(machine_key, folder, now)
    return Identity(claims, str(folder / machine_keys.TOKEN))


def identify_database_user(
    connected: ConnectedDatabase, secrets: NamedSecrets, now: datetime
) -> Identity:
    """Return this machine's user in a connected database, by the token stored with its URL.

    One that soon expires is renewed.
    """
    machine_key = connected.machine_key
    assert machine_key is not None
    token, claims = machine_keys.renew_token(machine_key, now)
    if token != machine_key.token:
        # Where it cannot be stored, it serves this command only, which is all it is needed for.
        with suppress(StoreUnavailable, KeyringUnavailable, NotSignedIn):
            renewed = replace(connected, machine_key=replace(machine_key, token=token))
            connected_database.save_connected_database(secrets, renewed)
    return Identity(
        claims, connected_database.describe_secret_location(secrets, connected.store_id)
    )


def require_accepted(accepted: bool, claims: tokens.Claims) -> None:
    """Make sure that the store accepts the key; a token of an issuer's needs no key there."""
    if not (accepted or claims.is_signed_by_issuer):
        raise KeyNotAccepted(
            "the store does not know your key, or has revoked it", hint="run `todo connect`"
        )


async def admit_user(
    database: Database, claims: tokens.Claims, machine_name: str | None, now: datetime
) -> None:
    """Add the user of an issuer's token, or set their name and e-mail address to the token's.

    On a shared database only its owner can do that; a member's name is the owner's business.
    `machine_name` is what commands of the account that is signed in here are logged under.

    Raises:
        NotSignedIn: the login role is a member's, and another one's.
    """
    async with database.connect(hint_if_unknown=AGAIN) as connection:
        if not await require_login_of_user(connection, claims.user_id):
            await _adopt_former_id(connection, claims, machine_name)
            names = {"email": claims.email, "name": claims.name}
            await queries.save_user(connection, claims.user_id, names, now)


async def require_admissible(database: Database, claims: tokens.Claims) -> None:
    """Make sure that the user is known to the store, or can be made known; nothing is changed."""
    async with database.connect() as connection:
        await require_login_of_user(connection, claims.user_id)


async def require_login_of_user(connection: AsyncConnection, user_id: str) -> bool:
    """Return whether the login role is a member's; if so, make sure that it is this user's."""
    if not await queries.is_member_login(connection):
        return False
    if not await queries.has_user(connection, user_id):
        raise NotSignedIn(
            "the login role of this database is another user's, or was removed",
            hint="ask the database's owner for `todo member add` with `--subject` and your user id"
            ", which `todo whoami` shows",
        )
    return True


async def _adopt_former_id(
    connection: AsyncConnection, claims: tokens.Claims, machine_name: str | None
) -> None:
    """Rename a user whose id is the plain `sub`, if that is known to be the account's.

    Until the issuer became part of a user id, it was the plain `sub`. The user is the account's if
    the issuer tells the same e-mail address as before, or if this machine has written as that user
    while the same account was signed in here: `machine_name` is what its commands are logged under.
    Whoever has a machine's key is no such user.
    """
    former = await queries.lock_user_without_machine(
        connection, claims.subject, unless=claims.user_id, machine_name=machine_name
    )
    if former is None:
        return
    email, has_written = former
    if has_written or (email and claims.email and email.casefold() == claims.email.casefold()):
        await queries.rename_user(connection, claims.subject, claims.user_id)
