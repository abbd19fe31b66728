"""What only the embedded store has: its file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from neontodo.db import embedded
from tests.harness import Todo


def open_file(todo: Todo) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(todo.home / "tasks.db"))


def test_the_first_command_makes_a_store_that_only_its_owner_can_read(local: Todo) -> None:
    assert local.ok("list").out == ""

    assert stat.S_IMODE(local.home.stat().st_mode) == 0o700
    for name in ("tasks.db", "identity.json", "token"):
        assert stat.S_IMODE((local.home / name).stat().st_mode) == 0o600


def test_the_store_is_in_wal_mode_with_its_keys_on(local: Todo) -> None:
    local.ok("add", "x")

    with open_file(local) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_reading_writes_nothing(local: Todo) -> None:
    local.ok("add", "x")
    before = (local.home / "tasks.db").read_bytes()
    for argv in (["list"], ["show", "1"], ["search", "x"], ["stats"], ["log"], ["tags"]):
        local.ok(*argv)

    assert (local.home / "tasks.db").read_bytes() == before


def test_an_older_store_is_backed_up_and_migrated_by_itself(local: Todo) -> None:
    local.ok("add", "kept")
    with open_file(local) as connection:
        for table in ("dependencies", "views", "tasks", "changes", "keys", "users", "todo_version"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("CREATE TABLE todo_version (version_num TEXT)")
        connection.commit()
    result = local("list")

    # Its version is "nothing yet", so the first migration runs again; the copy is of before.
    assert result.code == 0, result
    assert len(list(local.home.glob("tasks.db.backup-*"))) == 1


def test_a_store_of_a_newer_version_is_refused_untouched(local: Todo) -> None:
    local.ok("add", "x")
    with open_file(local) as connection:
        connection.execute("UPDATE todo_version SET version_num = '9999'")
        connection.commit()
    before = (local.home / "tasks.db").read_bytes()
    result = local("add", "y")

    assert (result.code, result.out) == (6, "")
    assert "newer version (9999)" in result.err
    assert "hint: upgrade neontodo" in result.err
    assert (local.home / "tasks.db").read_bytes() == before


def test_a_file_that_is_no_database_is_refused(local: Todo) -> None:
    store = local.home / "tasks.db"
    local.ok("add", "x")
    store.write_bytes(b"not a database, however long it may be" * 100)
    refused = local("list")
    (local.home / "identity.json").unlink()
    without_key = local("list")

    assert (refused.code, refused.out) == (5, "")
    assert refused.err.startswith(f"error: the store {store} is not an SQLite database\n")
    assert (without_key.code, without_key.out) == (4, "")
    assert without_key.err.startswith(f"error: the key of the store {store} is missing")


def test_somebody_elses_database_is_refused_untouched(local: Todo, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE tasks (whatever)")
        connection.commit()
    result = local("list", env={"TODO_DATABASE_URL": f"sqlite:///{other}"})

    assert result.code == 1, result
    assert "tables of another program: tasks" in result.err


@pytest.mark.skipif(os.name == "nt", reason="platform: POSIX permissions")
def test_a_folder_that_may_not_be_written_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.touch()
    result = Todo(file / "home")("list")

    assert result.code == 5, result
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err


def test_a_damaged_store_is_a_clear_error(local: Todo) -> None:
    local.ok("add", "x")
    with open(local.home / "tasks.db", "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(40_000))
    result = local("list")

    assert result.code == 5, result
    assert "is damaged" in result.err


def test_a_missing_key_of_a_store_with_a_user_is_not_replaced(local: Todo) -> None:
    local.ok("add", "x")
    (local.home / "identity.json").unlink()
    result = local("list")

    assert result.code == 4, result
    assert "is missing" in result.err
    assert not (local.home / "identity.json").exists()


def test_a_backup_can_be_opened(local: Todo, tmp_path: Path) -> None:
    local.ok("add", "x")
    copy = embedded.back_up(local.home / "tasks.db")

    assert copy is not None
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT title FROM tasks").fetchall() == [("x",)]
