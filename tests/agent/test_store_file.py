"""What a worker that keeps its store open means for the file that it is."""

from __future__ import annotations

import os
import shutil

from tests.agent.machine import Machine, until


def test_a_write_leaves_nothing_beside_the_file_nor_does_a_read_for_long(busy: Machine) -> None:
    def files() -> list[str]:
        return sorted(path.name for path in busy.home.glob("tasks.db*"))

    def is_alone_after_a_write() -> bool:
        busy("add", "x")
        # Unless another worker was just getting ready.
        return files() == ["tasks.db"]

    until(is_alone_after_a_write)
    busy("list")
    until(lambda: (busy.status() or {})["connections"] == 0)

    assert files() == ["tasks.db"]


def test_a_store_that_was_put_back_from_a_copy_is_what_is_read(busy: Machine) -> None:
    shutil.copy(busy.home / "tasks.db", busy.home / "copy")
    busy("add", "after the copy")
    assert b"after the copy" in busy("list").out
    log = busy.home / "tasks.db-wal"
    # Another worker that was just getting ready keeps the log for a second.
    until(lambda: not log.exists() or log.stat().st_size == 0)
    shutil.copy(busy.home / "copy", busy.home / "tasks.db")
    assert busy("list", "-q").out == b"1\n2\n4\n"
    os.replace(busy.home / "copy", busy.home / "tasks.db")
    assert busy("list", "-q").out == b"1\n2\n4\n"
    shutil.rmtree(busy.home)

    assert busy("list", "-q").out == b""
