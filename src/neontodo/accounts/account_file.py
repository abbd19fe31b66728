"""The account that a profile is signed in to, and where it is stored.

`account.json` says who it is, or was before signing out, and holds no secret. The session, or a
token that was given, is a named secret; the token that a session was last given lasts minutes and
is in `account.token`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AliasChoices, Field

from neontodo.accounts.issuers import jwks
from neontodo.accounts.issuers.better_auth import SIGN_IN_AGAIN, IssuerSession
from neontodo.accounts.issuers.issuer import Issuer, build_user_id
from neontodo.accounts.secrets import private_files
from neontodo.accounts.secrets.private_files import Instant
from neontodo.errors import BadValue, NotSignedIn

if TYPE_CHECKING:
    from neontodo.accounts.secrets.named_secrets import NamedSecrets

FILE = "account.json"
TOKEN = "account.token"
SECRET = "session "
"""What the names of sessions begin with; a profile has one at most."""
SIGNED_OUT_HINT = (
    "`todo login` signs in again; `todo logout --forget` goes back to this machine's own user"
)
Method = Literal["session", "token"]


@dataclass(frozen=True)
class Account:
    """A user at an issuer.

    Attributes:
        subject: who they are there, the `sub` of their tokens.
        method: whether a session is asked for tokens, or one token was given.
        expires_at: when the session ends unless it is used before, or when the token expires.
        machine: what commands from here are logged under: no key of this machine signs them.
        signed_out: whether they have signed out since, and nobody else was chosen in their place.
    """

    issuer: Issuer
    subject: str
    email: str | None
    name: str | None
    method: Method
    expires_at: datetime | None
    machine: str
    signed_out: bool = False

    @property
    def user_id(self) -> str:
        """Who they are in a store."""
        return build_user_id(self.issuer.issuer, self.subject)

    @property
    def label(self) -> str:
        """What to call them."""
        return self.email or self.name or self.subject


@dataclass(frozen=True)
class _AccountFile:
    """What `account.json` says; `subject` was called `user_id` by the first releases."""

    url: str
    issuer: str
    audience: str
    jwks_url: str
    subject: Annotated[str, Field(validation_alias=AliasChoices("subject", "user_id"))]
    email: str | None
    name: str | None
    method: Method
    expires_at: Instant | None
    machine: str
    signed_out: bool = False


def load_account(folder: Path) -> Account | None:
    """Read who signed in last, None if nobody did; raises NotSignedIn if that is damaged."""
    data = private_files.read_private(folder / FILE)
    if data is None:
        return None
    if (stored := private_files.parse_json(_AccountFile, data)) is not None:
        with suppress(BadValue):
            values = asdict(stored)
            issuer = Issuer(**{each.name: values.pop(each.name) for each in fields(Issuer)})
            return Account(issuer, **values)
    raise NotSignedIn(
        f"`{folder / FILE}` is damaged: the signed-in account is unknown",
        hint=SIGNED_OUT_HINT,
    )


def save_account(folder: Path, account: Account) -> None:
    """Write who is signed in; secrets are stored before."""
    values = asdict(account)
    private_files.write_json(folder / FILE, _AccountFile(**values.pop("issuer"), **values))


def load_issuer_session(secrets: NamedSecrets, issuer: Issuer) -> IssuerSession:
    """Read the session, or the token that was given; raises NotSignedIn if it is gone."""
    text = secrets.get(session_secret_name(issuer))
    if (session := private_files.parse_json(IssuerSession, text or "")) is None:
        what = "is gone" if text is None else "is damaged"
        raise NotSignedIn(f"the stored session at {issuer.host} {what}", hint=SIGN_IN_AGAIN)
    return session


def save_issuer_session(secrets: NamedSecrets, issuer: Issuer, session: IssuerSession) -> None:
    """Store a session, or a token that was given."""
    secrets.set(session_secret_name(issuer), private_files.format_json(session))


def save_token(folder: Path, token: str) -> None:
    """Write the token that the session was last given."""
    private_files.write_private(folder / TOKEN, token.encode())


def list_session_urls(secrets: NamedSecrets) -> list[str]:
    """Return the URLs of the issuers that sessions are stored of, whoever is signed in."""
    return [name.removeprefix(SECRET) for name in secrets.names() if name.startswith(SECRET)]


def remove_secrets(folder: Path, secrets: NamedSecrets) -> None:
    """Remove what is stored of a sign-in, but for `account.json`."""
    private_files.remove_private(folder / TOKEN)
    private_files.remove_private(folder / jwks.FILE)
    for url in list_session_urls(secrets):
        secrets.delete(SECRET + url)
    with suppress(NotSignedIn):
        # A damaged secret does not say what it is called.
        if (account := load_account(folder)) is not None:
            secrets.delete(session_secret_name(account.issuer))


def remove_account(folder: Path, secrets: NamedSecrets) -> None:
    """Remove what is stored of a sign-in; `account.json` last, so that it can be done again."""
    remove_secrets(folder, secrets)
    private_files.remove_private(folder / FILE)


def session_secret_name(issuer: Issuer) -> str:
    """Return what the secret of a session at an issuer is called."""
    return SECRET + issuer.url
