"""Signing in to an account and out of it, and its token kept fresh."""

from __future__ import annotations

import secrets as random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.accounts import account_file, tokens
from neontodo.accounts.account_file import Account, Method
from neontodo.accounts.issuers import better_auth, jwks
from neontodo.accounts.issuers.better_auth import SIGN_IN_AGAIN, IssuerSession
from neontodo.accounts.issuers.issuer import Issuer, parse_issuer
from neontodo.accounts.secrets.private_files import read_token, remove_private
from neontodo.errors import KeyringUnavailable, NotSignedIn, StoreUnavailable, TodoError

if TYPE_CHECKING:
    from neontodo.accounts.issuers.http import HttpClient
    from neontodo.accounts.issuers.jwks import KeySet
    from neontodo.accounts.secrets.named_secrets import NamedSecrets

RENEWED_BEFORE = timedelta(seconds=60)


async def sign_in(
    folder: Path,
    secrets: NamedSecrets,
    issuer: Issuer,
    credential: IssuerSession | str,
    http: Callable[[], HttpClient],
    now: datetime,
) -> Account:
    """Store a session, or a token that was given, once the issuer's keys say whose it is.

    Raises:
        NotSignedIn: it is not accepted; then nothing is stored.
        StoreUnavailable: the issuer cannot be asked, or nothing can be stored.
    """
    previous = _load_previous_sign_in(folder, secrets)
    async with http() as client:
        if isinstance(credential, str):
            keys = await jwks.fetch_keys(client, issuer, now)
            claims = jwks.verify_with(keys, credential, issuer, now)
            account = _make_account(issuer, claims, "token", claims.expires_at, previous.account)
            session = IssuerSession(credential)
            _save_sign_in(folder, secrets, account, session, keys, None, previous)
        else:
            try:
                # The keys come last: an issuer may make another one for this token.
                token = await better_auth.fetch_jwt(client, issuer, credential)
                keys = await jwks.fetch_keys(client, issuer, now)
                with _blame_clock(issuer, now):
                    claims = jwks.verify_with(keys, token, issuer, now)
                ends = await better_auth.fetch_session_expiry(client, issuer, credential)
                account = _make_account(issuer, claims, "session", ends, previous.account)
                _save_sign_in(folder, secrets, account, credential, keys, token, previous)
            except BaseException:
                # Nobody here knows of it any more.
                with suppress(TodoError):
                    await better_auth.sign_out(client, issuer, credential)
                raise
        if previous.session and previous.account and previous.account.method == "session":
            # Nothing here refers to it any more.
            with suppress(TodoError):
                await better_auth.sign_out(client, previous.account.issuer, previous.session)
    return account


@dataclass(frozen=True)
class _PreviousSignIn:
    """Who was signed in here until now."""

    account: Account | None = None
    session: IssuerSession | None = field(default=None, repr=False)


def _load_previous_sign_in(folder: Path, secrets: NamedSecrets) -> _PreviousSignIn:
    account = session = None
    # What is damaged, or cannot be read, is written anew.
    with suppress(TodoError):
        account = account_file.load_account(folder)
        session = account_file.load_issuer_session(secrets, account.issuer) if account else None
    return _PreviousSignIn(account, session)


def _make_account(
    issuer: Issuer,
    claims: tokens.Claims,
    method: Method,
    expires_at: datetime | None,
    previous: Account | None,
) -> Account:
    """Make an account; the same user's commands go on under the same name of this machine."""
    if previous is not None and previous.user_id == claims.user_id:
        machine_name = previous.machine
    else:
        # No other machine of the same user has this name.
        machine_name = f"{socket.gethostname()[:40]}-{random.token_hex(4)}"
    return Account(
        issuer, claims.subject, claims.email, claims.name, method, expires_at, machine_name
    )


async def sign_out(
    folder: Path,
    secrets: NamedSecrets,
    account: Account | None,
    http: Callable[[], HttpClient],
    *,
    forget: bool,
) -> tuple[list[str], list[StoreUnavailable]]:
    """End the session, and remove every secret that signing in has stored.

    Who it was stays stored, so that commands are nobody else's, unless `forget` says so. Without an
    account it is what an interrupted sign-in, or a damaged `account.json`, has left.
    Returns where sessions were stored, and why one could not be ended there.
    """
    active = None if account is None or account.signed_out else account
    urls = account_file.list_session_urls(secrets) if active is None else [active.issuer.url]
    problems = []
    if active is None or active.method == "session":
        for url in urls:
            try:
                issuer = parse_issuer(url)
                secrets.make_private(account_file.session_secret_name(issuer))
                session = account_file.load_issuer_session(secrets, issuer)
                async with http() as client:
                    await better_auth.sign_out(client, issuer, session)
            except TodoError as error:
                problems.append(
                    StoreUnavailable(
                        f"the session could not be ended there: {error.message}",
                        hint="it is no longer stored here, and expires by itself",
                    )
                )
    if forget:
        account_file.remove_account(folder, secrets)
    else:
        account_file.remove_secrets(folder, secrets)
        if account is not None:
            account_file.save_account(folder, replace(account, signed_out=True))
    return urls, problems


