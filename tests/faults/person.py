"""Somebody whose commands give up sooner than in real life, and a witness of what they did."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from neontodo.app import App
from neontodo.db.retry import Limits
from neontodo.streams import Streams
from tests.harness import Todo

# What works takes milliseconds here, but not always on a busy machine.
STEADY = Limits(pause=0.01, longest_pause=0.1)
SOON = Limits(patience=0.1, brief=0.1, pause=0.02, answer=0.3, idle=0.3, lock=10)


@dataclass
class Hurried(Todo):
    """A person with limits of their own."""

    limits: Limits = field(default_factory=Limits)

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        app = super().app(streams, env)
        app.limits = self.limits
        return app


@dataclass(frozen=True)
class State:
    """What a store holds, in numbers, and what has been done to it since a seq."""

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

    def state(self, since: int) -> State:
        """What is committed, once nobody else is at work any more."""
        return self._runner.run(self._state(since))

    async def _state(self, since: int) -> State:
        fetch = self._connection.fetch
        while await fetch(OTHERS):
            await asyncio.sleep(0.005)
        (counters,) = await fetch("SELECT last_number, last_seq FROM users")
        commands = await fetch(COMMANDS, since)
        return State(
            *counters,
            [row[0] for row in await fetch("SELECT number FROM tasks ORDER BY 1")],
            [row[0] for row in await fetch("SELECT seq FROM changes ORDER BY 1")],
            [row[0] for row in commands],
        )

    def integrity(self) -> tuple[int, int]:
        """How many tasks are not as the log says, and how many the log does not know."""
        row = self._runner.run(self._connection.fetchrow(DISAGREEMENTS))
        return tuple(row)


OTHERS = """
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
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
SELECT
  (SELECT count(*) FROM last LEFT JOIN tasks ON id = task_id WHERE (kind = 'delete') = (id IS NOT NULL))
  + (SELECT count(*) FROM told JOIN tasks ON id = task_id
     WHERE fields->>'title' <> title OR (fields->>'completed')::boolean <> completed
       OR (fields->>'number')::int <> number),
  (SELECT count(*) FROM tasks WHERE id NOT IN (SELECT task_id FROM changes))
"""
