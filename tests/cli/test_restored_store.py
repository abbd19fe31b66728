"""An embedded store that was put back on a machine whose key it does not know."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.connections import Hasty
from tests.harness import Result, Todo

ANN = "6b9a1a1e-3a4e-4c4b-9d0a-2f6f5a3b1c2d"


@pytest.fixture
def local(tmp_path: Path) -> Todo:
    """A person whose embedded store has one task."""
    person = Hasty(tmp_path / "home")
    person.ok("add", "Task at home")
    return person


def lose_key(local: Todo) -> None:
    (local.home / "identity.json").unlink()
    (local.home / "token").unlink()


def take_another_machines_key(local: Todo) -> None:
    other = Todo(local.home.with_name("other"))
    other.ok("add", "Elsewhere")
    for name in ("identity.json", "token"):
        (other.home / name).replace(local.home / name)


def empty_key(local: Todo) -> None:
    (local.home / "identity.json").write_text("")


def damage_key(local: Todo) -> None:
    (local.home / "identity.json").write_text('{"user_id": "')


def revoke_key(local: Todo) -> None:
    change(local, "UPDATE keys SET revoked_at = '2026-01-01 00:00:00'")


def change(local: Todo, statement: str) -> None:
    with closing(sqlite3.connect(local.home / "tasks.db")) as store:
        store.execute(statement)
        store.commit()


def add_user(local: Todo, user_id: str, name: str) -> None:
    change(
        local,
        "INSERT INTO users (id, name, last_number, last_seq, created_at, updated_at)"
        f" VALUES ('{user_id}', '{name}', 0, 0, '2027-01-01 00:00:00', '2027-01-01 00:00:00')",
    )


def hinted(result: Result) -> list[str]:
    """The command that an error's hint names."""
    found = re.search(r"hint: `todo (.*?)`", result.err)
    assert found is not None, result
    return shlex.split(found[1])


def kept(local: Todo) -> list[str]:
    return sorted(path.name for path in local.home.glob("identity.json.*.old"))


@pytest.mark.parametrize("harm", [lose_key, take_another_machines_key, empty_key, damage_key])
@pytest.mark.parametrize("argv", [["list"], ["add", "x"], ["whoami"]])
def test_the_first_error_leads_to_the_store(
    local: Todo, harm: Callable[[Todo], None], argv: list[str]
) -> None:
    change(local, "UPDATE users SET name = 'Ann O''Hara'")
    harm(local)
    refused = local(*argv)
    assert refused.code == 4
    assert hinted(refused) == ["connect", "--local", "--as", "Ann O'Hara"]

    local.ok(*hinted(refused))
    local.ok("add", "Next")
    assert [(task["number"], task["title"]) for task in local.tasks()] == [
        (1, "Task at home"),
        (2, "Next"),
    ]
    assert local.ok("whoami", "--json").json["accepted"] is True
    assert local("doctor").code == 0
    local.ok("undo")


def test_a_revoked_key_is_replaced_too(local: Todo) -> None:
    revoke_key(local)
    local.ok("list")
    refused = local("add", "x")
    assert refused.code == 4
    assert hinted(local("doctor", terminal=True)) == hinted(refused)
    local.ok(*hinted(refused))
    local.ok("add", "x")


@pytest.mark.parametrize("harm", [take_another_machines_key, empty_key, damage_key])
def test_the_file_that_was_there_is_kept_and_named(
    local: Todo, harm: Callable[[Todo], None]
) -> None:
    harm(local)
    before = (local.home / "identity.json").read_bytes()
    said = local.ok(*hinted(local("list")))
    (name,) = kept(local)
    assert f"is kept as {local.home / name}" in said.err
    assert (local.home / name).read_bytes() == before


def test_a_machine_that_is_known_already_gets_no_other_key(local: Todo) -> None:
    before = (local.home / "identity.json").read_bytes()
    local.ok("connect", "--local", "--as", local.ok("whoami", "--json").json["user"])
    assert (local.home / "identity.json").read_bytes() == before
    assert len(local.ok("token", "list", "--json").json) == 1


def test_several_users_are_listed(local: Todo) -> None:
    bob = local.ok("whoami", "--json").json["user"]
    change(local, "UPDATE users SET name = 'Bob'")
    add_user(local, ANN, "Ann")
    add_user(local, "https://example.org/api/auth#ann", "Ann at work")
    lose_key(local)
    refused = local("list")
    assert refused.err.splitlines()[1:] == [
        f"  Bob ({bob})",
        f"  Ann ({ANN})",
        "  Ann at work (https://example.org/api/auth#ann)",
        "hint: `todo connect --local --as USER` makes a key of this machine for one of them",
    ]
    assert local("connect", "--local", "--as", "carl").code == 2
    account = local("connect", "--local", "--as", "Ann at work")
    assert (account.code, account.err) == (
        1,
        "error: Ann at work signs in with an account\nhint: run `todo login`\n",
    )
    local.ok("connect", "--local", "--as", "ann")
    assert local.ok("whoami", "--json").json["user"] == ANN
    assert local.tasks() == []
    local.ok("connect", "--local", "--as", "bob")
    assert [task["title"] for task in local.tasks()] == ["Task at home"]
    assert len(kept(local)) == 1


