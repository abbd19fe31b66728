"""What is counted about speed: bytes on the socket, and statements of a command."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from neontodo.launcher import protocol
from tests.agent import fake
from tests.agent.machine import Machine
from tests.harness import Todo

# Those of SQLite alone, which cost no round trip.
LOCAL = ("BEGIN", "SELECT version_num")


def test_a_command_takes_few_bytes_beside_its_environment(person: Machine) -> None:
    beside = []

    def weigh(connection: socket.socket) -> None:
        head = connection.recv(protocol.HEAD)
        body = connection.recv(protocol.LARGEST)
        env = protocol.Invocation.decode(body).env
        beside.append(len(head + body) - sum(len(name + value) + 2 for name, value in env.items()))
        connection.sendall(protocol.BUSY)

    with fake.agent(person.socket, weigh):
        person("list")

    assert beside[0] <= 150


@contextmanager
def statements() -> Iterator[list[str]]:
    """Those that any engine executes meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(LOCAL):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("argv", "number"),
    [
        (("list",), 1),
        (("list", "is:overdue"), 2),
        (("list", "-t", "shop", "-P", "none", "-P", "SHOP"), 1),
        (("list", "-t", "SHOP", "-P", "SHOP"), 3),
        (("search", "milk"), 1),
        (("show", "1"), 1),
        (("stats",), 1),
        (("tags",), 1),
        (("log",), 1),
        (("add", "Buy bread"), 3),
        (("done", "1"), 4),
        (("edit", "1", "--title", "Buy oat milk"), 4),
        (("rm", "1", "--yes"), 4),
        (("undo",), 7),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_takes_few_statements(todo: Todo, argv: tuple[str, ...], number: int) -> None:
    todo.ok("add", "Buy milk", "-t", "shop")
    with statements() as seen:
        todo.ok(*argv, terminal=argv[0] == "list")

    assert len(seen) == number, seen
