"""One `sub` at two issuers is two users; a user of a plain `sub`, from before, moves over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.accounts import queries
from neontodo.accounts.issuers.issuer import Issuer, parse_issuer
from neontodo.db.engine import make_engine
from neontodo.db.url import parse_url
from tests.accounts.issuer_keys import jwk, signed
from tests.accounts.odd_server import OddServer, answer
from tests.harness import FRIDAY_NOON, Result, Todo

EMAIL = "ann@example.com"


@dataclass(frozen=True)
class Account:
    """Somebody's account at an issuer of the test's own."""

    issuer: Issuer
    algorithm: str
    subject: str = "1"

    def token(self, **claims: Any) -> str:
        maker = signed(self.issuer, self.algorithm, FRIDAY_NOON, self.subject)
        return maker.token(payload=maker.payload(**claims))

    @property
    def user_id(self) -> str:
        return f"{self.issuer.issuer}#{self.subject}"

    def variables(self, **claims: Any) -> dict[str, str]:
        """What a script of theirs brings."""
        return {"TODO_TOKEN": self.token(**claims), "TODO_AUTH_URL": self.issuer.url}

    def log_in(self, person: Todo, **claims: Any) -> Result:
        return person.ok("login", self.issuer.url, "--token", "-", stdin=self.token(**claims))


@pytest.fixture
def accounts() -> Iterator[list[Account]]:
    """The same `sub` at two issuers."""
    with ExitStack() as stack:
        yield [
            Account(parse_issuer(f"{server.origin}/api/auth"), algorithm)
            for algorithm in ("EdDSA", "ES256")
            for server in [
                stack.enter_context(
                    OddServer({"/api/auth/jwks": answer({"keys": [jwk(algorithm)]})})
                )
            ]
        ]


def on(todo: Todo, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    """Do work on a bare connection to the store."""

    async def run() -> Any:
        engine = make_engine(parse_url(todo.env["TODO_DATABASE_URL"]))
        async with engine.execution_options(writes=True).begin() as connection:
            answer = await work(connection)
        await engine.dispose()
        return answer

    return asyncio.run(run())


def users(todo: Todo) -> set[str]:
    async def read(connection: AsyncConnection) -> set[str]:
        return set(await connection.scalars(sa.text("SELECT id FROM users WHERE last_seq > 0")))

    found: set[str] = on(todo, read)
    return found


def owners(todo: Todo) -> set[str]:
    """Whose rows there are in the tables that hold a user's."""

    async def read(connection: AsyncConnection) -> set[str]:
        statement = " UNION ".join(
            f"SELECT user_id FROM {table}" for table in ("keys", "tasks", "changes")
        )
        return set(await connection.scalars(sa.text(statement)))

    found: set[str] = on(todo, read)
    return found


def as_before(todo: Todo, account: Account) -> None:
    """Make a store, and who is signed in, what they were before the issuer counted."""
    on(todo, lambda connection: queries.rename_user(connection, account.user_id, account.subject))
    if (path := todo.home / "account.json").exists():
        fields = json.loads(path.read_text())
        fields["user_id"] = fields.pop("subject")
        path.write_text(json.dumps(fields))
    assert account.subject in users(todo)


def titles(person: Todo, **options: Any) -> list[str]:
    return sorted(row[-1] for row in person.ok("list", **options).rows)


def test_two_accounts_of_one_sub_are_two_users(todo: Todo, accounts: list[Account]) -> None:
    first, second = accounts
    for account in accounts:
        todo.ok("add", f"of {account.algorithm}", env=account.variables())
    for account in accounts:
        assert titles(todo, env=account.variables()) == [f"of {account.algorithm}"]
        said = todo.ok("whoami", "--json", env=account.variables()).json
        assert (said["user"], said["issuer"]) == (account.user_id, account.issuer.issuer)
    assert {first.user_id, second.user_id} <= users(todo)


