"""What an agent that keeps its store open means for the file that it is."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.agent.machine import Machine, until
from tests.engines.crashes import kill_after_adding
from tests.harness import Todo


@pytest.mark.slow
def test_a_write_leaves_nothing_beside_the_file_nor_does_a_read_for_long(busy: Machine) -> None:
    def files() -> list[str]:
        return sorted(path.name for path in busy.home.glob("tasks.db*"))

    busy("add", "x")
    assert files() == ["tasks.db"]
    busy("list")
    until(lambda: (busy.status() or {})["connections"] == 0)

    assert files() == ["tasks.db"]


def test_a_store_that_was_put_back_from_a_copy_is_what_is_read(busy: Machine) -> None:
    shutil.copy(busy.home / "tasks.db", busy.home / "copy")
    busy("add", "after the copy")
    assert b"after the copy" in busy("list").out
    shutil.copy(busy.home / "copy", busy.home / "tasks.db")
    assert busy("list", "-q").out == b"1\n2\n4\n"
    os.replace(busy.home / "copy", busy.home / "tasks.db")
    assert busy("list", "-q").out == b"1\n2\n4\n"
    shutil.rmtree(busy.home)

    assert busy("list", "-q").out == b""


@pytest.mark.slow
@pytest.mark.parametrize("restore", [shutil.copy, pytest.param(os.replace, marks=pytest.mark.slow)])
def test_a_copy_that_is_put_over_an_open_store_is_kept_from_its_log(
    busy: Machine, tmp_path: Path, restore: Callable[[Path, Path], object]
) -> None:
    """Whoever closes the store would write the log into the copy."""
    store, copies = busy.home / "tasks.db", (tmp_path / f"copy {n}" for n in itertools.count())
    kept, expected = next(copies), busy("list", "-q").out
    until(lambda: (busy.status() or {})["connections"] == 0)
    shutil.copy(store, kept)
    busy("add", "after the copy")

    def is_set_aside() -> bool:
        busy("list")
        with stopped(busy.agents()):
            # The store stays open in the agent that ran the command.
            kill_after_adding(Todo(busy.home), "later 1", "later 2")
            incoming = next(copies)
            shutil.copy(kept, incoming)
            restore(incoming, store)
        listed = busy("list", "-q")
        assert listed.out == expected
        aside = list(busy.home.glob("*.old"))
        assert (f"notice: {store} was replaced".encode() in listed.err) == bool(aside)
        busy("add", "after the copy")
        return bool(aside)

    until(is_set_aside)


@contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
