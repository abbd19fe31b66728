"""This machine's key: the user it belongs to, and the token that it signs.

That of the embedded store is kept in two private files beside the store, so that cron and SSH find
what the desktop made. `identity.json` is made once, and its key never replaced; `token` is signed
anew before it expires.
"""

from __future__ import annotations

import hashlib
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, PlainSerializer

from neontodo.accounts import tokens
from neontodo.accounts.secrets.private_files import (
    create_private,
    format_json,
    parse_json,
    read_private,
    read_token,
    remove_private,
    replace_private,
    write_private,
)
from neontodo.accounts.tokens import decode_base64url, encode_base64url
from neontodo.errors import KeyNotAccepted, NotSignedIn, StoreUnavailable

KEY_FILE = "identity.json"
TOKEN = "token"
LIFETIME = timedelta(days=90)
RENEWED_BEFORE = timedelta(days=30)
LONGEST_NAME = 200


def generate_private_key() -> PrivateKey:
    """Make an Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def encode_private_key(key: PrivateKey) -> str:
    """Write a private key as base64url of its 32 bytes."""
    return encode_base64url(key.private_bytes_raw())


def decode_private_key(text: str) -> PrivateKey:
    """Read a private key as `encode_private_key` writes it; ValueError if it is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(decode_base64url(text))


def encode_public_key(key: Ed25519PublicKey) -> str:
    """Write a public key as base64url of its 32 bytes."""
    return encode_base64url(key.public_bytes_raw())


def decode_public_key(text: str) -> Ed25519PublicKey:
    """Read a public key as `encode_public_key` writes it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        return Ed25519PublicKey.from_public_bytes(decode_base64url(text))
    except ValueError as error:
        raise NotSignedIn(
            "the store's public key for this token is damaged", hint="make another token"
        ) from error


def compute_thumbprint(key: Ed25519PublicKey) -> str:
    """Name a public key by its JWK thumbprint (RFC 7638), 43 characters."""
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{encode_public_key(key)}"}}'
    return encode_base64url(hashlib.sha256(jwk.encode()).digest())


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey as PrivateKey,
    )
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
else:
    # cryptography is loaded only when a key is read.
    PrivateKey = Annotated[
        str, AfterValidator(decode_private_key), PlainSerializer(encode_private_key)
    ]


@dataclass(frozen=True)
class MachineKey:
    """A user on this machine and its key, as they are stored.

    Attributes:
        token: None where it has not been signed yet.
        had_store: false until the embedded store beside it has been made: some only use a server.

    Raises:
        ValueError: `key_id` is another key's.
    """

    user_id: str
    name: str
    key_id: str
    private_key: PrivateKey = field(repr=False)
    token: str | None = field(default=None, repr=False)
    had_store: bool = True

    def __post_init__(self) -> None:
        if self.key_id != compute_thumbprint(self.private_key.public_key()):
            raise ValueError("the id is another key's")

    def to_row(self, label: str, now: datetime) -> dict[str, Any]:
        """Return the public half as a store has it."""
        return {
            "user_id": self.user_id,
            "id": self.key_id,
            "public_key": encode_public_key(self.private_key.public_key()),
            "label": label,
            "created_at": now,
        }


def load_machine_key(folder: Path) -> MachineKey | None:
    """Read the key that is stored in a folder, None if there is none; NotSignedIn if damaged."""
    data = read_private(folder / KEY_FILE)
    if data is None:
        return None
    machine_key = parse_json(MachineKey, data)
    if machine_key is None or not is_uuid(machine_key.user_id):
        raise KeyNotAccepted(
            f"`{folder / KEY_FILE}` is damaged, so this machine's identity is not known",
            hint="`todo connect --local --as USER` makes a key for a user of the embedded store",
        )
    return replace(machine_key, token=read_token(folder / TOKEN))


def find_machine_key(folder: Path) -> MachineKey | None:
    """Read the key that is stored in a folder, None if there is none that can be used.

    It is for what can do without: another key, or a store that knows the key.
    """
    try:
        return load_machine_key(folder)
    except NotSignedIn:
        return None


def create_machine_key(folder: Path, *, name: str, now: datetime) -> MachineKey:
    """Make a user and a key, or return those there are; concurrent callers get the same."""
    machine_key = load_machine_key(folder)
    if machine_key is None:
        made = replace(generate_machine_key(str(uuid.uuid4()), name), had_store=False)
        create_private(folder / KEY_FILE, _format(made))
        machine_key = load_machine_key(folder)
    if machine_key is None:
        raise StoreUnavailable(f"`{folder}` was changed meanwhile", hint="run the command again")
    if machine_key.token is None:
        # Without the file the token is signed for each command, which a read-only disk must bear.
        with suppress(StoreUnavailable):
            create_private(folder / TOKEN, sign_token(machine_key, now).encode())
        machine_key = replace(machine_key, token=read_token(folder / TOKEN))
    return machine_key


def replace_machine_key(folder: Path, machine_key: MachineKey) -> Path | None:
    """Store another key; return the new name of the file that was in its place, if there was one.

    The token goes: it belongs to the key that signed it.
    """
    remove_private(folder / TOKEN)
    return replace_private(folder / KEY_FILE, _format(machine_key))


def note_store_made(folder: Path) -> None:
    """Write down that the embedded store was made, so that it is missed if it is lost."""
    machine_key = load_machine_key(folder)
    if machine_key is not None and not machine_key.had_store:
        with suppress(StoreUnavailable):
            write_private(folder / KEY_FILE, _format(replace(machine_key, had_store=True)))


def load_claims(machine_key: MachineKey, folder: Path, now: datetime) -> tokens.Claims:
    """Return what the machine's token says; one that is absent or soon expires is signed anew."""
    try:
        token, claims = renew_token(machine_key, now)
    except NotSignedIn as error:
        raise NotSignedIn(
            f"{error.message} (`{folder / TOKEN}`)",
            hint="remove that file, and this machine signs a new one",
        ) from None
    if token != machine_key.token:
        # On a read-only disk the new token serves this command only, which is all it is needed for.
        with suppress(StoreUnavailable):
            write_private(folder / TOKEN, token.encode())
    return claims


