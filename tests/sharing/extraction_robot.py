"""A member who goes after one row of somebody else's by bisection, over every channel there is.

A channel tells whether a condition holds for a row by something else than the rows that come back:
whether a sub-select ran, how many pages were read, what was refused. What it says for yes and for
no, the robot learns from conditions whose answer it knows: those on its own row, and those that
hold for every row or for none. Where a channel says the same for both, the robot asks no further.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import asyncpg

from tests.sharing.questions import CANARY, FAILURE, only

BUDGET = 6000
"""Questions that the robot asks at the most; a letter takes five or six."""
ALPHABET = "-0123456789abcdefghijklmnopqrstuvwxyz"
LETTERS = 3
"""Of each text that the robot wants to know."""

Signal = Any
"""What a channel says of a condition; equal signals mean the same."""


class OutOfQuestions(Exception):
    """The robot has asked all that it may."""


@dataclass(frozen=True)
class Row:
    """A row that the robot knows to be there, by its place and by its keys."""

    table: str
    place: str
    key: str
    owner: str

    def conditions(self) -> dict[str, str]:
        """Return how to get at this row alone."""
        return {
            "place": f"ctid = '{self.place}'",
            "key": f"id = ANY (ARRAY['{self.key}'{'::uuid' if self.table == 'tasks' else ''}])",
        }


@dataclass
class Robot:
    """What asks the questions, over a connection of a member's own."""

    connection: asyncpg.Connection
    asked: int = 0

    async def run(self, settings: dict[str, str], *statements: str) -> list[Any]:
        """Return what each statement answers, or the error's SQLSTATE; then undo them all."""
        self.asked += 1
        if self.asked > BUDGET:
            raise OutOfQuestions
        chosen = "".join(f"; SET LOCAL {name} = '{value}'" for name, value in settings.items())
        await self.connection.execute(f"BEGIN{chosen}")
        try:
            return [await self._answer(statement) for statement in statements]
        finally:
            await self.connection.execute("ROLLBACK")

    async def _answer(self, statement: str) -> Any:
        try:
            return [row[0] if row else None for row in await self.connection.fetch(statement)]
        except asyncpg.PostgresError as error:
            return error.sqlstate


Ask = Callable[[Robot, dict[str, str], str, str, str], Awaitable[Signal]]


