"""Hundreds of clients of a transaction pooler, which share a few connections to the server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.engines.processes import start
from tests.harness import Todo
from tests.people import second_person
from tests.sharing.people import Shared, connection_url, login
from tests.sharing.pooler import PREPARES_SINCE, pooler, version
from tests.sharing.test_attacks_pooler import through

SIZE = 2
TURNS = 12
COMMANDS = 5
PROCESSES = 4
MANY = 100

CHANGE = (
    "ALTER TABLE tasks ADD COLUMN colour text NOT NULL DEFAULT 'red'",
    "ALTER TABLE tasks ALTER title TYPE varchar(400)",
    "ALTER TABLE changes ALTER position TYPE bigint",
    "DROP INDEX ix_tasks_order",
)
"""As a later migration may change what clients read and write."""

STATE = """
SELECT pg_backend_pid(), session_user = current_user,
  (SELECT array_agg(name || '=' || setting ORDER BY name) FROM pg_settings
   WHERE name <> 'application_name' AND name NOT LIKE 'plpgsql.%'),
  (SELECT count(*) FROM pg_prepared_statements),
  (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
  (SELECT count(*) FROM pg_listening_channels()),
  (SELECT count(*) FROM pg_cursors),
  pg_my_temp_schema()
"""
"""Of a connection to the server: which it is, and what a client may have left on it.

PL/pgSQL's settings appear with its first function, such as a check of migration 0002.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A pooler that prepares statements as Neon's does, and one that does not."""
    if "prepared" in metafunc.fixturenames:
        metafunc.parametrize("prepared", [0, 1000] if version() >= PREPARES_SINCE else [0])


@dataclass
class Crowd:
    """Two users of one login role and a member with one of her own, all through a pooler."""

    shared: Shared
    port: int
    people: dict[str, Todo]

    @property
    def logins(self) -> list[str]:
        """Their login roles, as URLs of the server itself."""
        return [self.shared.owner.env["TODO_DATABASE_URL"], connection_url(self.people["ann"])]

    def work(self, turn: int) -> list[Any]:
        """Everybody's commands at once, each with a connection of its own; what went wrong."""
        first = turn * TURNS + 1
        running = [start(use, todo, name, first) for name, todo in self.people.items()]
        problems = [problem for _, pipe in running for problem in pipe.recv()]
        for process, _ in running:
            process.join()
        return problems

    def processes(self) -> list[str]:
        """The same of whole processes, one of each person's at a time; what they say."""
        with ThreadPoolExecutor() as threads:
            works = [threads.submit(run, todo, name) for name, todo in self.people.items()]
        return [line for work in works for line in work.result()]

    def state(self) -> list[list[Any]]:
        """Of all connections to the server."""

        async def look() -> list[list[Any]]:
            return [list(row) for url in self.logins for row in await states(url, self.port)]

        return sorted(asyncio.run(look()))

    def unfinished(self) -> int:
        """How many connections are in a transaction."""
        return asyncio.run(unfinished(self.shared.server.url(self.shared.database)))


def use(pipe: Connection, todo: Todo, name: str, first: int) -> None:
    """Use commands of all kinds, and answer what is not as it should be."""
    problems = []
    for n in range(first, first + TURNS):
        everything = "".join(f"{number}\n" for number in range(1, n + 1))
        for argv, out in (
            (("add", f"{name}{n:04}", "-q"), f"{n}\n"),
            (("search", f"{name}{n:04}", "-q"), f"{n}\n"),
            (("done", str(n), "-q"), f"{n}\n"),
            (("undo", "-q"), f"{n}\n"),
            (("list", "--sort", "number", "-q"), everything),
        ):
            result = todo(*argv)
            if (result.code, result.out) != (0, out):
                problems.append((argv, result))
    pipe.send(problems)


def run(todo: Todo, name: str) -> list[str]:
    """What a person's processes print: of a few tasks, each when it is added."""
    env = os.environ | todo.environment | {"TODO_AGENT": "off"}  # noqa: TID251
    lines = []
    for n in range(PROCESSES):
        command = [sys.executable, "-m", "neontodo", "add", f"{name} once more {n}"]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        lines.append(f"{done.returncode} {done.stdout.strip().rpartition(chr(9))[2]} {done.stderr}")
    return lines


async def states(url: str, port: int) -> list[Any]:
    clients = [await login(url, port=port, statement_cache_size=0) for _ in range(SIZE)]
    transactions = [client.transaction() for client in clients]
    # In a transaction each, so that each has a connection of its own.
    for transaction in transactions:
        await transaction.start()
    found = [await client.fetchrow(STATE) for client in clients]
    for transaction, client in zip(transactions, clients, strict=True):
        await transaction.rollback()
        await client.close()
    return found


async def unfinished(url: str) -> int:
    connection = await login(url)
    where = "datname = current_database() AND state LIKE 'idle in transaction%'"
    found = await connection.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {where}")
    await connection.close()
    return int(found)


@pytest.fixture
def crowd(shared: Shared, tmp_path: Path, prepared: int) -> Iterator[Crowd]:
    with pooler(shared.server, size=SIZE, prepared=prepared) as port:
        ann = shared.member("ann")
        bob = second_person(shared.owner, tmp_path / "bob")
        direct, pooled = f":{shared.server.port}/", f":{port}/"
        url = shared.owner.env["TODO_DATABASE_URL"].replace(direct, pooled)
        people = {
            "owner": Todo(shared.owner.home, {"TODO_DATABASE_URL": url}),
            "bob": Todo(bob.home, {"TODO_DATABASE_URL": url}),
            "ann": through(port, ann),
        }
        yield Crowd(shared, port, people)


@pytest.mark.slow
def test_hundreds_of_clients_share_a_few_connections_and_leave_nothing_behind(
    crowd: Crowd,
) -> None:
    before = crowd.state()
    assert crowd.work(0) == []
    crowd.shared.server.execute(*CHANGE, database=crowd.shared.database)
    assert crowd.work(1) == []
    said = crowd.processes()

    count = 2 * TURNS
    assert said == [
        f"0 {name} once more {n} added {count + 1 + n}: {name} once more {n}\n"
        for name in crowd.people
        for n in range(PROCESSES)
    ]
    for name, todo in crowd.people.items():
        assert [task["title"] for task in todo.tasks()] == [
            *(f"{name}{n:04}" for n in range(1, count + 1)),
            *(f"{name} once more {n}" for n in range(PROCESSES)),
        ]
        # Arrays of uuids, of which the driver asks for the types.
        todo.ok("import", "-", "--format", "todotxt", stdin="one more\n" * MANY)
    assert 2 * TURNS * COMMANDS * len(crowd.people) >= 300
    # The same connections to the server, as they were before all of it.
    assert crowd.state() == before
    assert crowd.unfinished() == 0
