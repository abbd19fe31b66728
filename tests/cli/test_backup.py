"""`todo backup` and `todo restore`: what they say, and what becomes of bad files and full disks."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Result, Todo


@pytest.fixture
def filled(todo: Todo) -> Todo:
    """A person with two tasks, of which one was removed and restored."""
    todo.ok("add", "Bücher zurück", "-t", "errand", "-P", "home", "--due", "fri 17:00")
    todo.ok("add", "Buy milk", "-p", "high")
    todo.ok("done", "1")
    todo.ok("rm", "2", "--yes")
    todo.ok("undo")
    return todo


def everything(todo: Todo) -> tuple[Any, Any]:
    return todo.tasks(), todo.ok("log", "--json").json


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".new-*")]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond 40,000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_backup_by_cron_writes_nothing(filled: Todo) -> None:
    assert filled("backup", "-q", "--keep", "1") == Result(0, "", "")
    assert filled("backup", "-q", "--keep", "1") == Result(0, "", "")


def test_a_backup_is_restored_in_the_place_of_what_came_later(filled: Todo) -> None:
    file, before = filled.home / "x.db", everything(filled)
    assert filled("backup", "x.db") == Result(0, "", f"backed up 2 tasks and 5 changes to {file}\n")
    filled.ok("edit", "2", "--title", "later")
    filled.ok("add", "later still")
    refused = filled("restore", "x.db")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: there are tasks already, or a log of them\nhint: `--rep")
    later = everything(filled)

    restored = filled.ok("restore", "x.db", "--replace")
    copy = filled.home / "backups" / "neontodo-2026-11-20T120000Z.db"
    assert restored == Result(
        0,
        "",
        f"backed up 3 tasks and 7 changes to {copy}\nrestored 2 tasks and 5 changes from x.db\n",
    )
    assert everything(filled) == before
    assert filled.ok("undo").err == "undone: 1 (Bücher zurück) pending again (done today 13:00)\n"
    filled.ok("restore", str(copy), "--replace")
    assert everything(filled) == later
    assert leftovers(filled.home) == []


def test_json_tells_what_was_written_and_restored(filled: Todo) -> None:
    file = filled.home / "x.db"
    written = filled.ok("backup", "x.db", "--json").json

    assert written == {
        "file": str(file),
        "tasks": 2,
        "changes": 5,
        "last_seq": 5,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "verified": True,
    }
    assert filled.ok("backup", "--check", "x.db", "--json").json == written
    assert filled.ok("restore", "x.db", "--replace", "--json").json == {
        "file": "x.db",
        "tasks": 2,
        "changes": 5,
        "last_seq": 5,
        "replaced": str(filled.home / "backups" / "neontodo-2026-11-20T120000Z.db"),
    }


def test_a_dry_run_restores_and_backs_up_nothing(filled: Todo) -> None:
    filled.ok("backup", "x.db")
    filled.ok("edit", "2", "--title", "later")
    before = everything(filled)
    tried = filled.ok("restore", "x.db", "--replace", "--dry-run")

    assert tried.err == (
        "restored 2 tasks and 5 changes from x.db\nthis was a dry run: nothing was changed\n"
    )
    assert everything(filled) == before
    assert not (filled.home / "backups").exists()


def test_nobody_else_can_read_it(filled: Todo) -> None:
    filled.ok("backup")
    (file,) = (filled.home / "backups").iterdir()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_in_a_folder_the_newest_are_kept_and_nothing_else_is_touched(filled: Todo) -> None:
    folder = filled.home / "kept"
    folder.mkdir()
    others = ["mine.db", "neontodo-2026.db", "neontodo-2026-01-01T000000Z.db.old"]
    for name in others:
        (folder / name).touch()
    for _ in range(2):
        filled.ok("backup", "kept")
    filled.later(days=1)
    last = filled.ok("backup", "kept", "--keep", "2")

    assert last.err.splitlines()[1:] == ["removed 1 older backup"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*others, "neontodo-2026-11-20T120000Z-2.db", "neontodo-2026-11-21T120000Z.db"]
    )


def test_a_backup_that_fails_removes_no_older_one(filled: Todo) -> None:
    filled.ok("backup", "--keep", "1")
    before = {path: path.read_bytes() for path in (filled.home / "backups").iterdir()}
    filled.later(days=1)
    with full_disk():
        failed = filled("backup", "--keep", "1")

    assert (failed.code, failed.out) == (1, "")
    assert failed.err.startswith(f"error: the backup {filled.home}/backups/neontodo-2026-11-21T")
    assert {path: path.read_bytes() for path in (filled.home / "backups").iterdir()} == before


def test_an_existing_file_is_not_overwritten(filled: Todo) -> None:
    (filled.home / "x.db").write_text("mine")
    (filled.home / "link.db").symlink_to("x.db")
    for name in ("x.db", "link.db", "/dev/full"):
        refused = filled("backup", name)
        assert refused.code == 1
        assert "already exists\nhint: name another file, or a folder\n" in refused.err

    assert (filled.home / "x.db").read_text() == "mine"


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["nowhere/x.db"], 2, "the folder of `nowhere/x.db` does not exist"),
        (["nowhere/"], 2, "the folder `nowhere/` does not exist"),
        (["-"], 2, "a backup is a file, not a pipe"),
        (["/proc/x.db"], 1, "the backup /proc/x.db cannot be written: no such file or directory"),
        (["x.db", "--keep", "1"], 2, "`--keep` is for a folder of backups"),
        (["--keep", "0"], 2, "`0` is not a whole number of at least 1"),
        (["--check"], 2, "`--check` needs a backup to check"),
        (["--check", "nowhere.db"], 2, "nowhere.db cannot be read: no such file or directory"),
        (["--check", "."], 2, ". cannot be read: is a directory"),
        (["--check", "x\0.db"], 2, "x\\x00.db cannot be read: not a usable name"),
        (["--check", "tasks.db"], 1, "tasks.db is not a backup"),
        (["--check", "identity.json"], 1, "identity.json is not a backup"),
        (["--check", "/dev/null"], 1, "/dev/null is not a backup"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_written_or_read(
    owner_home: Path, tmp_path: Path, argv: list[str], code: int, said: str
) -> None:
    shutil.copytree(owner_home, tmp_path / "home")
    person = Todo(tmp_path / "home")
    refused = person("backup", *argv)

    assert (refused.code, refused.out) == (code, "")
    assert said in refused.err.splitlines()[0]
    if argv[0] == "--check" and len(argv) > 1:
        assert person("restore", argv[1]) == refused


def test_a_full_disk_leaves_nothing_behind(filled: Todo) -> None:
    with full_disk():
        failed = filled("backup", "x.db")

    assert (failed.code, failed.out) == (1, "")
    assert failed.err.splitlines()[0] == (
        f"error: the backup {filled.home}/x.db could not be read or written"
    )
    assert not (filled.home / "x.db").exists()
    assert leftovers(filled.home) == []


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup that is complete."""
    home = tmp_path_factory.mktemp("backup")
    Todo(home).ok("add", "-", stdin="\n".join(f"task {n}" for n in range(50)))
    Todo(home).ok("backup", "x.db")
    return home / "x.db"


