"""An invitation: one line that lets its holder into a shared database as one user, once; taking it.

It holds the URL with the login role made for them and that role's first password, which `join`
replaces, and the private key of the machine that joins.
"""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.accounts import connected_database, queries
from neontodo.accounts.connected_database import ConnectedDatabase
from neontodo.accounts.identity import require_login_of_user
from neontodo.accounts.machine_keys import (
    MachineKey,
    compute_thumbprint,
    decode_private_key,
    encode_private_key,
)
from neontodo.accounts.secrets.named_secrets import NamedSecrets
from neontodo.accounts.secrets.private_files import parse_json
from neontodo.accounts.sharing import grants
from neontodo.accounts.sharing.grants import Encode, generate_password, set_passwords
from neontodo.accounts.tokens import decode_base64url, encode_base64url
from neontodo.db.database import Database
from neontodo.db.errors_postgres import refuses_login
from neontodo.db.tls import SYSTEM
from neontodo.db.url import PARAMETERS, PostgresTarget, parse_url
from neontodo.errors import BadValue, NotSignedIn, StoreUnavailable, iterate_causes

Opener = Callable[[PostgresTarget], Database]

SCHEME = "todo-invite:"
PREFIX = f"{SCHEME}v1:"
CHECKSUM_BYTES = 6
LARGEST = 8192
SPENT = "the invitation was used already, was withdrawn, or has expired"
ANOTHER = "ask the person who sent it for another one"
AUTHORITY = (
    "if the server's authority is the sender's own, ask them for its certificate, and put it in "
    "`~/.postgresql/root.crt`"
)


@dataclass(frozen=True)
class Invitation:
    """What the line says: the database's URL, and the user's key there."""

    url: str = field(repr=False)
    machine_key: MachineKey = field(repr=False)


@dataclass(frozen=True)
class _Content:
    """The JSON in the line."""

    url: str
    user: str
    name: str
    key: str = field(repr=False)


def make_portable(target: PostgresTarget) -> PostgresTarget:
    """Return the same for another machine, where the file with the authority's certificate is not.

    Nothing less is verified there: by libpq's own file for it, or the system's authorities.
    """
    if target.sslrootcert in (None, SYSTEM):
        return target
    # `require` verifies only where it is told an authority.
    sslmode = "verify-ca" if target.sslmode == "require" else target.sslmode
    return replace(target, sslrootcert=None, sslmode=sslmode)


def build_url(target: PostgresTarget, role: str, password: str) -> str:
    """Return the URL of a database for another login role, with the target's options."""
    parameters = {
        option.name: f"{value:g}" if isinstance(value, float) else value
        for option in fields(target)
        if option.name in PARAMETERS and (value := getattr(target, option.name)) != option.default
    }
    parameters.pop("application_name", None)
    host = f"[{target.host}]" if ":" in target.host else target.host
    if target.is_socket:
        parameters["host"], host = host, ""
    user, word, database = (quote(text, safe="") for text in (role, password, target.database))
    query = urlencode(parameters, quote_via=quote)
    return f"postgresql://{user}:{word}@{host}:{target.port}/{database}?{query}".removesuffix("?")


def encode_invitation(invitation: Invitation) -> str:
    """Return the line that `decode_invitation` reads."""
    key = invitation.machine_key
    content = _Content(invitation.url, key.user_id, key.name, encode_private_key(key.private_key))
    data = json.dumps(asdict(content), separators=(",", ":")).encode()
    return PREFIX + encode_base64url(_checksum(data) + data)


def decode_invitation(line: str) -> Invitation:
    """Return the invitation in a pasted line, which may have been broken into several.

    Raises:
        BadValue: it is none, or not whole; the message repeats nothing of it.
    """
    text = "".join(line.split())
    if not text.startswith(SCHEME):
        raise BadValue(
            "this is not an invitation", hint=f"it is one line that starts with `{PREFIX}`"
        )
    if not text.startswith(PREFIX):
        raise BadValue("the invitation is of another version of todo", hint="upgrade neontodo")
    invitation = _parse(text.removeprefix(PREFIX)) if len(text) <= LARGEST else None
    if invitation is None:
        raise BadValue(
            "the invitation is damaged", hint="paste the whole line, from its first character on"
        )
    return invitation


