"""What is stored of the account that a profile is signed in to.

`account.json` says who it is and holds no secret. The session, or a token that was given, lies in
the secret store; the token that a session was last given lasts minutes and lies in `account.token`.
"""

from __future__ import annotations

import json
import secrets as random
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neontodo.accounts.issuers import jwks
from neontodo.accounts.issuers.better_auth import AGAIN, Session
from neontodo.accounts.issuers.issuer import Issuer, user_id_of
from neontodo.accounts.secrets.private_files import read_private, remove_private, write_private
from neontodo.errors import BadValue, NotSignedIn

if TYPE_CHECKING:
    from neontodo.accounts.secrets.store import SecretStore

FILE = "account.json"
TOKEN = "account.token"
SECRET = "session "
"""What the names of sessions begin with; a profile has one at the most."""
REQUIRED = ("url", "issuer", "audience", "jwks_url", "subject", "machine")
Method = Literal["session", "token"]


def new_machine() -> str:
    """A name of this machine that no other machine of the same user has."""
    return f"{socket.gethostname()[:40]}-{random.token_hex(4)}"


@dataclass(frozen=True)
class Account:
    """A user at an issuer.

    Attributes:
        subject: who they are there, the `sub` of their tokens.
        method: whether a session is asked for tokens, or one token was given.
        expires_at: when the session ended if it were not used again, or when the token expires.
        machine: what commands from here are logged under: no key of this machine signs them.
    """

    issuer: Issuer
    subject: str
    email: str | None
    name: str | None
    method: Method
    expires_at: datetime | None
    machine: str

    @property
    def user_id(self) -> str:
        """Who they are in a store."""
        return user_id_of(self.issuer.issuer, self.subject)

    @property
    def label(self) -> str:
        """What to call them."""
        return self.email or self.name or self.subject


def remembered(folder: Path) -> Account | None:
    """The account of this folder; None if nobody is signed in."""
    data = read_private(folder / FILE)
    if data is None:
        return None
    if (account := _from_json(data)) is None:
        raise NotSignedIn(
            f"`{folder / FILE}` is damaged, so it is not known who is signed in",
            hint="`todo login` writes it anew",
        )
    return account


def keep(folder: Path, account: Account) -> None:
    """Write who is signed in; secrets are stored before."""
    fields = {
        "url": account.issuer.url,
        "issuer": account.issuer.issuer,
        "audience": account.issuer.audience,
        "jwks_url": account.issuer.jwks_url,
        "subject": account.subject,
        "email": account.email,
        "name": account.name,
        "method": account.method,
        "expires_at": account.expires_at and account.expires_at.astimezone(UTC).isoformat(),
        "machine": account.machine,
    }
    write_private(folder / FILE, json.dumps(fields, indent=2).encode() + b"\n")


def session_of(secrets: SecretStore, issuer: Issuer) -> Session:
    """The stored session at an issuer, or the token that was given, as a session's.

    Raises:
        NotSignedIn: it is not where it was stored.
    """
    text = secrets.get(secret_name(issuer))
    if (session := _session(text or "")) is None:
        what = "is gone" if text is None else "is damaged"
        raise NotSignedIn(f"the stored session at {issuer.host} {what}", hint=AGAIN)
    return session


def keep_session(secrets: SecretStore, issuer: Issuer, session: Session) -> None:
    """Store a session, or a token that was given."""
    fields = {"token": session.token, "kind": session.kind, "cookie": session.cookie}
    secrets.set(secret_name(issuer), json.dumps(fields))


def cached_token(folder: Path) -> str | None:
    """The token that the session was last given."""
    data = read_private(folder / TOKEN)
    return None if data is None else data.decode("ascii", "replace").strip()


def keep_token(folder: Path, token: str) -> None:
    """Write the token that the session was last given."""
    write_private(folder / TOKEN, token.encode())


def drop_token(folder: Path) -> None:
    """Remove the token that the session was last given."""
    remove_private(folder / TOKEN)


def sessions(secrets: SecretStore) -> list[str]:
    """The URLs of the issuers that sessions are stored of, whoever is signed in."""
    return [name.removeprefix(SECRET) for name in secrets.names() if name.startswith(SECRET)]


def forget(folder: Path, secrets: SecretStore) -> None:
    """Remove what is stored of a sign-in; `account.json` last, so that it can be done again."""
    drop_token(folder)
    jwks.forget(folder)
    for url in sessions(secrets):
        secrets.delete(SECRET + url)
    with suppress(NotSignedIn):
        # A damaged secret does not say what it is called.
        if (account := remembered(folder)) is not None:
            secrets.delete(secret_name(account.issuer))
    remove_private(folder / FILE)


def secret_name(issuer: Issuer) -> str:
    """What the secret of a session at an issuer is called."""
    return SECRET + issuer.url


def _from_json(data: bytes) -> Account | None:
    try:
        fields: dict[str, Any] = json.loads(data)
        # The name that it had until the issuer became part of a user id.
        fields.setdefault("subject", fields.get("user_id"))
        texts = [fields[name] for name in REQUIRED]
        optional = [fields[name] for name in ("email", "name", "expires_at")]
        if not all(isinstance(text, str) for text in texts):
            return None
        if not all(isinstance(text, str | None) for text in optional):
            return None
        if fields["method"] not in ("session", "token"):
            return None
        email, name, expires = optional
        expires_at = datetime.fromisoformat(expires) if expires else None
        if expires_at is not None and expires_at.tzinfo is None:
            return None
        *of_issuer, subject, machine = texts
        method = fields["method"]
        return Account(Issuer(*of_issuer), subject, email, name, method, expires_at, machine)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadValue):
        return None


def _session(text: str) -> Session | None:
    # Answers None instead of raising: JSON's own error would carry the secret along.
    try:
        fields: dict[str, Any] = json.loads(text)
        token, kind, cookie = fields["token"], fields["kind"], fields["cookie"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(token, str) or not isinstance(cookie, str | None):
        return None
    return Session(token, kind, cookie) if kind in ("bearer", "cookie") else None