async def _executed(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by EXPLAIN ANALYZE whether a sub-select of the robot's was needed."""
    question = f"SELECT FROM {table} WHERE {row} AND ({condition} OR {CANARY})"
    (plan,) = await robot.run(settings, f"EXPLAIN (ANALYZE, TIMING OFF) {question}")
    return [("never executed" in line) for line in plan if "todo_version" in line]


async def _policy_executed(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by EXPLAIN ANALYZE whether a sub-select of the policy's was needed."""
    question = f"SELECT FROM {table} WHERE {row} AND {condition}"
    (plan,) = await robot.run(settings, f"EXPLAIN (ANALYZE, TIMING OFF) {question}")
    return sum("never executed" in line for line in plan)


def _counted(relation: str) -> str:
    return f"SELECT pg_stat_get_xact_numscans('{relation}'::regclass)"


async def _counters(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by the session's counters whether a sub-select of the robot's was needed."""
    question = f"SELECT FROM {table} WHERE {row} AND ({condition} OR {CANARY})"
    counted = _counted("todo_version")
    before, _, after = await robot.run(settings, counted, question, counted)
    return after[0] - before[0]


async def _policy_counters(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by the session's counters whether a sub-select of the policy's was needed."""
    question = f"SELECT FROM {table} WHERE {row} AND {condition}"
    sums = "SELECT sum(pg_stat_get_xact_numscans(oid)) FROM pg_class WHERE relname = 'members'"
    before, _, after = await robot.run(settings, sums, question, sums)
    return after[0] - before[0]


async def _error(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by a sub-select that fails when it is needed."""
    question = f"SELECT FROM {table} WHERE {row} AND ({condition} OR {FAILURE})"
    (answer,) = await robot.run(settings, question)
    return answer if isinstance(answer, str) else "none"


async def _setting(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by a sub-select that sets a parameter when it is needed."""
    effect = "(SELECT set_config('robot.was_here', 'yes', true) IS NULL)"
    question = f"SELECT FROM {table} WHERE {row} AND ({condition} OR {effect})"
    _, effects = await robot.run(
        settings, question, "SELECT nullif(current_setting('robot.was_here', true), '')"
    )
    return effects


async def _lock(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by a sub-select that takes a lock when it is needed."""
    effect = "(SELECT NOT pg_try_advisory_xact_lock_shared(7))"
    question = f"SELECT FROM {table} WHERE {row} AND ({condition} OR {effect})"
    held = "pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    _, effects = await robot.run(settings, question, f"SELECT count(*) FROM {held}")
    return effects


async def _pages(
    robot: Robot, settings: dict[str, str], table: str, row: str, condition: str
) -> Signal:
    """Tell by the pages that a sub-select of the robot's read, if it was needed."""
    long = "(SELECT count(*) < 0 FROM pg_attribute)"
    question = f"SELECT FROM {table} WHERE {row} AND ({condition} OR {long})"
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) {question}"
    _, plan = await robot.run(settings, explain, explain)
    return hits(plan)


def hits(plan: Sequence[str]) -> int:
    """Return how many pages a statement found in memory."""
    return next((int(hit[1]) for line in plan if (hit := re.search(r"hit=(\d+)", line))), 0)


CHANNELS: dict[str, Ask] = {
    "sub-select in EXPLAIN ANALYZE": _executed,
    "policy in EXPLAIN ANALYZE": _policy_executed,
    "sub-select in counters": _counters,
    "policy in counters": _policy_counters,
    "error": _error,
    "setting": _setting,
    "lock": _lock,
    "pages": _pages,
}
WAYS = {"place": only("tidscan"), "key": only("seqscan")}


@dataclass(frozen=True)
class Text:
    """A text that the robot reads letter by letter."""

    table: str
    column: str

    def condition(self, at_least: str) -> str:
        return f"{self.column} >= ANY (ARRAY['{at_least}'])"

    async def search(self, holds: Callable[[str], Awaitable[bool]]) -> str:
        async def fits(word: str) -> bool:
            return await holds(self.condition(word))

        known = ""
        for _ in range(LETTERS):
            known = await last([known + letter for letter in ALPHABET], fits)
        return known

    def extremes(self) -> tuple[str, str]:
        return self.condition(ALPHABET[0]), self.condition("~")


@dataclass(frozen=True)
class Ordinal:
    """A value out of some that are in order."""

    table: str
    column: str
    values: Sequence[Any]
    beyond: Any

    def condition(self, at_least: Any) -> str:
        return f"{self.column} >= ANY (ARRAY['{at_least}'{self._cast()}])"

    def _cast(self) -> str:
        return "::date" if isinstance(self.beyond, date) else "::smallint"

    async def search(self, holds: Callable[[str], Awaitable[bool]]) -> Any:
        return await last(self.values, lambda value: holds(self.condition(value)))

    def extremes(self) -> tuple[str, str]:
        return self.condition(self.values[0]), self.condition(self.beyond)


@dataclass(frozen=True)
class Fact:
    """Something that holds for one of two rows; the robot wants to know for which."""

    table: str
    condition: str


async def last(values: Sequence[Any], holds: Callable[[Any], Awaitable[bool]]) -> Any:
    """Return the last of the values for which something holds, as it does for all before."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await holds(values[middle]) else (low, middle)
    return values[low]


DAYS = [date(2000, 1, 1) + timedelta(days=day) for day in range(12_000)]
WANTED: tuple[Text | Ordinal, ...] = (
    Text("tasks", "title"),
    Text("tasks", "project"),
    Text("users", "id"),
    Text("users", "email"),
    Text("keys", "label"),
    Ordinal("tasks", "due_on", DAYS, date(2100, 1, 1)),
    Ordinal("tasks", "priority", (0, 1, 2, 3), 4),
)
FACTS = (
    Fact("tasks", "completed"),
    Fact("tasks", "description IS NULL"),
    Fact("tasks", "project IS NULL"),
    Fact("tasks", "tasks IS NOT NULL"),
    Fact("users", "email IS NULL"),
    Fact("keys", "revoked_at IS NULL"),
)


@dataclass(frozen=True)
class Extracted:
    """What the robot says of others' rows, and how it came to think so."""

    what: str
    value: Any
    channel: str
    way: str


@dataclass
class Extraction:
    """Everything the robot finds out about two rows of each table.

    Attributes:
        robot: asks.
        own: a row of the robot's for each table.
        others: two rows of somebody else's.
        prolific: two users, of whom the robot wants to know who has more tasks.
        wanted: what the robot wants to know of the first of two rows.
        facts: of which it wants to know for which of the two they hold.
    """

    robot: Robot
    own: dict[str, Row]
    others: dict[str, tuple[Row, Row]]
    prolific: tuple[str, str]
    wanted: Sequence[Text | Ordinal] = WANTED
    facts: Sequence[Fact] = FACTS
    extracted: list[Extracted] = field(default_factory=list)

    async def run(self) -> list[Extracted]:
        """Return everything that was extracted, right or wrong."""
        for way in WAYS:
            for channel in CHANNELS:
                for wanted in self.wanted:
                    row = self.others[wanted.table][0]
                    value = await self._search(channel, way, wanted, row)
                    self._note(f"{wanted.table}.{wanted.column}", value, channel, way)
                for fact in self.facts:
                    value = await self._compare(channel, way, fact)
                    self._note(f"{fact.table}: {fact.condition}", value, channel, way)
        for table in self.others:
            self._note(f"{table}: longer row", await self._longer(table), "pages", "place")
        for column in ("user_id", "title", "completed", "due_on"):
            value = await self._estimates(column)
            self._note(f"tasks: estimates by {column}", value, "EXPLAIN", "none")
        for statement in ("INSERT", "ON CONFLICT"):
            self._note("an id that is taken", await self._taken(statement), "error", statement)
        return self.extracted

    def _note(self, what: str, value: Any, channel: str, way: str) -> None:
        if value is not None:
            self.extracted.append(Extracted(what, value, channel, way))

    async def ask(self, channel: str, way: str, row: Row, condition: str) -> Signal:
        where = row.conditions()[way]
        return await CHANNELS[channel](self.robot, WAYS[way], row.table, where, condition)

    async def _search(self, channel: str, way: str, wanted: Text | Ordinal, row: Row) -> Any:
        """Return a value; None if the channel does not tell what holds from what does not."""
        always, never = wanted.extremes()
        yes = await self.ask(channel, way, row, always)
        if yes == await self.ask(channel, way, row, never):
            return None

        async def holds(condition: str) -> bool:
            return bool(await self.ask(channel, way, row, condition) == yes)

        return await wanted.search(holds)

    async def _compare(self, channel: str, way: str, fact: Fact) -> Any:
        """Return the place of the row for which something holds; None if they seem alike."""
        own = self.own[fact.table]
        question = f"SELECT {fact.condition} FROM {fact.table} WHERE ctid = '{own.place}'"
        ((holds,),) = await self.robot.run({}, question)
        opposite = f"NOT ({fact.condition})"
        yes = fact.condition if holds else opposite
        signal = await self.ask(channel, way, own, yes)
        if signal == await self.ask(channel, way, own, opposite if holds else fact.condition):
            return None
        matches = [
            await self.ask(channel, way, row, fact.condition) == signal
            for row in self.others[fact.table]
        ]
        return self.others[fact.table][matches.index(True)].place if sum(matches) == 1 else None

    async def _longer(self, table: str) -> Any:
        """Return the place of the row that takes more pages to read as a whole."""
        pages = []
        for row in self.others[table]:
            question = f"SELECT FROM {table} WHERE ctid = '{row.place}' AND {table} IS NOT NULL"
            explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) {question}"
            _, plan = await self.robot.run(WAYS["place"], explain, explain)
            pages.append(hits(plan))
        return None if pages[0] == pages[1] else self.others[table][pages[1] > pages[0]].place

    async def _estimates(self, column: str) -> Any:
        """Return the user with more tasks by the estimates, or these if a value sways them."""
        values = {
            "user_id": (*self.prolific, "nobody"),
            "title": ("b", "m", "y"),
            "completed": ("true", "false"),
            "due_on": ("2001-01-01", "2015-01-01", "2026-01-01"),
        }[column]
        operator = ">" if column in ("title", "due_on") else "="
        estimates = []
        for value in values:
            question = f"EXPLAIN SELECT FROM tasks WHERE {column} {operator} '{value}'"
            (plan,) = await self.robot.run(WAYS["key"], question)
            estimates.append(int(re.findall(r"rows=(\d+)", plan[0])[0]))
        # The planner takes a comparison of booleans for half the rows, and so needs no statistics.
        if len(set(estimates)) == 1:
            return None
        return (
            self.prolific[estimates[1] > estimates[0]] if column == "user_id" else tuple(estimates)
        )

    async def _taken(self, statement: str) -> Any:
        """Return whose ids are taken, by what inserting the same ones is refused with."""
        conflict = " ON CONFLICT DO NOTHING" if statement == "ON CONFLICT" else ""
        row = self.others["tasks"][0]
        outcomes = []
        for user in (row.owner, "nobody"):
            values = f"'{user}', '{row.key}', 11, 'x', false, 0, '', 'x', now(), now()"
            names = "user_id, id, number, title, completed, priority, tags, search_text"
            inserted = f"INSERT INTO tasks ({names}, created_at, updated_at) VALUES ({values})"
            outcomes += await self.robot.run({"jit": "off"}, inserted + conflict)
        return None if outcomes[0] == outcomes[1] else tuple(outcomes)
