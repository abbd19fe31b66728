"""`todo token`: made for scripts, listed, revoked, and refused from then on; on both engines."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from neontodo.accounts import tokens
from tests.harness import FRIDAY_NOON, Result, Todo
from tests.people import second_person

SAID = "the token `ci` is accepted until 2027-02-18; it is shown only this once\n"
NO_ACCESS = "error: this store does not know this machine's key, or has revoked it\n"


def create(todo: Todo, name: str = "ci", *options: str) -> str:
    """A token, as a script would take it from standard output."""
    return todo.ok("token", "create", "--name", name, *options).out.strip()


def with_token(todo: Todo, home: Path, token: str) -> Todo:
    """A script on another machine, which has the store's address and a token."""
    return Todo(home, todo.env | {"TODO_TOKEN": token}, todo.now)


def keys(todo: Todo) -> list[list[str]]:
    """id, name, status, created, expires, revoked of every key."""
    return todo.ok("token", "list").rows


def hostname(todo: Todo) -> str:
    return keys(todo)[0][1]


@pytest.fixture
def script(todo: Todo, tmp_path: Path) -> Todo:
    return with_token(todo, tmp_path / "ci", create(todo))


def test_only_the_token_is_on_standard_output(todo: Todo) -> None:
    made = todo("token", "create", "--name", "ci")
    assert (made.code, made.err) == (0, SAID)
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", made.out)


def test_a_terminal_gets_the_same(todo: Todo) -> None:
    made = todo("token", "create", "--name", "ci", terminal=True)
    assert (made.code, made.err, made.out.count(".")) == (0, SAID, 2)


def test_as_json_it_comes_with_its_name_and_end(todo: Todo) -> None:
    made = todo.ok("token", "create", "--name", "ci", "--days", "7", "--json").json
    claimed = tokens.read_unverified(made.pop("token"))
    assert made == {
        "id": claimed.key_id,
        "name": "ci",
        "expires_at": "2026-11-27T12:00:00Z",
    }
    assert claimed.key_id == keys(todo)[1][0]


def test_a_script_works_with_it_as_the_same_user(todo: Todo, script: Todo) -> None:
    assert script.ok("add", "From CI").err == "added 1: From CI\n"
    assert [task["title"] for task in todo.tasks()] == ["From CI"]
    assert not (script.home / "identity.json").exists()


def test_the_store_has_only_the_public_half(todo: Todo) -> None:
    token = create(todo)
    assert token not in "".join(path.read_text("latin-1") for path in todo.home.rglob("*.*"))


@pytest.mark.parametrize("argv", [["list"], ["add", "x"], ["whoami"], ["token", "list"]])
def test_a_revoked_token_is_refused_by_the_next_command(
    todo: Todo, script: Todo, argv: list[str]
) -> None:
    script.ok("list")
    assert todo("token", "revoke", "ci") == Result(
        0, "", "revoked `ci`: no command accepts it any more\n"
    )
    assert script(*argv) == Result(
        4,
        "",
        "error: the token was revoked on 2026-11-20\n"
        "hint: make another one with `todo token create`\n",
    )


def test_revoking_twice_says_so(todo: Todo) -> None:
    create(todo)
    todo.ok("token", "revoke", "ci")
    assert todo("token", "revoke", "ci") == Result(
        0, "", "`ci` was revoked on 2026-11-20 already\n"
    )


def test_a_key_is_named_by_the_start_of_its_id(todo: Todo, script: Todo) -> None:
    key_id = keys(todo)[1][0]
    todo.ok("token", "revoke", "--", key_id[:6])
    assert script("list").code == 4
    assert [row[2] for row in keys(todo)] == ["active", "revoked"]


def test_of_two_that_are_meant_neither_is_revoked(todo: Todo) -> None:
    create(todo)
    start = keys(todo)[1][0][:6]
    todo.later(days=1)
    todo.ok("token", "create", f"--name={start}")
    refused = todo("token", "revoke", "--", start)
    ids = [row[0][:8] for row in keys(todo)[1:]]
    assert refused == Result(
        3,
        "",
        f"error: `{start}` means 2 keys\n"
        f"  {ids[0]}  ci, created on 2026-11-20\n"
        f"  {ids[1]}  {start}, created on 2026-11-21\n"
        "hint: name it by the start of its id\n",
    )
    assert [row[2] for row in keys(todo)] == ["active"] * 3