def is_complete(backup: Path, content: bytes) -> bool:
    """Check a file with this content, as `--check` does."""
    copy = backup.with_name("copy.db")
    copy.write_bytes(content)
    result = Todo(backup.parent)("backup", "--check", "copy.db")
    assert result.code in (0, 1), result
    assert result.err.startswith(
        "copy.db is complete: 50 tasks and 50 changes, backed up 2026-11-20T12:00:00Z\n"
        if result.code == 0
        else ("error: the backup copy.db is damaged or was changed", "error: copy.db is not a ")
    )
    return result.code == 0


@pytest.mark.parametrize("step", [997, pytest.param(31, marks=pytest.mark.slow)])
def test_one_changed_byte_is_noticed(backup: Path, step: int) -> None:
    """All of them were tried once, which takes minutes."""
    content = backup.read_bytes()
    assert is_complete(backup, content)
    for place in range(0, len(content), step):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        assert not is_complete(backup, bytes(changed)), place


def test_a_file_that_is_cut_or_longer_is_noticed(backup: Path) -> None:
    content = backup.read_bytes()
    for length in (0, 10, 100, 4096, 30_000, len(content) - 4096, len(content) - 1):
        assert not is_complete(backup, content[:length]), length
    for more in (b"\0", bytes(4096), content):
        assert not is_complete(backup, content + more)