async def fetch_claims(
    folder: Path,
    secrets: NamedSecrets,
    account: Account,
    http: Callable[[], HttpClient],
    now: datetime,
) -> tokens.Claims:
    """Return what the account's token says, verified; a session is asked for another in good time.

    Raises:
        NotSignedIn: the session has ended, or the token has expired or is another user's.
        StoreUnavailable, KeyringUnavailable: the issuer or the keyring does not answer, and no
            stored token is valid any more.
    """
    if account.method == "token":
        given = account_file.load_issuer_session(secrets, account.issuer).token
        claims = await jwks.verify_token(given, folder, account.issuer, http, now)
        return _require_same_user(claims, account)
    stored = None
    if (token := read_token(folder / account_file.TOKEN)) is not None:
        # It is the session that counts: it is asked for another token if this one is refused.
        with suppress(NotSignedIn):
            stored = await jwks.verify_token(token, folder, account.issuer, http, now)
    if stored is not None:
        _require_same_user(stored, account)
        if stored.expires_at - now >= RENEWED_BEFORE:
            return stored
    try:
        return await _renew_token(folder, secrets, account, http, now)
    except (StoreUnavailable, KeyringUnavailable):
        if stored is None:
            raise
        return stored


async def _renew_token(
    folder: Path,
    secrets: NamedSecrets,
    account: Account,
    http: Callable[[], HttpClient],
    now: datetime,
) -> tokens.Claims:
    issuer = account.issuer
    session = account_file.load_issuer_session(secrets, issuer)
    async with http() as client:
        token = await better_auth.fetch_jwt(client, issuer, session)
        # Being used makes a session last longer.
        ends = await better_auth.fetch_session_expiry(client, issuer, session)
    with _blame_clock(issuer, now):
        claims = _require_same_user(
            await jwks.verify_token(token, folder, issuer, http, now), account
        )
    # On a read-only disk the token serves this command only, which is all it is needed for.
    with suppress(StoreUnavailable):
        account_file.save_token(folder, token)
        expires_at = ends or account.expires_at
        renewed = replace(account, email=claims.email, name=claims.name, expires_at=expires_at)
        if renewed != account:
            account_file.save_account(folder, renewed)
    return claims


@contextmanager
def _blame_clock(issuer: Issuer, now: datetime) -> Iterator[None]:
    """Refuse a token whose time is wrong by blaming the clock: the token has just been made."""
    try:
        yield
        return
    except tokens.OutsideValidity as error:
        problem = f"{error.message}, though {issuer.host} has just made it"
    raise NotSignedIn(
        problem,
        hint=f"check the clock of this machine: it says {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _require_same_user(claims: tokens.Claims, account: Account) -> tokens.Claims:
    if claims.user_id != account.user_id:
        raise NotSignedIn("the stored token belongs to another user", hint=SIGN_IN_AGAIN)
    return claims


def _save_sign_in(
    folder: Path,
    secrets: NamedSecrets,
    account: Account,
    session: IssuerSession,
    keys: KeySet,
    token: str | None,
    previous: _PreviousSignIn,
) -> None:
    """Write everything, `account.json` last; what was there before stays if that fails."""
    try:
        account_file.save_issuer_session(secrets, account.issuer, session)
        if token is None:
            remove_private(folder / account_file.TOKEN)
        else:
            account_file.save_token(folder, token)
        jwks.save_keys(folder, keys)
        account_file.save_account(folder, account)
    except BaseException:
        with suppress(TodoError):
            if previous.account is None:
                account_file.remove_account(folder, secrets)
            elif previous.session is None:
                account_file.remove_secrets(folder, secrets)
            else:
                remove_private(folder / account_file.TOKEN)
                account_file.save_issuer_session(secrets, previous.account.issuer, previous.session)
        raise
    if previous.account is not None and previous.account.issuer.url != account.issuer.url:
        with suppress(TodoError):
            secrets.delete(account_file.session_secret_name(previous.account.issuer))
