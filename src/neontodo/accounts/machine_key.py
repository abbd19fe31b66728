"""This machine's identity: a user, a key, and the token that it signs.

That of the embedded store lies in two private files beside the store, so that cron and SSH find
what the desktop made.
`identity.json` is made once, and its key never replaced; `token` is signed anew before it expires.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neontodo.accounts import key_text, tokens
from neontodo.accounts.secrets.private_files import create_private, read_private, write_private
from neontodo.errors import NotSignedIn, StoreUnavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

IDENTITY = "identity.json"
TOKEN = "token"
LIFETIME = timedelta(days=90)
RENEWED_BEFORE = timedelta(days=30)
LONGEST_NAME = 200


@dataclass(frozen=True)
class Machine:
    """A user on this machine; `token` is None where it has not been signed yet.

    `had_store` is false until the embedded store beside it has been made: some only use a server.
    """

    user_id: str
    name: str
    key_id: str
    private_key: Ed25519PrivateKey = field(repr=False)
    token: str | None = field(repr=False)
    had_store: bool = True


def load(folder: Path) -> Machine | None:
    """Read the identity that lies in a folder, or None if there is none."""
    data = read_private(folder / IDENTITY)
    if data is None:
        return None
    machine = _from_json(data)
    if machine is None:
        raise NotSignedIn(
            f"`{folder / IDENTITY}` is damaged, so this machine's identity is not known",
            hint="restore that file from a backup; the tasks are untouched",
        )
    return replace(machine, token=_stored_token(folder))


def create(folder: Path, *, name: str, now: datetime) -> Machine:
    """Make an identity, or answer the one that is there: all who race to make it get the same."""
    machine = load(folder)
    if machine is None:
        made = replace(new_key(str(uuid.uuid4()), name), had_store=False)
        machine = made if create_private(folder / IDENTITY, _to_json(made)) else load(folder)
    if machine is None:
        raise StoreUnavailable(f"`{folder}` was changed meanwhile", hint="run the command again")
    if machine.token is None:
        # Without the file the token is signed for each command, which a read-only disk must bear.
        with suppress(StoreUnavailable):
            create_private(folder / TOKEN, _signed(machine, now).encode())
        machine = replace(machine, token=_stored_token(folder))
    return machine


def remember_store(folder: Path) -> None:
    """Write down that the embedded store was made, so that it is missed if it is lost."""
    machine = load(folder)
    if machine is not None and not machine.had_store:
        with suppress(StoreUnavailable):
            write_private(folder / IDENTITY, _to_json(replace(machine, had_store=True)))


def current_token(machine: Machine, folder: Path, now: datetime) -> tokens.Claims:
    """What the machine's token says, verified, and signed anew if it is absent or soon expires."""
    try:
        token, claims = renewed(machine, now)
    except NotSignedIn as error:
        raise NotSignedIn(
            f"{error.message} (`{folder / TOKEN}`)",
            hint="remove that file, and this machine signs a new one",
        ) from None
    if token != machine.token:
        # On a read-only disk the new token serves this command only, which is all it is needed for.
        with suppress(StoreUnavailable):
            write_private(folder / TOKEN, token.encode())
    return claims


def renewed(machine: Machine, now: datetime) -> tuple[str, tokens.Claims]:
    """Return the machine's token, verified, or one signed anew if that soon expires.

    Raises:
        NotSignedIn: somebody tampered with the token; it is not replaced in silence.
    """
    if machine.token is not None:
        claims = _verified(machine, machine.token, now)
        if claims is not None and claims.expires_at - now > RENEWED_BEFORE:
            return machine.token, claims
    token = _signed(machine, now)
    return token, _verify(machine, token, now)


def os_user_name() -> str:
    """Return what the operating system calls the user; containers may have no name for one."""
    import getpass

    try:
        name = getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "me"
    printable = "".join(character for character in name if character.isprintable())
    return printable.strip()[:LONGEST_NAME] or "me"


def new_key(user_id: str, name: str) -> Machine:
    """Make a key of this machine for a user; nothing is stored."""
    private_key = key_text.new_private()
    return Machine(
        user_id=user_id,
        name=name,
        key_id=key_text.thumbprint(private_key.public_key()),
        private_key=private_key,
        token=None,
    )


def to_fields(machine: Machine) -> dict[str, str]:
    """What is stored of a machine besides its token; the private key is among it."""
    return {
        "user_id": machine.user_id,
        "name": machine.name,
        "key_id": machine.key_id,
        "private_key": key_text.private_text(machine.private_key),
    }


def from_fields(fields: dict[str, Any], token: str | None = None) -> Machine:
    """A machine as `to_fields` wrote it.

    Raises:
        ValueError, KeyError, TypeError: it did not.
    """
    private_key = key_text.private_from_text(fields["private_key"])
    key_id = key_text.thumbprint(private_key.public_key())
    if fields["key_id"] != key_id:
        raise ValueError("another key's id")
    user_id, name = fields["user_id"], fields["name"]
    if not (isinstance(user_id, str) and isinstance(name, str)):
        raise TypeError("no text")
    return Machine(user_id, name, key_id, private_key, token)


def _to_json(machine: Machine) -> bytes:
    fields: dict[str, str | bool] = {**to_fields(machine)}
    if not machine.had_store:
        fields["had_store"] = False
    return json.dumps(fields, indent=2).encode() + b"\n"


def _from_json(data: bytes) -> Machine | None:
    try:
        fields = json.loads(data)
        machine = replace(from_fields(fields), had_store=fields.get("had_store") is not False)
        uuid.UUID(machine.user_id)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return machine


def _stored_token(folder: Path) -> str | None:
    data = read_private(folder / TOKEN)
    return None if data is None else data.decode("ascii", "replace").strip()


def _signed(machine: Machine, now: datetime) -> str:
    return tokens.sign(
        machine.private_key,
        user_id=machine.user_id,
        key_id=machine.key_id,
        now=now,
        lifetime=LIFETIME,
    )


def _verify(machine: Machine, token: str, now: datetime) -> tokens.Claims:
    return tokens.verify(
        token,
        key=machine.private_key.public_key(),
        algorithm=tokens.ALGORITHM,
        key_id=machine.key_id,
        issuer=tokens.ISSUER,
        audience=None,
        now=now,
    )


def _verified(machine: Machine, token: str, now: datetime) -> tokens.Claims | None:
    try:
        claims = _verify(machine, token, now)
    except tokens.OutsideValidity:
        return None
    if claims.user_id != machine.user_id:
        raise NotSignedIn("the token is of another user")
    return claims
