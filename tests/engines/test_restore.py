"""A backup that is put in the place of a store that was killed: a restore restores."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from neontodo.db import embedded
from tests.engines.crashes import (
    add_and_hold,
    freeze,
    kill_after_adding,
    tear_checkpoint,
    tear_last_commit,
)
from tests.engines.processes import start
from tests.harness import Todo


def titles(todo: Todo) -> list[str]:
    return [task["title"] for task in todo.tasks()]


def set_aside(todo: Todo) -> list[str]:
    return sorted(path.name for path in todo.home.glob("*.old"))


def copy_file(store: Path, copy: Path) -> None:
    shutil.copy(store, copy)


def copy_by_sqlite(store: Path, copy: Path) -> None:
    with closing(sqlite3.connect(store)) as one, closing(sqlite3.connect(copy)) as other:
        one.backup(other)


def copy_by_vacuum(store: Path, copy: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def copy_by_migration(store: Path, copy: Path) -> None:
    made = embedded.back_up(store)
    assert made is not None
    made.rename(copy)


def rewrite(copy: Path, store: Path) -> None:
    store.write_bytes(copy.read_bytes())


def replace(copy: Path, store: Path) -> None:
    shutil.copy(copy, store.with_name("incoming"))
    os.replace(store.with_name("incoming"), store)


COPIERS = [copy_file, copy_by_sqlite, copy_by_vacuum, copy_by_migration]
RESTORERS = [rewrite, replace]


@pytest.mark.parametrize(
    ("copier", "restore"),
    [
        pytest.param(
            copier,
            restore,
            marks=pytest.mark.slow if restore is replace and copier is not copy_file else (),
        )
        for restore in RESTORERS
        for copier in COPIERS
    ],
)
def test_the_log_of_a_killed_process_is_not_replayed_onto_a_backup(
    local: Todo, tmp_path: Path, copier: Callable[..., None], restore: Callable[..., None]
) -> None:
    store, kept = local.home / "tasks.db", [f"task {n}" for n in range(30)]
    local.ok("add", "-", stdin="\n".join(kept))
    copier(store, tmp_path / "backup.db")
    local.ok("rm", *(str(n) for n in range(1, 21)), "--yes")
    log = kill_after_adding(local, "later 1", "later 2").read_bytes()
    restore(tmp_path / "backup.db", store)

    first = local.ok("list", "--quiet")
    (aside,) = set_aside(local)
    assert re.fullmatch(r"tasks\.db-wal\.\d{8}T\d{12}Z\.old", aside)
    assert first.err == (f"notice: {store} was replaced: the previous store's log is now {aside}\n")
    # Nothing is deleted, and it is said once.
    assert (local.home / aside).read_bytes() == log
    assert titles(local) == kept
    assert local.ok("add", "after the restore").err == "added 31: after the restore\n"
    assert local.ok("doctor", env={"TZ": "UTC"}, terminal=False).code == 0


def test_the_log_of_a_killed_process_is_replayed_onto_its_own_store(local: Todo) -> None:
    local.ok("add", "before")
    kill_after_adding(local, "one", "two")

    assert local.ok("list", "--quiet").err == ""
    assert titles(local) == ["before", "one", "two"]
    assert set_aside(local) == []


def test_a_log_that_was_begun_on_what_the_copy_holds_is_not_the_copys(
    local: Todo, tmp_path: Path
) -> None:
    """VACUUM INTO keeps what the log was begun on, and puts it on other pages."""
    local.ok("add", "-", stdin="\n".join(f"task {n}" for n in range(60)))
    local.ok("rm", *(str(n) for n in range(1, 51)), "--yes")
    kept = titles(local)
    copy_by_vacuum(local.home / "tasks.db", tmp_path / "backup.db")
    kill_after_adding(local, "later")
    rewrite(tmp_path / "backup.db", local.home / "tasks.db")

    assert titles(local) == kept
    assert len(set_aside(local)) == 1
    with closing(sqlite3.connect(local.home / "tasks.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("lost", ["header", "first page", "end"])
def test_a_log_of_which_nothing_came_to_the_disk_is_no_other_files(local: Todo, lost: str) -> None:
    local.ok("add", "before")
    log = kill_after_adding(local, "never acknowledged")
    data = bytearray(log.read_bytes())
    place = {"header": slice(8, 24), "first page": slice(56, 4152), "end": slice(-4000, None)}[lost]
    data[place] = bytes(len(data[place]))
    log.write_bytes(data)

    assert local.ok("list", "--quiet").err == ""
    assert titles(local) == ["before"]
    assert set_aside(local) == []


@pytest.mark.parametrize("version", ["UPDATE tasks SET title = 'x'", "CREATE TABLE other (x)"])
def test_what_another_program_wrote_is_not_lost(local: Todo, version: str) -> None:
    """Such as `sqlite3`, or an older `todo`: nothing of theirs is marked."""
    local.ok("add", "before")

    def work(holder: sqlite3.Connection) -> None:
        holder.execute(version)
        holder.commit()
        local.ok("add", "after")

    freeze(local.home, work)
    assert titles(local)[1:] == ["after"]
    assert set_aside(local) == []


def test_doctor_says_it_and_changes_nothing(local: Todo, tmp_path: Path) -> None:
    store = local.home / "tasks.db"
    local.ok("add", "kept")
    shutil.copy(store, tmp_path / "backup.db")
    local.ok("add", "lost")
    kill_after_adding(local, "later")
    rewrite(tmp_path / "backup.db", store)
    before = {path: path.read_bytes() for path in local.home.iterdir()}
    result = local("doctor")

    assert result.code == 5
    assert (
        f"{store} was replaced: the log beside it, tasks.db-wal, belongs to another file"
        in result.out
    )
    assert "hint: the next command moves that log aside\n" in result.err
    assert {path: path.read_bytes() for path in local.home.iterdir()} == before


@pytest.mark.parametrize("command", [["db", "current"], ["db", "check"], ["db", "upgrade"]])
def test_no_command_replays_it(local: Todo, tmp_path: Path, command: list[str]) -> None:
    store = local.home / "tasks.db"
    local.ok("add", "kept")
    shutil.copy(store, tmp_path / "backup.db")
    local.ok("add", "lost")
    kill_after_adding(local, "later")
    rewrite(tmp_path / "backup.db", store)
    local.ok(*command)

    assert len(set_aside(local)) == 1
    assert titles(local) == ["kept"]


@pytest.mark.parametrize("restore", RESTORERS)
def test_a_store_that_is_open_elsewhere_is_not_touched(
    local: Todo, tmp_path: Path, restore: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it open goes on with the log, and would write it back in the end."""
    monkeypatch.setattr("neontodo.db.write_ahead_log.PATIENCE", 0.1)
    store = local.home / "tasks.db"
    local.ok("add", "kept")
    shutil.copy(store, tmp_path / "backup.db")
    local.ok("add", "lost")
    process, pipe = start(add_and_hold, local, ["later"])
    assert pipe.recv() == "added"
    restore(tmp_path / "backup.db", store)
    refused = local("list", "--quiet")
    process.kill()
    process.join()

    if restore is rewrite:
        assert (refused.code, refused.out, refused.err) == (
            5,
            "",
            f"error: the store {store} was replaced while another program had it open\n"
            "hint: stop that program, copy the file there again, and retry\n",
        )
        rewrite(tmp_path / "backup.db", store)
    assert titles(local) == ["kept"]
    assert len(set_aside(local)) == 1


