"""Who is asking: the token of this run, verified, and the key that signed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from neontodo.accounts import connection as stored
from neontodo.accounts import machine_key, tokens
from neontodo.accounts.key_text import public_from_text
from neontodo.db.database import Database
from neontodo.errors import NotSignedIn
from neontodo.models import Key

if TYPE_CHECKING:
    from neontodo.accounts.connection import Connection
    from neontodo.accounts.machine_key import Machine
    from neontodo.accounts.secrets.store import SecretStore


@dataclass(frozen=True)
class Identity:
    """A verified user; `origin` says where the token came from.

    `machine` is what this machine is called where an issuer's key signed, which all machines share.
    """

    claims: tokens.Claims
    origin: str
    machine: str | None = None

    @property
    def user_id(self) -> str:
        return self.claims.user_id

    @property
    def key_id(self) -> str:
        """What commands of this machine are logged under."""
        return self.machine or self.claims.key_id

    @property
    def by_issuer(self) -> bool:
        """Whether somebody else than a machine of the user's own vouches for them."""
        return self.claims.by_issuer


async def verified(
    token: str, origin: str, *, mine: Machine | None, database: Database, now: datetime
) -> Identity:
    """The user whom a token names, if a key that may speak for them signed it.

    A token of this machine's own key is verified without asking the store; any other key is looked
    up by the user and key that the token claims, and only then trusted.
    """
    claimed = tokens.claimed(token)
    if mine is not None and claimed == tokens.Claimed(mine.user_id, mine.key_id):
        key = mine.private_key.public_key()
    else:
        key = public_from_text(await _stored_key(claimed, database))
    claims = tokens.verify(
        token,
        key=key,
        algorithm=tokens.ALGORITHM,
        key_id=claimed.key_id,
        issuer=tokens.ISSUER,
        audience=None,
        now=now,
    )
    return Identity(claims, origin)


async def _stored_key(claimed: tokens.Claimed, database: Database) -> str:
    statement = select(Key.public_key, Key.revoked_at).where(
        col(Key.user_id) == claimed.subject, col(Key.id) == claimed.key_id
    )

    async def attempt() -> Any:
        async with database.read(claimed.subject) as session:
            return (await session.execute(statement)).first()

    row = await database.repeated(attempt)
    if row is None:
        raise NotSignedIn(
            "the token's key is not known to this store",
            hint="make one with `todo token create` on a machine that uses this store; where an "
            "issuer's are used, `auth_url` of the settings names it",
        )
    if row[1] is not None:
        raise NotSignedIn(
            f"the token was revoked on {row[1]:%Y-%m-%d}",
            hint="make another one with `todo token create`",
        )
    return str(row[0])


def of_machine(mine: Machine, folder: Path, now: datetime) -> Identity:
    """The machine's own user, by the token in its folder."""
    claims = machine_key.current_token(mine, folder, now)
    return Identity(claims, str(folder / machine_key.TOKEN))


def of_connection(connection: Connection, secrets: SecretStore, now: datetime) -> Identity:
    """The user that this machine is in a connected database, by the token stored with its URL."""
    claims = stored.current_token(connection, secrets, now)
    return Identity(claims, stored.where(secrets, connection.store))
