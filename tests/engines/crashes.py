"""What kills and power cuts leave of an embedded store, made from the real files."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from tests.engines.processes import start
from tests.harness import Todo

FRAME = 24


def add_and_hold(pipe: Connection, todo: Todo, titles: list[str]) -> None:
    """Add tasks, each acknowledged, and keep SQLite from putting the log away."""
    with closing(sqlite3.connect(todo.home / "tasks.db")) as holder:
        holder.execute("SELECT count(*) FROM tasks").fetchone()
        for title in titles:
            todo.ok("add", title)
        pipe.send("added")
        pipe.recv()


def kill_after_adding(todo: Todo, *titles: str) -> Path:
    """Have a process add tasks and be killed; the log that it leaves."""
    process, pipe = start(add_and_hold, todo, list(titles))
    assert pipe.recv() == "added"
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    log = todo.home / "tasks.db-wal"
    assert log.stat().st_size
    return log


def freeze(home: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    """Work while a connection keeps the log open; the files then are as at a kill that moment."""
    moment = home.with_name("moment")
    with closing(sqlite3.connect(home / "tasks.db")) as holder:
        holder.execute("SELECT count(*) FROM tasks").fetchone()
        work(holder)
        moment.mkdir()
        for path in home.glob("tasks.db*"):
            if path.name in ("tasks.db", "tasks.db-wal", "tasks.db-shm"):
                shutil.copy(path, moment)
    for path in moment.iterdir():
        shutil.move(path, home / path.name)
    moment.rmdir()


def frames(log: bytes) -> list[tuple[int, int, int]]:
    """Place, page number and size after a commit (else 0) of each page in a log."""
    size, found, place = int.from_bytes(log[8:12], "big"), [], 32
    while place + FRAME + size <= len(log) and log[place + 8 : place + 16] == log[16:24]:
        numbers = (int.from_bytes(log[place + at : place + at + 4], "big") for at in (0, 4))
        found.append((place, *numbers))
        place += FRAME + size
    return [(place, page, commit) for place, page, commit in found]


def tear_checkpoint(home: Path, chance: random.Random) -> None:
    """Write some pages of the log back, in any order, as at a power cut while SQLite did so."""
    log = (home / "tasks.db-wal").read_bytes()
    pages = {page: place for place, page, _ in frames(log)}
    size = int.from_bytes(log[8:12], "big")
    with open(home / "tasks.db", "r+b") as file:
        for page in chance.sample(sorted(pages), chance.randint(0, len(pages))):
            file.seek((page - 1) * size)
            file.write(log[pages[page] + FRAME : pages[page] + FRAME + size])


def tear_last_commit(home: Path, chance: random.Random) -> None:
    """Lose a part of the last commit, as at a power cut before the log was on the disk."""
    path = home / "tasks.db-wal"
    log = bytearray(path.read_bytes())
    ends = [place for place, _, commit in frames(bytes(log)) if commit]
    size = int.from_bytes(log[8:12], "big")
    start_of_last = 32 if len(ends) == 1 else ends[-2] + FRAME + size
    at = chance.randrange(start_of_last, ends[-1] + FRAME + size - 512)
    if chance.random() < 0.5:
        del log[at:]
    else:
        was_empty = not any(log[at : at + 512])
        is_noise = was_empty or chance.random() < 0.5
        log[at : at + 512] = os.urandom(512) if is_noise else bytes(512)
    path.write_bytes(log)
