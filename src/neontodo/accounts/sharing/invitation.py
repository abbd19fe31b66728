"""An invitation: one line that lets its holder into a shared database as one user, once.

It holds the URL with the login role made for them and that role's first password, which `join`
replaces, and the private key of the machine that joins.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from neontodo.accounts.key_text import (
    from_base64url,
    private_from_text,
    private_text,
    thumbprint,
    to_base64url,
)
from neontodo.accounts.machine_key import Machine
from neontodo.db.tls import SYSTEM
from neontodo.db.url import PARAMETERS, PostgresTarget
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from typing import Any

SCHEME = "todo-invite:"
PREFIX = f"{SCHEME}v1:"
CHECKSUM_BYTES = 6
LARGEST = 8192


@dataclass(frozen=True)
class Invitation:
    """What the line says: where, and as whom."""

    url: str = field(repr=False)
    machine: Machine = field(repr=False)


def portable(target: PostgresTarget) -> PostgresTarget:
    """The same for another machine, where the file with the authority's certificate is not.

    Nothing less is verified there: by libpq's own file for it, or the system's authorities.
    """
    if target.sslrootcert in (None, SYSTEM):
        return target
    # `require` verifies only where it is told an authority.
    sslmode = "verify-ca" if target.sslmode == "require" else target.sslmode
    return replace(target, sslrootcert=None, sslmode=sslmode)


def url_for(target: PostgresTarget, role: str, password: str) -> str:
    """The URL of a database for another login role, in the way that the target goes there."""
    parameters = {
        option.name: f"{value:g}" if isinstance(value, float) else value
        for option in fields(target)
        if option.name in PARAMETERS and (value := getattr(target, option.name)) != option.default
    }
    parameters.pop("application_name", None)
    host = f"[{target.host}]" if ":" in target.host else target.host
    if target.is_socket:
        parameters["host"], host = host, ""
    login, database = f"{_quoted(role)}:{_quoted(password)}", _quoted(target.database)
    query = "&".join(f"{name}={_quoted(value)}" for name, value in parameters.items())
    return f"postgresql://{login}@{host}:{target.port}/{database}?{query}".removesuffix("?")


def _quoted(text: str) -> str:
    return quote(text, safe="")


def to_line(invitation: Invitation) -> str:
    """The line that `from_line` reads."""
    mine = invitation.machine
    content = {
        "url": invitation.url,
        "user": mine.user_id,
        "name": mine.name,
        "key": private_text(mine.private_key),
    }
    data = json.dumps(content, separators=(",", ":")).encode()
    return PREFIX + to_base64url(_checksum(data) + data)


def from_line(line: str) -> Invitation:
    """The invitation in a pasted line, which may have been broken into several.

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
    invitation = _parsed(text.removeprefix(PREFIX)) if len(text) <= LARGEST else None
    if invitation is None:
        raise BadValue(
            "the invitation is damaged", hint="paste the whole line, from its first character on"
        )
    return invitation


def _parsed(text: str) -> Invitation | None:
    # Answers None instead of raising: JSON's own error would carry the secret along.
    try:
        packed = from_base64url(text)
        checksum, data = packed[:CHECKSUM_BYTES], packed[CHECKSUM_BYTES:]
        if checksum != _checksum(data):
            return None
        content: dict[str, Any] = json.loads(data)
        private_key = private_from_text(content["key"])
        return Invitation(
            url=str(content["url"]),
            machine=Machine(
                user_id=str(content["user"]),
                name=str(content["name"]),
                key_id=thumbprint(private_key.public_key()),
                private_key=private_key,
                token=None,
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:CHECKSUM_BYTES]