def header(data: bytes) -> tuple[int, ...]:
    return tuple(struct.unpack_from(">I", data, at)[0] for at in (40, 60, 68))


@dataclass
class Backup:
    data: bytes
    titles: list[str]
    base: object


class History:
    """A store, and what must be in it: kills, power cuts, copies and restores in any order."""

    def __init__(self, todo: Todo, folder: Path, seed: int) -> None:
        self.todo, self.folder, self.chance = todo, folder, random.Random(seed)
        self.store = todo.home / "tasks.db"
        self.steps: list[str] = []
        self.backups: list[Backup] = []
        self.count = self.foreign = 0
        todo.ok("add", "first")
        self.titles, self.crashed = ["first"], False
        # Which file a log, if there is one, was begun on, and what was in that.
        self.base, self.base_titles, self.is_torn = object(), ["first"], False

    def add(self) -> None:
        """Write something, sometimes enough for new pages, sometimes too little for any."""
        self.count += 1
        kind = self.chance.random()
        if kind < 0.6:
            title = f"task {self.count} " + "x" * self.chance.choice([0, 0, 150])
            self.todo.ok("add", title.strip())
            self.titles.append(title.strip())
        elif kind < 0.8:
            new = [f"task {self.count}.{n}" for n in range(self.chance.choice([2, 40]))]
            self.todo.ok("add", "-", stdin="\n".join(new))
            self.titles += new
        else:
            self.titles[0] = f"first {self.count}"
            self.todo.ok("edit", "1", "--title", self.titles[0])

    def settle(self) -> None:
        """A command has ended, and no log is left."""
        self.base, self.base_titles, self.crashed, self.is_torn = (
            object(),
            self.titles[:],
            False,
            False,
        )

    def write(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            self.add()
        self.settle()

    def read(self) -> None:
        self.check()

    def check(self) -> None:
        was_crashed = self.crashed
        assert titles(self.todo) == self.titles, self.steps
        assert len(set_aside(self.todo)) == self.foreign, self.steps
        if was_crashed:
            self.settle()

    def kill(self) -> None:
        """Writes, and perhaps a log that is written back and begun anew, up to a kill."""
        if self.crashed:
            self.check()

        def work(holder: sqlite3.Connection) -> None:
            for _ in range(self.chance.randint(1, 3)):
                self.add()
            if self.chance.random() < 0.4:
                holder.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self.is_torn = True
                if self.chance.random() < 0.5:
                    self.base = object()
                    for _ in range(self.chance.randint(1, 2)):
                        self.add()

        freeze(self.todo.home, work)
        self.crashed = True

    def cut_power(self) -> None:
        """A kill after which SQLite was just writing the log back, or writing to it."""
        self.kill()
        if self.chance.random() < 0.5:
            tear_checkpoint(self.todo.home, self.chance)
            self.is_torn = True
            return
        before = self.titles[:]
        # The one more that was never acknowledged.
        if not self.is_torn:
            kept = self.store.read_bytes()
            freeze(self.todo.home, lambda _: self.add())
            assert self.store.read_bytes() == kept
            self.titles = before
            tear_last_commit(self.todo.home, self.chance)

    def back_up(self) -> None:
        copier = self.chance.choice(COPIERS)
        if self.crashed and (copier is not copy_file or self.is_torn):
            self.check()
        copy = self.folder / "copy.db"
        copy.unlink(missing_ok=True)
        copier(self.store, copy)
        data = copy.read_bytes()
        # Page for page the same, so that the log is as good for it.
        same = copier is not copy_by_vacuum and header(data) == header(self.store.read_bytes())
        self.backups.append(Backup(data, self.base_titles[:], self.base if same else object()))

    def fork(self) -> None:
        """A copy that goes a way of its own on another machine, and is as old in the end."""
        if self.crashed:
            self.check()
        home = self.folder / "other machine"
        shutil.copytree(self.todo.home, home)
        other = Todo(home, now=self.todo.now)
        mine, store, now = self.todo, self.store, self.titles[:]
        self.todo = other
        for _ in range(self.chance.randint(0, 3)):
            self.add()
        data = (home / "tasks.db").read_bytes()
        same = data == store.read_bytes()
        self.backups.append(Backup(data, self.titles, self.base if same else object()))
        self.todo, self.titles = mine, now
        shutil.rmtree(home)

    def restore(self) -> None:
        if not self.backups:
            return
        backup = self.chance.choice(self.backups)
        (self.folder / "copy.db").write_bytes(backup.data)
        self.chance.choice(RESTORERS)(self.folder / "copy.db", self.store)
        if self.chance.random() < 0.5:
            (self.todo.home / "tasks.db-shm").unlink(missing_ok=True)
        # What the log was begun on is as good as what is there: all of it is replayed.
        is_replayed = self.crashed and backup.base is self.base
        if not is_replayed:
            self.foreign += self.crashed
            self.titles = backup.titles[:]
        self.check()
        if not is_replayed:
            self.settle()
            self.base = backup.base

    def run(self, steps: int) -> None:
        usual = [self.write, self.read, self.kill, self.cut_power, self.back_up, self.fork]
        for _ in range(steps):
            step = self.chance.choice([*usual, self.restore, self.restore, self.kill])
            self.steps.append(step.__name__)
            step()
        self.check()


@pytest.mark.parametrize("seed", range(4))
def test_no_history_replays_a_foreign_log_or_refuses_a_healthy_store(
    local: Todo, tmp_path: Path, seed: int
) -> None:
    History(local, tmp_path, seed).run(14)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_no_history_of_many_does(local: Todo, tmp_path: Path, seed: int) -> None:
    History(local, tmp_path, seed).run(20)
