"""Signing in at an issuer, and the token of whoever is signed in, kept fresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.accounts import signed_in, tokens
from neontodo.accounts.issuers import better_auth, jwks
from neontodo.accounts.issuers.better_auth import AGAIN, Session
from neontodo.accounts.issuers.issuer import Issuer
from neontodo.accounts.signed_in import Account, new_machine, session_of
from neontodo.errors import NotSignedIn, StoreUnavailable, TodoError

if TYPE_CHECKING:
    from neontodo.accounts.issuers.http import Http
    from neontodo.accounts.issuers.jwks import IssuerKey, KeySet
    from neontodo.accounts.secrets.store import SecretStore

RENEWED_BEFORE = timedelta(seconds=60)


async def sign_in(
    folder: Path,
    secrets: SecretStore,
    issuer: Issuer,
    credential: Session | str,
    http: Callable[[], Http],
    now: datetime,
) -> Account:
    """Store a session, or a token that was given, once the issuer's keys say whose it is.

    Raises:
        NotSignedIn: it is not accepted; then nothing is stored.
        StoreUnavailable: the issuer cannot be asked, or nothing can be stored.
    """
    before = _Before.of(folder, secrets)
    async with http() as client:
        if isinstance(credential, str):
            account = await _by_token(folder, secrets, issuer, credential, before, client, now)
        else:
            try:
                account = await _by_session(
                    folder, secrets, issuer, credential, before, client, now
                )
            except BaseException:
                # Nobody here knows of it any more.
                with suppress(TodoError):
                    await better_auth.sign_out(client, issuer, credential)
                raise
        await before.end(client)
    return account


async def _by_token(
    folder: Path,
    secrets: SecretStore,
    issuer: Issuer,
    token: str,
    before: _Before,
    client: Http,
    now: datetime,
) -> Account:
    keys = await jwks.fetch(client, issuer, now)
    claims = _believed(token, issuer, _key(token, keys, issuer), now)
    account = before.becoming(issuer, claims, "token", claims.expires_at)
    _store(folder, secrets, account, Session(token), keys, None, before)
    return account


async def _by_session(
    folder: Path,
    secrets: SecretStore,
    issuer: Issuer,
    session: Session,
    before: _Before,
    client: Http,
    now: datetime,
) -> Account:
    # The keys come last: an issuer may make another one for this token.
    token = await better_auth.fetch_jwt(client, issuer, session)
    keys = await jwks.fetch(client, issuer, now)
    with _just_made(issuer, now):
        claims = _believed(token, issuer, _key(token, keys, issuer), now)
    ends = await better_auth.session_expiry(client, issuer, session)
    account = before.becoming(issuer, claims, "session", ends)
    _store(folder, secrets, account, session, keys, token, before)
    return account


@dataclass(frozen=True)
class _Before:
    """Who was signed in here until now."""

    account: Account | None
    session: Session | None = field(repr=False)

    @classmethod
    def of(cls, folder: Path, secrets: SecretStore) -> _Before:
        account = session = None
        # What is damaged, or cannot be read, is written anew.
        with suppress(TodoError):
            account = signed_in.remembered(folder)
            session = session_of(secrets, account.issuer) if account else None
        return cls(account, session)

    def becoming(
        self,
        issuer: Issuer,
        claims: tokens.Claims,
        method: signed_in.Method,
        expires_at: datetime | None,
    ) -> Account:
        """The new account; the same user's commands go on under the same name of this machine."""
        before = self.account
        is_same = before is not None and (before.issuer.issuer, before.user_id) == (
            claims.issuer,
            claims.user_id,
        )
        machine = before.machine if before is not None and is_same else new_machine()
        return Account(
            issuer, claims.subject, claims.email, claims.name, method, expires_at, machine
        )

    async def end(self, client: Http) -> None:
        """End the session that nothing here refers to any more, if its server can be asked."""
        if (
            self.account is not None
            and self.session is not None
            and self.account.method == "session"
        ):
            with suppress(TodoError):
                await better_auth.sign_out(client, self.account.issuer, self.session)


async def current_claims(
    folder: Path, secrets: SecretStore, account: Account, http: Callable[[], Http], now: datetime
) -> tokens.Claims:
    """The claims of the account's token, verified; a session is asked for another in good time.

    Raises:
        NotSignedIn: the session has ended, or the token has expired or is another user's.
        StoreUnavailable: the issuer cannot be reached, and no stored token is valid any more.
    """
    if account.method == "token":
        token = session_of(secrets, account.issuer).token
        return _own(await verified(token, folder, account.issuer, http, now), account)
    claims = await _cached(folder, account, http, now)
    if claims is not None and claims.expires_at - now >= RENEWED_BEFORE:
        return claims
    try:
        return await _renewed(folder, secrets, account, http, now)
    except StoreUnavailable:
        if claims is None:
            raise
        return claims


