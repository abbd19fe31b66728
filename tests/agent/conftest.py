"""Machines for the agent's tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.agent.machine import Machine, machine
from tests.harness import Todo

collect_ignore_glob = [] if hasattr(os, "fork") else ["test_*"]

TASKS = """Buy milk
Write ä letter to 中文 friends about a title that is long enough to be cut
Call [bold]mum[/bold]
Pay the rent
"""


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Machine]:
    """Somebody without tasks and without an agent."""
    with machine(tmp_path / "home") as made:
        yield made


@pytest.fixture
def busy(person: Machine) -> Machine:
    """Somebody with tasks, and an agent that is ready."""
    fill(person)
    person.warm()
    return person


def fill(person: Machine, more: int = 0) -> None:
    """Make a few tasks of all sorts, and some more."""
    todo = Todo(person.home, now=datetime.now(UTC).replace(microsecond=0))
    todo.ok("add", "-", stdin=TASKS)
    todo.ok("edit", "1", "--due", "tomorrow", "--priority", "high", "-t", "shop", "-P", "home")
    todo.ok("edit", "2", "--due", "fri 17:00", "-t", "post", "-t", "home")
    todo.ok("done", "3")
    if more:
        todo.ok("add", "-", stdin="a task with a title\n" * more)