def test_a_name_is_taken_until_its_token_is_revoked_or_expired(todo: Todo) -> None:
    create(todo, "ci", "--days", "1")
    for name in ("ci", hostname(todo)):
        assert todo("token", "create", "--name", name) == Result(
            1,
            "",
            f"error: a key is named `{name}` already\n"
            "hint: choose another name, or `todo token revoke` that one first\n",
        )
    todo.later(days=2)
    create(todo)
    todo.ok("token", "revoke", "ci")
    assert [row[2] for row in keys(todo)] == ["active", "expired", "revoked"]


def test_a_token_makes_no_other_tokens(todo: Todo, script: Todo) -> None:
    assert script("token", "create", "--name", "more") == Result(
        4,
        "",
        "error: a token cannot create other tokens\n"
        "hint: create it on a machine with its own key, or where you are signed in\n",
    )
    assert len(keys(todo)) == 2


def test_a_name_can_be_used_again_after_it_was_revoked(todo: Todo) -> None:
    create(todo)
    todo.ok("token", "revoke", "ci")
    todo.later(days=1)
    create(todo)
    assert todo.ok("token", "revoke", "ci").err.startswith("revoked `ci`")
    assert [row[2] for row in keys(todo)] == ["active", "revoked", "revoked"]


@pytest.mark.parametrize("reference", ["x", "no-such", "\x1b[31m"])
def test_an_unknown_key_is_3(todo: Todo, reference: str) -> None:
    refused = todo("token", "revoke", "--", reference)
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith("error: no key is named `")
    assert "\x1b" not in refused.err


def test_an_expired_token_is_refused(todo: Todo, tmp_path: Path) -> None:
    script = with_token(todo, tmp_path / "ci", create(todo, "ci", "--days", "1"))
    script.later(days=2)
    assert script("list") == Result(
        4,
        "",
        "error: the token expired on 2026-11-21 at 12:00 UTC\n"
        "hint: run `todo login` or `todo connect`, or bring another token in `TODO_TOKEN`\n",
    )
    todo.later(days=2)
    assert keys(todo)[1][2] == "expired"


def test_the_list_shows_what_each_key_is(todo: Todo) -> None:
    create(todo)
    todo.later(hours=1)
    create(todo, "backup", "--days", "30")
    todo.ok("token", "revoke", "ci")
    machine, ci, backup = keys(todo)
    assert machine[1:] == [hostname(todo), "active", "2026-11-20T12:00:00Z", "", ""]
    assert ci[1:] == [
        "ci", "revoked", "2026-11-20T12:00:00Z", "2027-02-18T12:00:00Z", "2026-11-20T13:00:00Z",
    ]  # fmt: skip
    assert backup[1:] == ["backup", "active", "2026-11-20T13:00:00Z", "2026-12-20T13:00:00Z", ""]


def test_the_list_on_a_terminal(todo: Todo) -> None:
    create(todo)
    machine, ci = (row[0] for row in keys(todo))
    name = hostname(todo)
    width = max(4, len(name))
    assert todo("token", "list", terminal=True) == Result(
        0,
        f"id        {'name':{width}}  created     expires     status\n"
        f"{'─' * (8 + 2 + width + 2 + 10 + 2 + 10 + 2 + 6)}\n"
        f"{machine[:8]}  {name:{width}}  2026-11-20  never       in use\n"
        f"{ci[:8]}  {'ci':{width}}  2026-11-20  2027-02-18  active\n",
        "",
    )
    narrow = todo("token", "list", terminal=True, width=40).out
    assert max(map(len, narrow.splitlines())) <= 40


def test_the_list_as_json_says_which_key_is_in_use(todo: Todo, script: Todo) -> None:
    for person, in_use in ((todo, [True, False]), (script, [False, True])):
        found = person.ok("token", "list", "--json").json
        assert [key["in_use"] for key in found] == in_use
        assert list(found[0]) == [
            "id", "name", "created_at", "expires_at", "revoked_at", "in_use",
        ]  # fmt: skip


def test_the_last_machine_keeps_its_key(todo: Todo) -> None:
    create(todo)
    name = hostname(todo)
    assert todo("token", "revoke", name, "--yes") == Result(
        1,
        "",
        f"error: `{name}` is the only machine that can change these tasks\n"
        "hint: its key can be revoked once another machine has one\n",
    )
    todo.ok("add", "still here")


