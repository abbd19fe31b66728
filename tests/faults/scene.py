"""Somebody whose commands give up sooner than in real life, a network, and a witness."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from neontodo.app import App
from neontodo.db.retry import TimeLimits
from neontodo.streams import Streams
from tests.faults.network import Break, Network
from tests.faults.writes import Write
from tests.harness import Result, Todo

# What works takes milliseconds here, but not always on a busy machine.
STEADY = TimeLimits(pause=0.01, longest_pause=0.1)
SOON = TimeLimits(patience=0.1, brief=0.1, pause=0.02, answer=0.2, idle=0.15, stuck=0.15)
GIVING_UP = TimeLimits(patience=SOON.patience, brief=SOON.brief, pause=SOON.pause)
"""What gives up soon where there is no network, and may take its time until then."""


@dataclass
class Hurried(Todo):
    """A person with limits of their own."""

    limits: TimeLimits = field(default_factory=TimeLimits)

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        app = super().app(streams, env)
        app.limits = self.limits
        return app


@dataclass(frozen=True)
class State:
    """What a store holds, in numbers, and the kinds of change of each command since a seq."""

    last_number: int
    last_seq: int
    numbers: list[int]
    seqs: list[int]
    commands: list[list[str]]


class Witness:
    """A connection to the server itself, beside the network that breaks."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(url, ssl=False))

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()

    def state(self, since: int = 0) -> State:
        """What is committed, once nobody else is at work any more."""
        return self._runner.run(self._state(since))

    @contextmanager
    def locking(self, table: str) -> Iterator[None]:
        """Hold the strongest lock of a table, as its owner may."""
        run = self._runner.run
        run(self._connection.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        try:
            yield
        finally:
            run(self._connection.execute("ROLLBACK"))

    async def _state(self, since: int) -> State:
        fetch = self._connection.fetch
        while await fetch(OTHERS):
            await asyncio.sleep(0.005)
        (counters,) = await fetch("SELECT last_number, last_seq FROM users")
        return State(
            counters["last_number"],
            counters["last_seq"],
            [row[0] for row in await fetch("SELECT number FROM tasks ORDER BY 1")],
            [row[0] for row in await fetch("SELECT seq FROM changes ORDER BY 1")],
            [row[0] for row in await fetch(COMMANDS, since)],
        )

    def disagreements(self) -> int:
        """How many tasks are not as the log tells."""
        return int(self._runner.run(self._connection.fetchval(DISAGREEMENTS)))


class Scene:
    """A store, a network before it, and a person who uses it from here (`server`) and there.

    Args:
        url: the store's, on the server.
        home: the person's.
        port: where the network leads to, if not to the server itself.
    """

    def __init__(self, url: str, home: Path, port: int | None = None) -> None:
        place = urlsplit(url)
        self.password = place.password or ""
        self.server = Hurried(home, {"TODO_DATABASE_URL": url + "?sslmode=disable"})
        self.server.ok("db", "upgrade")
        self.witness = Witness(url)
        self.network = Network(port or place.port or 5432)
        through = url.replace(f":{place.port}/", f":{self.network.port}/")
        self.person = Hurried(
            home, {"TODO_DATABASE_URL": through + "?sslmode=disable&connect_timeout=1"}
        )

    def run(self, write: Write, planned: Break | None) -> Result:
        """Run a command whose connection breaks as planned."""
        self.network.plan(planned)
        self.person.limits = limits(planned)
        result = self.person(*write.argv, stdin=write.stdin)
        self.network.settle()
        return result

    def close(self) -> None:
        self.network.close()
        self.witness.close()


def limits(planned: Break | None) -> TimeLimits:
    """Such that the command ends soon, but not before it could have been saved."""
    if planned is None:
        return STEADY
    if planned.dead:
        return GIVING_UP if planned.way in ("cut", "reset") else SOON
    if planned.way == "stall":
        return replace(STEADY, answer=SOON.answer, idle=SOON.idle, stuck=SOON.stuck)
    # What is late must not be ended by the server before it arrives.
    return replace(STEADY, answer=SOON.answer) if planned.way == "late" else STEADY


OTHERS = """
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND state IS DISTINCT FROM 'idle'
"""

COMMANDS = """
SELECT array_agg(kind ORDER BY seq) FROM changes WHERE seq > $1
GROUP BY command_id ORDER BY min(seq)
"""

DISAGREEMENTS = """
WITH last AS (
  SELECT DISTINCT ON (task_id) task_id, kind FROM changes ORDER BY task_id, seq DESC
), told AS (
  SELECT task_id, jsonb_object_agg(key, value ORDER BY seq) AS fields
  FROM changes, jsonb_each(changes.after::jsonb) GROUP BY task_id
)
SELECT count(*) FROM last LEFT JOIN told USING (task_id) FULL JOIN tasks ON id = task_id
WHERE (kind = 'delete') IS DISTINCT FROM (id IS NULL)
  OR id IS NOT NULL AND (
    fields->>'title' IS DISTINCT FROM title
    OR coalesce((fields->>'completed')::boolean, false) <> completed
    OR (fields->>'number')::int IS DISTINCT FROM number)
"""
