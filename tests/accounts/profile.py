"""Profiles of people who sign in at the tests' Better Auth servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from neontodo.accounts import account, account_file
from neontodo.accounts.account_file import Account
from neontodo.accounts.issuers import better_auth
from neontodo.accounts.issuers.better_auth import IssuerSession
from neontodo.accounts.issuers.http import HttpClient
from neontodo.accounts.issuers.issuer import Issuer
from neontodo.accounts.secrets.named_secrets import NamedSecrets
from neontodo.accounts.tokens import Claims
from tests.accounts.better_auth_server import PASSWORD, Person

T = TypeVar("T")


def now() -> datetime:
    """The servers' tokens are of today, so here the real time counts."""
    return datetime.now(UTC)


def nobody() -> HttpClient:
    raise AssertionError("the issuer is asked")


@dataclass
class Profile:
    """A folder, and the secrets that belong to it."""

    folder: Path
    secrets: NamedSecrets = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = NamedSecrets(self.folder, lambda _: None)

    def sign_in(
        self, issuer: Issuer, credential: IssuerSession | str, at: datetime | None = None
    ) -> Account:
        return asyncio.run(
            account.sign_in(self.folder, self.secrets, issuer, credential, HttpClient, at or now())
        )

    def claims(
        self,
        later: timedelta = timedelta(0),
        http: Callable[[], HttpClient] = HttpClient,
        at: datetime | None = None,
    ) -> Claims:
        found = account_file.load_account(self.folder)
        assert found is not None
        return asyncio.run(
            account.fetch_claims(self.folder, self.secrets, found, http, at or now() + later)
        )

    def files(self) -> dict[str, str]:
        """All that lies in the folder."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_text() for path in paths}


def ask(question: Callable[[HttpClient], Awaitable[T]]) -> T:
    async def run() -> T:
        async with HttpClient() as http:
            return await question(http)

    return asyncio.run(run())


def session_of(person: Person) -> IssuerSession:
    issuer = person.server.issuer()
    return ask(lambda http: better_auth.sign_in_by_email(http, issuer, person.email, PASSWORD))


def token_of(person: Person) -> str:
    issuer, session = person.server.issuer(), session_of(person)
    return ask(lambda http: better_auth.fetch_jwt(http, issuer, session))
