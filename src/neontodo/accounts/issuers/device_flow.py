"""Sign-in by a code that is entered in a browser (RFC 8628), as Better Auth offers it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from neontodo.accounts.issuers.better_auth import explain_unexpected, sendable_secret
from neontodo.accounts.issuers.issuer import LONGEST, is_safe, join_url, normalize_url
from neontodo.clock import utc_now
from neontodo.errors import NotSignedIn, StoreUnavailable

if TYPE_CHECKING:
    from neontodo.accounts.issuers.http import HttpAnswer, HttpClient
    from neontodo.accounts.issuers.issuer import Issuer

CLIENT = "todo-cli"
SCOPE = "openid profile email"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL = 5
SLOWER = 5
LONGEST_PAUSE = 60
LONGEST_WAIT = 86_400
BY_EMAIL = "run the command again with `--email ADDRESS`"
ANOTHER = "run the command again for another code"
_CODE = re.compile(r"[!-~]{1,100}")


@dataclass(frozen=True)
class DeviceCode:
    """What a person is shown, what is asked with, and until when.

    Attributes:
        verification_uri: the page to enter the code on.
        verification_uri_complete: the same page with the code in its query, if there is such.
        interval: the seconds between two questions.
    """

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_at: datetime
    interval: float


async def request_code(
    http: HttpClient,
    issuer: Issuer,
    clock: Callable[[], datetime] = utc_now,
) -> DeviceCode:
    """Ask for a code; raises NotSignedIn where the server offers none, or not to this client."""
    body = {"client_id": CLIENT, "scope": SCOPE}
    answer = await http.post(f"{issuer.url}/device/code", body)
    if answer.text("error") == "invalid_client":
        raise NotSignedIn(
            f"{issuer.host} does not know the client `{CLIENT}`",
            hint=f"let its `deviceAuthorization` plugin accept it, or {BY_EMAIL}",
        )
    if answer.status in (400, 401, 403, 404, 405):
        raise NotSignedIn(f"{issuer.host} does not offer sign-in with a browser", hint=BY_EMAIL)
    code = parse_code(issuer, answer, clock()) if answer.status == 200 else None
    if code is None:
        raise explain_unexpected(issuer, answer)
    return code


async def wait_for_token(
    http: HttpClient,
    issuer: Issuer,
    code: DeviceCode,
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    clock: Callable[[], datetime] = utc_now,
) -> str:
    """Wait until the code was entered, and answer the session's token.

    The network may be away meanwhile; then it is polled less and less often (RFC 8628, 3.5).

    Raises:
        NotSignedIn: the sign-in was denied, or the code has expired.
        StoreUnavailable: the server could not say in the end what became of the code.
    """
    body = {"grant_type": GRANT, "device_code": code.device_code, "client_id": CLIENT}
    interval = pause = code.interval
    away: StoreUnavailable | None = None
    while clock() + timedelta(seconds=pause) < code.expires_at:
        await sleep(pause)
        try:
            answer = await http.post(f"{issuer.url}/device/token", body)
        except StoreUnavailable as problem:
            away = problem
            pause = max(interval, min(pause * 2, LONGEST_PAUSE))
            continue
        away = None
        if answer.status == 200:
            if (token := sendable_secret(answer.text("access_token"))) is None:
                raise explain_unexpected(issuer, answer)
            return token
        if answer.status == 429 or answer.text("error") == "slow_down":
            interval += SLOWER
        elif answer.text("error") != "authorization_pending":
            raise _explain_refusal(issuer, answer)
        pause = interval
    raise away or _explain_expiry()


def parse_code(issuer: Issuer, answer: HttpAnswer, now: datetime) -> DeviceCode | None:
    """Return the code in an issuer's answer; None if part of it cannot be shown or used."""
    device_code = sendable_secret(answer.text("device_code"))
    user_code = answer.text("user_code") or ""
    page = _parse_page(issuer, answer.text("verification_uri"))
    wait = _parse_seconds(answer, "expires_in", LONGEST_WAIT)
    if device_code is None or page is None or wait is None or not _CODE.fullmatch(user_code):
        return None
    complete = _parse_page(issuer, answer.text("verification_uri_complete"))
    if complete and complete.partition("?")[0] != page.partition("?")[0]:
        complete = None
    return DeviceCode(
        device_code=device_code,
        user_code=user_code,
        verification_uri=page,
        verification_uri_complete=complete,
        expires_at=now + timedelta(seconds=wait),
        interval=_parse_seconds(answer, "interval", LONGEST_PAUSE) or INTERVAL,
    )


def _parse_page(issuer: Issuer, uri: str | None) -> str | None:
    """Return an address that may be shown and opened in a browser; None if this is none."""
    if not uri or len(uri) > LONGEST:
        return None
    page = normalize_url(join_url(f"{issuer.origin}/", uri))
    # Only a server of this machine may name pages of this machine.
    is_local = issuer.origin.startswith("http:")
    return page if page.startswith("https:") or (is_local and is_safe(page)) else None


def _parse_seconds(answer: HttpAnswer, name: str, most: int) -> float | None:
    value = answer.json.get(name) if isinstance(answer.json, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return min(float(value), most)
    return None


def _explain_refusal(issuer: Issuer, answer: HttpAnswer) -> NotSignedIn | StoreUnavailable:
    match answer.text("error"):
        case "access_denied":
            return NotSignedIn(
                "the sign-in was denied in the browser",
                hint="run the command again, and approve it there if it is yours",
            )
        case "expired_token":
            return _explain_expiry()
        case "invalid_grant" | "invalid_client":
            return NotSignedIn(f"{issuer.host} no longer accepts the code", hint=ANOTHER)
    return explain_unexpected(issuer, answer)


def _explain_expiry() -> NotSignedIn:
    return NotSignedIn("the code has expired", hint=ANOTHER)