async def verified(
    token: str, folder: Path, issuer: Issuer, http: Callable[[], Http], now: datetime
) -> tokens.Claims:
    """The claims of a token of the issuer's.

    Raises:
        NotSignedIn: it is not accepted.
        StoreUnavailable: its key is not known here, and the issuer cannot be asked.
    """
    key_id = tokens.claimed(token).key_id
    try:
        key = await jwks.key_for(folder, issuer, key_id, http, now)
        return _believed(token, issuer, key, now)
    except tokens.OtherKey:
        # Some issuers give a new key the id of the old one.
        key = await jwks.key_for(folder, issuer, key_id, http, now, fresh=jwks.ASKED_AGAIN)
    return _believed(token, issuer, key, now)


async def _cached(
    folder: Path, account: Account, http: Callable[[], Http], now: datetime
) -> tokens.Claims | None:
    """The claims of the token that the session was last given, if that can still be used."""
    if (token := signed_in.cached_token(folder)) is None:
        return None
    try:
        claims = await verified(token, folder, account.issuer, http, now)
    except NotSignedIn:
        # It is the session that counts: that is asked for another.
        return None
    return _own(claims, account)


async def _renewed(
    folder: Path, secrets: SecretStore, account: Account, http: Callable[[], Http], now: datetime
) -> tokens.Claims:
    issuer = account.issuer
    session = session_of(secrets, issuer)
    async with http() as client:
        token = await better_auth.fetch_jwt(client, issuer, session)
        # Being used makes a session last longer.
        ends = await better_auth.session_expiry(client, issuer, session)
    with _just_made(issuer, now):
        claims = _own(await verified(token, folder, issuer, http, now), account)
    # On a read-only disk the token serves this command only, which is all it is needed for.
    with suppress(StoreUnavailable):
        signed_in.keep_token(folder, token)
        seen = replace(
            account,
            email=claims.email,
            name=claims.name,
            expires_at=ends or account.expires_at,
        )
        if seen != account:
            signed_in.keep(folder, seen)
    return claims


def _believed(token: str, issuer: Issuer, key: IssuerKey, now: datetime) -> tokens.Claims:
    return tokens.verify(
        token,
        key=key.key,
        algorithm=key.algorithm,
        key_id=key.key_id,
        issuer=issuer.issuer,
        audience=issuer.audience,
        now=now,
    )


@contextmanager
def _just_made(issuer: Issuer, now: datetime) -> Iterator[None]:
    """Of a new token not its time is wrong, but a clock."""
    try:
        yield
        return
    except tokens.OutsideValidity as error:
        problem = f"{error.message}, though {issuer.host} has just made it"
    raise NotSignedIn(
        problem,
        hint=f"check the clock of this machine: it says {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _key(token: str, keys: KeySet, issuer: Issuer) -> IssuerKey:
    key = keys.find(tokens.claimed(token).key_id)
    if key is None:
        raise jwks.unknown(issuer)
    return key


def _own(claims: tokens.Claims, account: Account) -> tokens.Claims:
    if claims.user_id != account.user_id:
        raise NotSignedIn("the stored token is of another user than who signed in here", hint=AGAIN)
    return claims


def _store(
    folder: Path,
    secrets: SecretStore,
    account: Account,
    session: Session,
    keys: KeySet,
    token: str | None,
    before: _Before,
) -> None:
    """Write everything, `account.json` last; what was there before stays if that fails."""
    is_first = before.account is None
    try:
        signed_in.keep_session(secrets, account.issuer, session)
        if token is None:
            signed_in.drop_token(folder)
        else:
            signed_in.keep_token(folder, token)
        jwks.keep(folder, keys)
        signed_in.keep(folder, account)
    except BaseException:
        with suppress(TodoError):
            if is_first:
                signed_in.forget(folder, secrets)
            elif before.account is not None and before.session is not None:
                signed_in.drop_token(folder)
                signed_in.keep_session(secrets, before.account.issuer, before.session)
        raise
    if before.account is not None and before.account.issuer.url != account.issuer.url:
        with suppress(TodoError):
            secrets.delete(signed_in.secret_name(before.account.issuer))