def test_two_who_log_in_by_profiles_are_two_users(todo: Todo, accounts: list[Account]) -> None:
    people = [Todo(todo.home.parent / name, dict(todo.env)) for name in ("a", "b")]
    for person, account in zip(people, accounts, strict=True):
        account.log_in(person)
        person.ok("add", f"of {account.algorithm}")
        assert titles(person) == [f"of {account.algorithm}"]
    # Somebody who signs in at another issuer on the same machine is somebody else, too.
    accounts[1].log_in(people[0])
    assert titles(people[0]) == ["of ES256"]


def test_a_token_and_a_sign_in_of_one_account_are_one_user(
    todo: Todo, accounts: list[Account]
) -> None:
    accounts[0].log_in(todo)
    todo.ok("add", "signed in")
    script = Todo(todo.home.parent / "ci", todo.env | accounts[0].variables())
    assert titles(script) == ["signed in"]


def test_who_stays_signed_in_keeps_the_tasks_from_before(
    todo: Todo, accounts: list[Account]
) -> None:
    """Without an e-mail address it is this machine's own writing that tells whose they are."""
    first, second = accounts
    first.log_in(todo)
    todo.ok("add", "from before")
    todo.ok("token", "create", "--name", "ci")
    as_before(todo, first)
    # The other issuer's account has written nothing under that name.
    assert titles(todo, env=second.variables()) == []
    assert titles(todo) == ["from before"]
    todo.ok("add", "after")
    assert todo.ok("undo").code == 0
    assert [row[0] for row in todo.ok("list").rows] == ["1"]
    assert first.subject not in owners(todo) | users(todo)
    assert first.user_id in owners(todo)
    assert titles(todo, env=second.variables()) == []


def test_the_same_address_moves_the_user_on_a_new_machine(
    todo: Todo, accounts: list[Account]
) -> None:
    first, second = accounts
    todo.ok("add", "from before", env=first.variables(email=EMAIL))
    as_before(todo, first)
    assert titles(todo, env=second.variables(email="bob@example.com")) == []
    assert titles(todo, env=second.variables()) == []
    laptop = Todo(todo.home.parent / "laptop", dict(todo.env))
    first.log_in(laptop, email=EMAIL.upper())
    assert titles(laptop) == ["from before"]
    assert first.subject not in users(todo)


def test_without_an_address_or_a_machine_nobody_is_taken_for_another(
    todo: Todo, accounts: list[Account]
) -> None:
    first, second = accounts
    todo.ok("add", "from before", env=first.variables())
    as_before(todo, first)
    for account in accounts:
        for claims in ({}, {"email": EMAIL}):
            assert titles(todo, env=account.variables(**claims)) == []
    assert users(todo) >= {first.subject}
    assert second.user_id not in owners(todo)


def test_whoever_has_a_machine_is_no_account(
    todo: Todo, accounts: list[Account], tmp_path: Path
) -> None:
    """A machine's own user may have any id, even such as an issuer gives."""
    todo.ok("add", "the machine's")
    mine = json.loads((todo.home / "identity.json").read_text())["user_id"]
    account = Account(accounts[0].issuer, accounts[0].algorithm, mine)
    other = Todo(tmp_path / "other", dict(todo.env))
    account.log_in(other)
    assert titles(other) == []
    assert titles(todo) == ["the machine's"]


@pytest.mark.parametrize("name", ["https://a.example#b", "x" * 257, "a\nb"])
def test_an_issuers_name_that_could_be_confused_is_refused(
    local: Todo, accounts: list[Account], name: str
) -> None:
    said = local("list", env=accounts[0].variables() | {"TODO_AUTH_ISSUER": name})
    assert said.code == 2
    assert said.err.startswith("error: an issuer's name has 1 to 256 characters")


def test_an_issuers_longest_sub(todo: Todo, accounts: list[Account]) -> None:
    for length, code in ((255, 0), (256, 4)):
        account = Account(accounts[0].issuer, accounts[0].algorithm, "é" * length)
        assert todo("add", "x", env=account.variables()).code == code
