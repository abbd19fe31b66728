"""Sessions of a Better Auth server, such as Neon Auth: beginning, using and ending them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from neontodo.errors import NotSignedIn, StoreUnavailable

if TYPE_CHECKING:
    from neontodo.accounts.issuers.http import HttpAnswer, HttpClient
    from neontodo.accounts.issuers.issuer import Issuer

COOKIE = "session_token"
LONGEST = 4096
SIGN_IN_AGAIN = "sign in again with `todo login`"
# What may be in a header's or a cookie's value: what a server says is sent back to it.
_TOKEN = re.compile(r"[!#-+\--:<-\[\]-~]+")
_COOKIE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")


@dataclass(frozen=True)
class IssuerSession:
    """What stands for a signed-in user on the server.

    Attributes:
        token: the secret itself, as it is sent.
        kind: how it is sent; a server without the bearer plugin takes a cookie only.
        cookie: the name of that cookie.
    """

    token: str = field(repr=False)
    kind: Literal["bearer", "cookie"] = "bearer"
    cookie: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What makes a request one of the user's."""
        if self.kind == "bearer":
            return {"authorization": f"Bearer {self.token}"}
        return {"cookie": f"{self.cookie}={self.token}"}


async def sign_in_by_email(
    http: HttpClient, issuer: Issuer, email: str, password: str
) -> IssuerSession:
    """Begin a session.

    Raises:
        NotSignedIn: the server refused; the hint says what may help.
        StoreUnavailable: it could not be asked.
    """
    answer = await http.post(
        f"{issuer.url}/sign-in/email",
        {"email": email, "password": password},
        {"origin": issuer.origin},
    )
    if answer.status != 200:
        raise _explain_refusal(issuer, answer)
    if isinstance(answer.json, dict) and answer.json.get("twoFactorRedirect"):
        raise NotSignedIn(
            "the account needs a second factor, which `todo login --email` cannot ask for",
            hint="sign in with a browser, without `--email`, or bring a token with `--token -`",
        )
    return _parse_session(issuer, answer)


async def fetch_jwt(http: HttpClient, issuer: Issuer, session: IssuerSession) -> str:
    """Ask for a token of the user's, unverified; raises NotSignedIn if the session has ended."""
    answer = await http.get(f"{issuer.url}/token", session.headers)
    if answer.status in (401, 403):
        raise NotSignedIn(f"the session at {issuer.host} has ended", hint=SIGN_IN_AGAIN)
    if answer.status == 404:
        raise NotSignedIn(
            f"{issuer.host} gives no tokens",
            hint="check the issuer's URL; Better Auth needs its `jwt` plugin",
        )
    if answer.status == 200 and (token := answer.text("token")) is not None:
        return token
    raise explain_unexpected(issuer, answer)


async def fetch_session_expiry(
    http: HttpClient, issuer: Issuer, session: IssuerSession
) -> datetime | None:
    """Return when the session ends unless it is used; None if the server does not say."""
    try:
        answer = await http.get(f"{issuer.url}/get-session", session.headers)
        found = answer.json.get("session") if isinstance(answer.json, dict) else None
        ends = datetime.fromisoformat(found["expiresAt"]) if found else None
        return ends.astimezone(UTC) if ends and ends.tzinfo else None
    except (StoreUnavailable, ValueError, KeyError, TypeError, OverflowError):
        return None


async def sign_out(http: HttpClient, issuer: Issuer, session: IssuerSession) -> None:
    """End the session; one that has ended already is no error."""
    headers = session.headers | {"origin": issuer.origin}
    answer = await http.post(f"{issuer.url}/sign-out", {}, headers)
    if answer.status not in (200, 401):
        raise explain_unexpected(issuer, answer)


def sendable_secret(text: str | None) -> str | None:
    """Return a secret that a server gave, if it can be sent back as it is."""
    return text if text and len(text) <= LONGEST and _TOKEN.fullmatch(text) else None


def explain_unexpected(issuer: Issuer, answer: HttpAnswer) -> StoreUnavailable | NotSignedIn:
    """Return the error of an answer that Better Auth does not give, or not to this request."""
    if answer.status == 429:
        seconds = answer.headers.get("x-retry-after") or answer.headers.get("retry-after") or ""
        wait = f"{seconds} seconds" if seconds.isdigit() and len(seconds) < 6 else "a minute"
        return StoreUnavailable(
            f"{issuer.host} was asked too often", hint=f"wait {wait}, then run the command again"
        )
    if answer.status == 403 and _is_about_origin(answer):
        how = "`neon neon-auth domain add`" if issuer.is_neon_auth else "`trustedOrigins`"
        return NotSignedIn(
            f"{issuer.host} refused the request's origin, {issuer.origin}",
            hint=f"make the server trust it ({how}), or pass a token with `todo login URL "
            "--token -`",
        )
    if answer.status == 404:
        return NotSignedIn(
            f"there is no Better Auth at {issuer.host}, or not at this path",
            hint="check the issuer's URL, such as `https://app.example.com/api/auth`",
        )
    return StoreUnavailable(
        f"{issuer.host} answered in an unexpected way (status {answer.status})",
        hint="check the issuer's URL",
    )


def _parse_session(issuer: Issuer, answer: HttpAnswer) -> IssuerSession:
    # The bearer plugin shows itself by this header.
    if token := sendable_secret(unquote(answer.headers.get("set-auth-token", ""))):
        return IssuerSession(token)
    for name, value in answer.cookies.items():
        if name.endswith(COOKIE) and _COOKIE_NAME.fullmatch(name) and sendable_secret(value):
            return IssuerSession(value, "cookie", name)
    raise explain_unexpected(issuer, answer)


def _explain_refusal(issuer: Issuer, answer: HttpAnswer) -> StoreUnavailable | NotSignedIn:
    match answer.text("code"):
        case "INVALID_EMAIL_OR_PASSWORD" | "INVALID_EMAIL":
            return NotSignedIn(
                f"{issuer.host} does not accept the e-mail address or the password",
                hint="check them, then run the command again",
            )
        case "EMAIL_NOT_VERIFIED":
            return NotSignedIn(
                "the e-mail address is not verified yet",
                hint=f"follow the link in the mail from {issuer.host}, then sign in again",
            )
        case "EMAIL_PASSWORD_DISABLED":
            return NotSignedIn(
                f"{issuer.host} does not take passwords", hint="use `todo login` without `--email`"
            )
        case "BANNED_USER":
            return NotSignedIn(
                f"{issuer.host} has banned this user", hint="ask whoever runs that server"
            )
    refused = f"{issuer.host} refused the sign-in (status {answer.status})"
    if answer.status in (400, 401):
        hint = "check the e-mail address and the password, then run the command again"
        return NotSignedIn(refused, hint=hint)
    if answer.status == 403 and not _is_about_origin(answer):
        return NotSignedIn(refused, hint="ask whoever runs that server")
    return explain_unexpected(issuer, answer)


def _is_about_origin(answer: HttpAnswer) -> bool:
    return answer.text("code") in ("INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN")
