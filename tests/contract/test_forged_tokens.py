"""Forged tokens of each kind of key open no store, on either engine."""

from __future__ import annotations

import pytest

from neontodo.accounts import machine_keys
from neontodo.accounts.issuers import jwks
from neontodo.accounts.issuers.issuer import parse_issuer
from tests.accounts.forged import SETTABLE, Signed
from tests.accounts.issuer_keys import PRIVATE, jwk, signed
from tests.harness import FRIDAY_NOON, Todo

ISSUER = parse_issuer("http://127.0.0.1:1")


def of_machine(todo: Todo) -> Signed:
    mine = machine_keys.load_machine_key(todo.home)
    assert mine is not None
    return Signed(mine.private_key, mine.user_id, mine.key_id, FRIDAY_NOON)


@pytest.mark.parametrize(
    "kind",
    [
        "machine",
        *(
            each if each == "ES256" else pytest.param(each, marks=pytest.mark.slow)
            for each in PRIVATE
        ),
    ],
)
def test_a_forged_token_opens_no_store(todo: Todo, kind: str) -> None:
    todo.ok("add", "a secret plan")
    jwks.save_keys(todo.home, jwks.KeySet(ISSUER.jwks_url, FRIDAY_NOON, tuple(map(jwk, PRIVATE))))
    good = of_machine(todo) if kind == "machine" else signed(ISSUER, kind, FRIDAY_NOON)
    for name, forge in {"honest": Signed.token, **SETTABLE}.items():
        said = todo("list", env={"TODO_TOKEN": forge(good), "TODO_AUTH_URL": ISSUER.url})
        assert said.code == (0 if name == "honest" else 4), (name, said)
        assert name == "honest" or "a secret plan" not in said.out + said.err