def _parse(text: str) -> Invitation | None:
    # Returns None instead of raising: an error would carry the secret along.
    try:
        packed = decode_base64url(text)
        checksum, data = packed[:CHECKSUM_BYTES], packed[CHECKSUM_BYTES:]
        content = parse_json(_Content, data) if checksum == _checksum(data) else None
        if content is None:
            return None
        private_key = decode_private_key(content.key)
    except ValueError:
        return None
    key_id = compute_thumbprint(private_key.public_key())
    return Invitation(content.url, MachineKey(content.user, content.name, key_id, private_key))


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:CHECKSUM_BYTES]


def parse_target(invitation: Invitation) -> PostgresTarget:
    """Return the database that an invitation is for."""
    target = parse_url(invitation.url)
    if not isinstance(target, PostgresTarget):
        raise BadValue("the invitation is for no database of a server")
    return target


async def accept_invitation(
    invitation: Invitation, open_database: Opener, folder: Path, secrets: NamedSecrets
) -> ConnectedDatabase:
    """Spend the invitation, store the database and use it from now on.

    Whoever was interrupted may do it again: what is stored by then is tried where the invitation
    is spent.

    Raises:
        NotSignedIn: it was used or withdrawn, or has expired.
    """
    target = parse_target(invitation)

    async def spend(encode: Encode) -> ConnectedDatabase | None:
        return await _spend(invitation.machine_key, target, open_database, secrets, encode)

    try:
        made = await set_passwords(target, spend)
    except StoreUnavailable as error:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in iterate_causes(error)):
            raise StoreUnavailable(error.message, hint=AUTHORITY) from error
        if not refuses_login(error):
            raise
        made = None
    if made is None:
        made = await _resume(target, open_database, secrets)
    connected_database.use_connected_database(folder, made)
    return made


async def _spend(
    machine_key: MachineKey,
    target: PostgresTarget,
    open_database: Opener,
    secrets: NamedSecrets,
    encode: Encode,
) -> ConnectedDatabase | None:
    """Accept the invitation; None if it cannot be, such as after another `join` of it."""
    password = generate_password()
    made = ConnectedDatabase(
        target.store_id, target.display, build_url(target, target.user, password), machine_key
    )
    database = open_database(target)
    try:
        again = "run `todo join` again, with the same invitation"
        async with database.connect(hint_if_unknown=again) as connection:
            await grants.require_version(connection)
            if not await connection.scalar(sa.text("SELECT todo_accept_invitation()")):
                return None
            await _require_accepted(connection, machine_key)
            # Stored first: a password that only the server knew would lock its owner out.
            connected_database.save_connected_database(secrets, made)
            # By its name: Neon's own server does not understand CURRENT_USER here.
            role = connection.dialect.identifier_preparer.quote_identifier(target.user)
            await connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{encode(password)}'")
    finally:
        await database.close()
    return made


async def _require_accepted(connection: AsyncConnection, machine_key: MachineKey) -> None:
    await require_login_of_user(connection, machine_key.user_id)
    if not await queries.is_key_accepted(connection, machine_key.user_id, machine_key.key_id):
        raise NotSignedIn(SPENT, hint=ANOTHER)


async def _resume(
    target: PostgresTarget, open_database: Opener, secrets: NamedSecrets
) -> ConnectedDatabase:
    """Return what an interrupted try has stored, if the database accepts it."""
    earlier = connected_database.load_connected_database(secrets, target.store_id)
    if earlier is None or earlier.machine_key is None:
        raise NotSignedIn(SPENT, hint=ANOTHER)
    known = parse_url(earlier.url)
    if not isinstance(known, PostgresTarget) or known.user != target.user:
        raise NotSignedIn(SPENT, hint=ANOTHER)
    database = open_database(known)
    try:
        async with database.connect() as connection:
            await grants.require_version(connection)
            await _require_accepted(connection, earlier.machine_key)
    except StoreUnavailable as error:
        if not refuses_login(error):
            raise
        raise NotSignedIn(SPENT, hint=ANOTHER) from None
    finally:
        await database.close()
    return earlier
