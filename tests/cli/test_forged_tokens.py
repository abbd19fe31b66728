"""Every forged token is refused by every command, whoever's key it pretends to be of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neontodo.accounts import account_file, machine_keys
from neontodo.accounts.account_file import Account
from neontodo.accounts.issuers import jwks
from neontodo.accounts.issuers.issuer import parse_issuer
from tests.accounts.forged import SETTABLE, Signed
from tests.accounts.issuer_keys import jwk, signed
from tests.harness import FRIDAY_NOON, Todo

COMMANDS = [
    (), ("add", "x"), ("list",), ("show", "1"), ("edit", "1", "--title", "y"), ("done", "1"),
    ("undone", "1"), ("toggle", "1"), ("rm", "1", "--yes"), ("search", "x"), ("undo",), ("redo",),
    ("log",), ("tags",), ("projects",), ("stats",), ("export",), ("import", "tasks.json"),
    ("whoami",), ("token", "create", "--name", "x"), ("token", "list"), ("token", "revoke", "x"),
    ("add", "x", "--dry-run"),
]  # fmt: skip
ISSUER = parse_issuer("http://127.0.0.1:1")


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Todo:
    """A person with a task, and an issuer whose keys are known here while it is away."""
    person = Todo(tmp_path_factory.mktemp("victim"), {"TODO_AUTH_URL": ISSUER.url})
    person.ok("add", "a secret plan")
    (person.home / "tasks.json").write_text('[{"title": "imported"}]')
    shown = tuple(jwk(name) for name in ("EdDSA", "ES256", "RS256", "PS256"))
    jwks.save_keys(person.home, jwks.KeySet(ISSUER.jwks_url, FRIDAY_NOON, shown))
    return person


def of_this_machine(victim: Todo) -> Signed:
    mine = machine_keys.load_machine_key(victim.home)
    assert mine is not None
    return Signed(mine.private_key, mine.user_id, mine.key_id, FRIDAY_NOON)


def of_issuer(victim: Todo) -> Signed:
    return signed(ISSUER, "ES256", FRIDAY_NOON)


SIGNERS = pytest.mark.parametrize("signer", [of_this_machine, of_issuer])


@SIGNERS
def test_an_honest_token_is_accepted(victim: Todo, signer: Callable[[Todo], Signed]) -> None:
    token = signer(victim).token()
    assert victim("list", env={"TODO_TOKEN": token}).code == 0


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "signer", [of_this_machine, pytest.param(of_issuer, marks=pytest.mark.slow)]
)
def test_a_forged_token_is_4(
    victim: Todo, signer: Callable[[Todo], Signed], argv: tuple[str, ...]
) -> None:
    good = signer(victim)
    before = victim.ok("list", "--json").out
    for name, forge in SETTABLE.items():
        token = forge(good)
        said = victim(*argv, env={"TODO_TOKEN": token})
        assert said.code == 4, (name, said)
        assert "a secret plan" not in said.out + said.err
        longest = max(token.split("."), key=len)
        assert len(longest) < 12 or longest not in said.out + said.err, name
    assert victim.ok("list", "--json").out == before


def test_a_forged_session_token_is_not_used(victim: Todo, tmp_path: Path) -> None:
    thief = Todo(tmp_path / "thief")
    good = of_issuer(victim)
    account_file.save_account(
        thief.home, Account(ISSUER, "user-1", None, None, "session", None, "desk")
    )
    jwks.save_keys(thief.home, jwks.KeySet(ISSUER.jwks_url, FRIDAY_NOON, (jwk("ES256"),)))
    for name, forge in {"honest": Signed.token, **SETTABLE}.items():
        token = forge(good).encode("ascii", "replace").decode()
        account_file.save_token(thief.home, token)
        assert thief("list").code == (0 if name == "honest" else 4), name