def test_the_key_in_use_is_revoked_only_after_a_yes(todo: Todo, script: Todo) -> None:
    name = "ci"
    assert script("token", "revoke", name) == Result(
        2,
        "",
        "error: this needs confirmation, and there is no terminal to ask on\nhint: pass `--yes`\n",
    )
    refused = script("token", "revoke", name, terminal=True, stdin="n\n")
    assert refused.code == 1
    assert refused.err == (
        "revoke `ci`? it is the key in use here: you could no longer change anything [y/N] "
        "nothing was changed\n"
    )
    assert script("token", "revoke", name, terminal=True, stdin="y\n").code == 0
    assert script("list").code == 4


@pytest.mark.parametrize(
    "argv", [["create", "--name", "more", "--dry-run"], ["revoke", "ci", "--dry-run"]]
)
def test_a_dry_run_changes_no_key(todo: Todo, script: Todo, argv: list[str]) -> None:
    before = keys(todo)
    dry = todo("token", *argv)
    assert (dry.code, dry.out) == (0, "")
    assert "dry run" in dry.err
    assert keys(todo) == before


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--name", ""],
        ["--name", "x" * 101],
        ["--name", "a\x1bb"],
        ["--name", "a\nb"],
        ["--name", "x", "--days", "0"],
        ["--name", "x", "--days", "3651"],
        ["--name", "x", "--days", "ten"],
        ["--name", "x", "--days", "-1"],
    ],
)
def test_a_token_without_a_usable_name_or_end_is_2(todo: Todo, argv: list[str]) -> None:
    refused = todo("token", "create", *argv)
    assert (refused.code, refused.out) == (2, "")
    assert len(keys(todo)) == 1


def test_a_key_that_the_store_does_not_know_makes_no_token(todo: Todo, tmp_path: Path) -> None:
    stranger = Todo(tmp_path / "elsewhere", todo.env)
    refused = stranger("token", "create", "--name", "ci")
    assert (refused.code, refused.out) == (4, "")
    assert len(keys(todo)) == 1


def test_a_revoked_machine_makes_no_token(todo: Todo, tmp_path: Path) -> None:
    bob = second_person(todo, tmp_path / "bob")
    bob.ok("add", "mine")
    create(bob)
    own = keys(bob)[0][0]
    revoke_past_the_program(bob, own)

    refused = bob("token", "create", "--name", "more")
    assert (refused.code, refused.out) == (4, "")
    assert refused.err.startswith(NO_ACCESS)
    assert len(keys(bob)) == 2


def revoke_past_the_program(todo: Todo, key_id: str) -> None:
    """As another machine of the same user would."""
    import asyncio

    import sqlalchemy as sa
    from sqlmodel import col

    from neontodo.db.engine import make_engine
    from neontodo.db.url import parse_url
    from neontodo.models import Key

    async def run() -> None:
        engine = make_engine(parse_url(todo.env["TODO_DATABASE_URL"]))
        async with engine.execution_options(writes=True).begin() as connection:
            await connection.execute(
                sa.update(Key).where(col(Key.id) == key_id).values(revoked_at=FRIDAY_NOON)
            )
        await engine.dispose()

    asyncio.run(run())


def test_nobody_sees_or_revokes_anothers_tokens(todo: Todo, tmp_path: Path) -> None:
    create(todo)
    bob = second_person(todo, tmp_path / "bob")
    theirs = keys(todo)[1][0]

    assert len(keys(bob)) == 1
    for reference in ("ci", theirs, theirs[:6]):
        assert bob("token", "revoke", "--yes", "--", reference).code == 3
    assert [row[2] for row in keys(todo)] == ["active", "active"]


def test_a_name_is_shown_and_never_obeyed(todo: Todo) -> None:
    create(todo, "[red]x[/red] \\ 家")
    assert keys(todo)[1][1] == "[red]x[/red] \\\\ 家"
    assert "[red]x[/red] \\ 家" in todo.ok("token", "list", terminal=True).out


def test_a_token_lasts_as_long_as_it_says(todo: Todo) -> None:
    made = todo.ok("token", "create", "--name", "ci", "--days", "3650", "--json").json
    assert datetime.fromisoformat(made["expires_at"]) == datetime(2036, 11, 17, 12, tzinfo=UTC)