def renew_token(machine_key: MachineKey, now: datetime) -> tuple[str, tokens.Claims]:
    """Return the machine's token, verified, or one signed anew if that soon expires.

    Raises:
        NotSignedIn: somebody tampered with the token; it is not replaced in silence.
    """
    if machine_key.token is not None:
        with suppress(tokens.OutsideValidity):
            claims = _verify(machine_key, machine_key.token, now)
            if claims.expires_at - now > RENEWED_BEFORE:
                return machine_key.token, claims
    token = sign_token(machine_key, now)
    return token, _verify(machine_key, token, now)


def find_os_user_name() -> str:
    """Return what the operating system calls the user; containers may have no name for one."""
    import getpass

    try:
        name = getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "me"
    printable = "".join(character for character in name if character.isprintable())
    return printable.strip()[:LONGEST_NAME] or "me"


def generate_machine_key(user_id: str, name: str) -> MachineKey:
    """Make a key of this machine for a user; nothing is stored."""
    private_key = generate_private_key()
    return MachineKey(user_id, name, compute_thumbprint(private_key.public_key()), private_key)


def _format(machine_key: MachineKey) -> bytes:
    # The token has a file of its own. A file without `had_store` is of a machine that had one.
    left_out = {"token", "had_store"} if machine_key.had_store else {"token"}
    return format_json(machine_key, exclude=left_out, indent=2).encode() + b"\n"


def is_uuid(text: str) -> bool:
    """Return whether a user's id is one that a machine gave; those of issuers' users are longer."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def sign_token(machine_key: MachineKey, now: datetime, lifetime: timedelta = LIFETIME) -> str:
    """Sign a token for the key's user."""
    user_id, key_id = machine_key.user_id, machine_key.key_id
    return tokens.sign(
        machine_key.private_key, user_id=user_id, key_id=key_id, now=now, lifetime=lifetime
    )


def _verify(machine_key: MachineKey, token: str, now: datetime) -> tokens.Claims:
    claims = tokens.verify_self_signed(
        token, machine_key.private_key.public_key(), machine_key.key_id, now
    )
    if claims.user_id != machine_key.user_id:
        raise NotSignedIn("the token is of another user")
    return claims