def test_a_damaged_backup_is_not_restored(backup: Path, todo: Todo) -> None:
    content = bytearray(backup.read_bytes())
    # Not in the checksum itself: it might be none any more.
    content[-80] ^= 1
    (todo.home / "x.db").write_bytes(content)
    todo.ok("add", "mine")
    refused = todo("restore", "x.db", "--replace")

    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "error: the backup x.db is damaged or was changed: its checksum does not fit\n"
        "hint: take another backup\n"
    )
    assert [task["title"] for task in todo.tasks()] == ["mine"]
    assert not (todo.home / "backups").exists()


def test_checking_changes_nothing_in_a_folder_that_cannot_be_written(backup: Path) -> None:
    before = {path.name for path in backup.parent.iterdir()}
    content = backup.read_bytes()
    Todo(backup.parent).ok("backup", "--check", "x.db")
    Todo(backup.parent.parent / "other").ok("restore", str(backup))

    assert backup.read_bytes() == content
    assert {path.name for path in backup.parent.iterdir()} == before


def test_a_backup_can_be_looked_at_in_a_profile_of_its_own(filled: Todo) -> None:
    before = everything(filled)
    filled.ok("backup", "x.db")
    del filled.env["TODO_DATABASE_URL"]
    filled.ok("restore", "x.db", "--profile", "old")

    assert (
        filled.ok("list", "--all", "--sort", "number", "--json", "--profile", "old").json
        == (before[0])
    )
    assert filled.ok("undo", "--any", "--profile", "old").err == (
        "undone: 1 (Bücher zurück) pending again (done today 13:00)\n"
    )


def test_no_key_is_in_it(filled: Todo) -> None:
    filled.ok("backup", "x.db")
    key = json.loads((filled.home / "identity.json").read_text())["private_key"]
    token = (filled.home / "token").read_bytes()
    with closing(sqlite3.connect(filled.home / "x.db")) as connection:
        assert connection.execute("SELECT count(*) FROM keys").fetchone() == (0,)
    content = (filled.home / "x.db").read_bytes()
    assert key.encode() not in content
    assert token not in content


def test_a_migration_that_cannot_copy_the_store_changes_nothing(local: Todo) -> None:
    local.ok("add", "-", stdin="\n".join(f"task {n}" for n in range(50)))
    before = (local.home / "tasks.db").read_bytes()
    with full_disk():
        failed = local("db", "downgrade", "0001", "--yes")

    assert (failed.code, failed.out) == (5, ""), failed
    assert (local.home / "tasks.db").read_bytes() == before
    assert not list(local.home.glob("*.backup-*"))
    assert leftovers(local.home) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_tasks_are_restored_equal(todo: Todo) -> None:
    new = [
        {
            "title": f"task {n}",
            "tags": ["a", f"t{n % 50}"],
            "description": "words " * (n % 9) or None,
        }
        for n in range(100_000)
    ]
    todo.ok("import", "-", "--format", "json", stdin=json.dumps(new))
    todo.ok("done", "7-2000")
    todo.ok("rm", "2001-4000", "--yes")
    todo.ok("undo")
    before = everything(todo)
    todo.ok("backup", "x.db")
    todo.ok("edit", "1", "--title", "later")
    todo.ok("restore", "x.db", "--replace")

    assert everything(todo) == before
