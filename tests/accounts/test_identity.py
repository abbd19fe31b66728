"""Who is asking: which tokens are believed, on whose word, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from neontodo.accounts import identity, machine_keys, tokens
from neontodo.accounts.identity import Identity
from neontodo.accounts.machine_keys import MachineKey
from neontodo.db.database import Database
from neontodo.db.schema import FirstKey, FirstUser, add_first_user
from neontodo.db.url import parse_url
from neontodo.errors import NotSignedIn
from neontodo.models import Key
from tests.accounts.forged import FORGED, Signed
from tests.harness import FRIDAY_NOON

ANN, BOB = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@dataclass
class Store:
    """A store that knows Ann's and Bob's keys; `ask` brings it a token."""

    database: Database
    runner: asyncio.Runner
    ann: Signed
    bob: Signed
    mine: MachineKey | None = None
    now: datetime = FRIDAY_NOON

    def ask(self, token: str) -> Identity:
        return self.runner.run(
            identity.verify_self_signed_token(
                token, "TODO_TOKEN", machine_key=self.mine, database=self.database, now=self.now
            )
        )

    def set(self, key_id: str, **columns: Any) -> None:
        """Change a stored key past the program."""

        async def run() -> None:
            async with self.database.connect() as connection:
                await connection.execute(sa.update(Key).where(Key.id == key_id).values(columns))  # type: ignore[arg-type]

        self.runner.run(run())


def signed(user_id: str) -> Signed:
    private_key = machine_keys.generate_private_key()
    key_id = machine_keys.compute_thumbprint(private_key.public_key())
    return Signed(private_key, user_id, key_id, FRIDAY_NOON)


def founder(person: Signed) -> FirstUser:
    assert isinstance(person.private_key, Ed25519PrivateKey)
    public_key = machine_keys.encode_public_key(person.private_key.public_key())
    return FirstUser(
        person.user_id, "name", FRIDAY_NOON, FirstKey(person.key_id, public_key, "laptop")
    )


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    ann, bob = signed(ANN), signed(BOB)
    database = Database(parse_url(database_url), lambda: founder(ann))

    async def fill() -> None:
        async with database.read(ANN):
            pass
        async with database.connect() as connection:
            if database.target.engine == "postgresql":
                await add_first_user(connection, founder(ann))
            await add_first_user(connection, founder(bob))

    with asyncio.Runner() as runner:
        runner.run(fill())
        yield Store(database, runner, ann, bob)
        runner.run(database.close())


def test_a_stored_key_speaks_for_its_user(store: Store) -> None:
    identity = store.ask(store.ann.token())
    assert (identity.user_id, identity.key_id) == (ANN, store.ann.key_id)
    assert identity.origin == "TODO_TOKEN"
    assert identity.claims.expires_at == FRIDAY_NOON + timedelta(hours=1)


def test_a_forged_token_of_a_stored_key_is_refused(store: Store) -> None:
    for name, forge in FORGED.items():
        try:
            accepted = store.ask(forge(store.ann))
        except NotSignedIn:
            continue
        pytest.fail(f"{name}: {accepted}")


def test_a_key_speaks_for_no_other_user(store: Store) -> None:
    with pytest.raises(NotSignedIn, match="not known to this store"):
        store.ask(store.bob.token(payload=store.bob.payload(sub=ANN)))


def test_another_users_key_id_does_not_help(store: Store) -> None:
    token = store.bob.token(
        header=store.bob.header(kid=store.ann.key_id), payload=store.bob.payload(sub=ANN)
    )
    with pytest.raises(NotSignedIn, match="signature is invalid"):
        store.ask(token)


def test_an_unknown_key_is_refused(store: Store) -> None:
    with pytest.raises(NotSignedIn, match="not known to this store") as raised:
        store.ask(signed(ANN).token())
    assert raised.value.hint is not None
    assert "todo token create" in raised.value.hint


def test_a_revoked_key_is_refused_with_the_day(store: Store) -> None:
    store.set(store.ann.key_id, revoked_at=FRIDAY_NOON)
    with pytest.raises(NotSignedIn, match="revoked on 2026-11-20"):
        store.ask(store.ann.token())
    assert store.ask(store.bob.token()).user_id == BOB


@pytest.mark.parametrize("text", ["", "no base64!", "c2hvcnQ"])
def test_a_damaged_public_key_is_refused(store: Store, text: str) -> None:
    store.set(store.ann.key_id, public_key=text)
    with pytest.raises(NotSignedIn, match="damaged"):
        store.ask(store.ann.token())


def test_an_expired_token_is_refused_though_its_key_is_known(store: Store) -> None:
    token = store.ann.token()
    store.now += timedelta(hours=2)
    with pytest.raises(NotSignedIn, match="expired"):
        store.ask(token)


@pytest.fixture
def mine(tmp_path: Path) -> MachineKey:
    return machine_keys.create_machine_key(tmp_path / "home", name="ann", now=FRIDAY_NOON)


def by(mine: MachineKey) -> Signed:
    return Signed(mine.private_key, mine.user_id, mine.key_id, FRIDAY_NOON)


def unreachable() -> Database:
    return Database(parse_url("postgresql://ann@127.0.0.1:1/db"), lambda: founder(signed(ANN)))


def ask_alone(mine: MachineKey, token: str) -> Identity:
    """Without any store to ask."""
    return asyncio.run(
        identity.verify_self_signed_token(
            token, "here", machine_key=mine, database=unreachable(), now=FRIDAY_NOON
        )
    )


def test_a_token_of_this_machines_own_key_needs_no_store(mine: MachineKey) -> None:
    assert ask_alone(mine, by(mine).token()).user_id == mine.user_id
    assert mine.token is not None
    assert ask_alone(mine, mine.token).key_id == mine.key_id


@pytest.mark.parametrize("forgery", ["alg-none", "swapped-header", "expired", "another-key"])
def test_a_forged_token_of_this_machine_is_refused_without_a_store(
    mine: MachineKey, forgery: str
) -> None:
    with pytest.raises(NotSignedIn):
        ask_alone(mine, FORGED[forgery](by(mine)))


def test_this_machines_key_speaks_for_no_other_user(store: Store, mine: MachineKey) -> None:
    store.mine = mine
    with pytest.raises(NotSignedIn, match="not known to this store"):
        store.ask(by(mine).token(payload=by(mine).payload(sub=ANN)))


def test_the_machine_itself_is_who_its_token_says(mine: MachineKey, tmp_path: Path) -> None:
    who = identity.identify_machine_user(mine, tmp_path / "home", FRIDAY_NOON)
    assert (who.user_id, who.key_id) == (mine.user_id, mine.key_id)
    assert who.origin == str(tmp_path / "home" / "token")
    assert who.claims.issuer == tokens.ISSUER


def test_a_machine_without_its_token_file_signs_another(mine: MachineKey, tmp_path: Path) -> None:
    (tmp_path / "home" / "token").unlink()
    again = identity.identify_machine_user(
        replace(mine, token=None), tmp_path / "home", FRIDAY_NOON
    )
    assert again.user_id == mine.user_id


def test_no_secret_is_in_the_text_of_an_identity(store: Store) -> None:
    token = store.ann.token()
    shown = repr(store.ask(token))
    assert not [part for part in token.split(".") if part in shown]