def test_a_store_of_somebody_with_an_account_leads_to_signing_in(local: Todo) -> None:
    change(local, "PRAGMA foreign_keys = OFF")
    change(local, "DELETE FROM users")
    change(
        local,
        "INSERT INTO users (id, name, last_number, last_seq, created_at, updated_at)"
        " VALUES ('https://example.org#1', 'Ann', 0, 0, '2026-01-01', '2026-01-01')",
    )
    lose_key(local)
    assert hinted(local("list")) == ["login"]


def test_another_file_than_the_embedded_store_is_not_adopted(local: Todo, tmp_path: Path) -> None:
    other = Todo(tmp_path / "other")
    other.ok("add", "Elsewhere")
    env = {"TODO_DATABASE_URL": f"sqlite:///{other.home / 'tasks.db'}"}
    assert local("list", env=env).err == (
        "error: you are not a user of this store\n"
        "hint: set TODO_TOKEN to a token of one of its users, or TODO_DATA_DIR to a folder in "
        "which it is called `tasks.db`\n"
    )


def test_without_a_store_there_is_nothing_to_adopt(tmp_path: Path) -> None:
    nobody = Todo(tmp_path / "home")
    said = nobody("connect", "--local", "--as", "ann")
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        f"error: there is no embedded store at {nobody.home / 'tasks.db'}",
    )
    assert not nobody.home.exists()


def test_a_damaged_key_without_a_store_is_moved_away(tmp_path: Path) -> None:
    nobody = Todo(tmp_path / "home")
    nobody.home.mkdir()
    damage_key(nobody)
    (nobody.home / "identity.json").chmod(0o600)
    refused = nobody("list")
    assert (refused.code, refused.err.splitlines()[1]) == (
        4,
        "hint: no store is beside it: move it away, and the next command makes a new one",
    )
    (nobody.home / "identity.json").rename(nobody.home / "away")
    nobody.ok("list")


def test_the_tasks_of_a_store_without_its_key_are_not_said_to_be_missing(
    local: Todo, shared: str, tmp_path: Path
) -> None:
    ann = Hasty(tmp_path / "ann")
    ann.ok("connect", shared)
    lose_key(local)
    me = str(ann.ok("whoami", "--json").json["user"])
    assert f"still in {local.home / 'tasks.db'}" in local.ok("connect", shared, "--as", me).err
    refused = local("connect", "--move")
    assert (refused.code, hinted(refused)[:3]) == (4, ["connect", "--local", "--as"])
    local.ok(*hinted(refused))
    local.ok("connect", "--move")
    assert [task["title"] for task in local.tasks()] == ["Task at home"]


def test_a_script_with_a_token_needs_no_key_here(local: Todo) -> None:
    token = local.ok("token", "create", "--name", "ci").out.strip()
    damage_key(local)
    local.ok("add", "from CI", env={"TODO_TOKEN": token})


def test_a_database_of_ones_own_needs_no_key_of_the_embedded_store(
    local: Todo, shared: str, tmp_path: Path
) -> None:
    ann = Hasty(tmp_path / "ann")
    ann.ok("connect", shared)
    damage_key(local)
    local.ok("connect", shared, "--as", str(ann.ok("whoami", "--json").json["user"]))
    local.ok("add", "Task there")
    assert [task["title"] for task in ann.tasks()] == ["Task there"]


def test_a_database_keeps_the_key_that_it_knows(local: Todo, shared: str, tmp_path: Path) -> None:
    local.ok("connect", shared)
    local.ok("add", "Task there")
    other = Todo(tmp_path / "other")
    other.ok("add", "Restored")
    local.ok("connect", "--local")
    for path in local.home.glob("tasks.db*"):
        path.unlink()
    (other.home / "tasks.db").rename(local.home / "tasks.db")
    local.ok(*hinted(local("list")))
    assert [task["title"] for task in local.tasks()] == ["Restored"]
    local.ok("connect")
    assert [task["title"] for task in local.tasks()] == ["Task there"]
    local.ok("add", "Another")


def test_the_write_ahead_log_of_a_copy_is_no_copy(local: Todo) -> None:
    store = local.home / "tasks.db"
    copy = local.home / "tasks.db.backup-20260101T000000000000Z"
    copy.write_bytes(store.read_bytes())
    copy.with_name(f"{copy.name}-wal").write_bytes(b"")
    store.write_bytes(b"")
    assert f"hint: copy {copy} to {store};" in local("list").err


def test_going_back_to_a_store_that_was_never_made_leaves_no_empty_file(
    shared: str, tmp_path: Path
) -> None:
    ann = Hasty(tmp_path / "ann")
    ann.ok("connect", shared)
    ann.ok("connect", "--local")
    assert not (ann.home / "tasks.db").exists()
    assert ann.ok("list").out == ""
