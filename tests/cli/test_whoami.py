"""`todo whoami`: who, by which token, in which store; never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neontodo.db.url import parse_url
from tests.faults.scene import SOON, Hurried
from tests.harness import WAYS_IN, Result, Todo
from tests.people import second_person

EXPIRES = "2027-02-18T12:00:00Z"


def identity(todo: Todo) -> dict[str, str]:
    found: dict[str, str] = json.loads((todo.home / "identity.json").read_text())
    return found


def label(todo: Todo) -> str:
    return todo.ok("token", "list").rows[0][1]


def store(todo: Todo) -> str:
    return parse_url(todo.env["TODO_DATABASE_URL"]).display


def test_lines_for_a_pipe(todo: Todo) -> None:
    mine = identity(todo)
    assert todo("whoami") == Result(
        0,
        f"name\t{mine['name']}\n"
        "email\t\n"
        f"user\t{mine['user_id']}\n"
        "issuer\t\nprofile\tdefault\n"
        f"machine\t{label(todo)}\n"
        f"key\t{mine['key_id']}\n"
        f"token\t{todo.home / 'token'}\n"
        f"expires_at\t{EXPIRES}\n"
        f"store\t{store(todo)}\n"
        "accepted\ttrue\n",
        "",
    )


def test_json(todo: Todo) -> None:
    mine = identity(todo)
    assert todo.ok("whoami", "--json").json == {
        "name": mine["name"],
        "email": None,
        "user": mine["user_id"],
        "issuer": None,
        "profile": "default",
        "machine": label(todo),
        "key": mine["key_id"],
        "token": str(todo.home / "token"),
        "expires_at": EXPIRES,
        "store": store(todo),
        "accepted": True,
    }


def test_a_terminal_gets_two_columns_by_its_own_clock(todo: Todo) -> None:
    mine = identity(todo)
    shown = todo("whoami", terminal=True, width=200)
    assert shown == Result(
        0,
        f"name      {mine['name']}\n"
        f"user      {mine['user_id']}\n"
        f"machine   {label(todo)}\n"
        f"key       {mine['key_id']}\n"
        f"token     {todo.home / 'token'}\n"
        "expires   2027-02-18 13:00 (in 90 days)\n"
        f"store     {store(todo)}\n"
        "accepted  yes\n",
        "",
    )


def test_a_token_in_its_last_minute_is_past(todo: Todo) -> None:
    token = todo.ok("token", "create", "--name", "ci", "--days", "1").out.strip()
    given = {"TODO_TOKEN": token}
    todo.later(minutes=1)
    checks = {row[0]: row[-1] for row in todo("doctor", env=given).rows}
    assert checks["token"].endswith(", until 2026-11-21 12:00 UTC")
    todo.later(hours=23, minutes=59, seconds=20)
    shown = todo.ok("whoami", terminal=True, width=200, env=given).out
    assert "expires   2026-11-21 13:00 (past)\n" in shown


def test_a_narrow_terminal_folds(todo: Todo) -> None:
    lines = todo.ok("whoami", terminal=True, width=40).out.splitlines()
    assert max(map(len, lines)) <= 40
    assert identity(todo)["key_id"] in "".join(line[10:] for line in lines)


def test_the_first_command_of_all_may_be_whoami(local: Todo) -> None:
    found = local.ok("whoami", "--json").json
    assert found["store"] == str(local.home / "tasks.db")
    assert found["user"] == identity(local)["user_id"]


def test_a_token_of_the_environment_is_named_and_not_shown(todo: Todo, tmp_path: Path) -> None:
    token = todo.ok("token", "create", "--name", "ci").out.strip()
    script = Todo(tmp_path / "ci", todo.env | {"TODO_TOKEN": token})
    found = script("whoami")
    assert found.code == 0
    assert "machine\tci\n" in found.out
    assert "token\tTODO_TOKEN\n" in found.out
    assert not [part for part in token.split(".") if part in found.out + found.err]


def test_a_token_of_the_settings_file_is_named_so(todo: Todo) -> None:
    token = todo.ok("token", "create", "--name", "ci").out.strip()
    (todo.home / "config.toml").write_text(f'token = "{token}"\n')
    assert f"token\t{todo.home / 'config.toml'}\n" in todo.ok("whoami").out


@pytest.mark.parametrize("argv", [["whoami"], ["whoami", "--json"]])
def test_no_secret_is_in_it(todo: Todo, argv: list[str]) -> None:
    secrets = [identity(todo)["private_key"], (todo.home / "token").read_text()]
    for terminal in (False, True):
        found = todo(*argv, terminal=terminal, width=200)
        shown = found.out + found.err
        assert not [secret for secret in secrets if secret in shown]
        password = getattr(parse_url(todo.env["TODO_DATABASE_URL"]), "password", None)
        assert password is None or password not in shown


def test_a_stranger_is_shown_and_told_with_4(todo: Todo, engine: str, tmp_path: Path) -> None:
    stranger = Todo(tmp_path / "elsewhere", todo.env)
    found = stranger("whoami")
    mine = identity(stranger)
    assert found.code == 4
    assert found.out == (
        "name\t\nemail\t\n"
        f"user\t{mine['user_id']}\n"
        "issuer\t\nprofile\tdefault\n"
        "machine\t\n"
        f"key\t{mine['key_id']}\n"
        f"token\t{stranger.home / 'token'}\n"
        f"expires_at\t{EXPIRES}\n"
        f"store\t{store(todo)}\n"
        "accepted\tfalse\n"
    )
    assert found.err == (f"error: you are not a user of this store\nhint: {WAYS_IN[engine]}\n")


def test_a_machine_whose_key_was_revoked_is_told_with_4(todo: Todo, tmp_path: Path) -> None:
    bob = second_person(todo, tmp_path / "bob")
    script = bob.ok("token", "create", "--name", "ci").out.strip()
    bob.ok("token", "revoke", "ci")
    found = bob("whoami", env={"TODO_TOKEN": script})
    assert (found.code, found.out) == (4, "")
    assert found.err.startswith("error: the token was revoked on 2026-11-20\n")
    assert bob("whoami").code == 0


def test_what_is_known_without_the_store_is_shown_though_it_is_down(local: Todo) -> None:
    url = "postgresql://ann:secret@127.0.0.1:1/tasks"
    found = Hurried(local.home, {"TODO_DATABASE_URL": url}, limits=SOON)("whoami")
    assert found.code == 5
    assert f"user\t{identity(local)['user_id']}\n" in found.out
    assert "store\tpostgresql://ann@127.0.0.1:1/tasks\naccepted\tfalse\n" in found.out
    assert found.err.startswith("error: cannot reach postgresql://ann@127.0.0.1:1/tasks")
    assert "secret" not in found.out + found.err


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", ""],
    ids=["word", "dots", "alg-none", "empty"],
)
def test_a_token_that_is_none_is_4_unless_it_is_empty(todo: Todo, token: str) -> None:
    found = todo("whoami", env={"TODO_TOKEN": token})
    assert found.code == (4 if token else 0)
    assert not token or found.out == ""
