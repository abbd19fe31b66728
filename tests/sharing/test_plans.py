"""Under row level security, every statement asks once who is asking, and not once per row."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from neontodo.tasks.queries import changes, counts, tasks, users
from tests.harness import Todo
from tests.sharing.people import Shared, app_of, connection_url, login
from tests.sharing.scenario import live

QUERIES = (changes, counts, tasks, users)
ELSEWHERE = {
    "changes.everything",
    "tasks.everything",
    "users.claim_unused",
    "users.counters",
}
"""Of `todo connect --move`: the embedded store's rows, and a user who has none."""

ASKS = "todo_current_user()"
PROTECTED = ("users", "keys", "tasks", "changes")
Statement = tuple[str, Any]


@contextmanager
def recorded() -> Iterator[dict[str, Any]]:
    """The statements that are sent to Postgres meanwhile, each once, with values for it."""
    sent: dict[str, Any] = {}

    def note(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        many = rest[-1]
        sent.setdefault(statement, values[0] if many else values)

    event.listen(sa.engine.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(sa.engine.Engine, "before_cursor_execute", note)


@contextmanager
def called() -> Iterator[set[str]]:
    """The functions of `tasks.queries` that are called meanwhile."""
    modules = {module.__file__: module.__name__.rpartition(".")[2] for module in QUERIES}
    names: set[str] = set()

    def note(frame: FrameType, what: str, _: Any) -> None:
        if what == "call" and (module := modules.get(frame.f_code.co_filename)):
            names.add(f"{module}.{frame.f_code.co_name}")

    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(None)


def all_queries() -> set[str]:
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in QUERIES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


@pytest.fixture
def member(shared: Shared) -> Todo:
    return shared.member("ann")


def test_every_statement_asks_once_who_is_asking(member: Todo, tmp_path: Path) -> None:
    with recorded() as sent, called() as names:
        live(member, tmp_path)
        complete(member)
    assert all_queries() - names <= ELSEWHERE
    plans = asyncio.run(explained(connection_url(member), sent))
    asking = [statement for statement, plan in plans.items() if check(plan)]
    protected = [s for s in plans if any(f" {table}" in s for table in PROTECTED)]
    assert set(protected) == set(asking)
    assert len(asking) > 25


def complete(me: Todo) -> None:
    """What the shell asks for, in a process of its own otherwise."""
    app = app_of(me)
    found = app.run(
        app.read(lambda s, who: tasks.numbered(s, who.user_id, "1", completed=None, limit=5))
    )
    app.close()
    assert found


async def explained(url: str, sent: dict[str, Any]) -> dict[str, Any]:
    """The plan of each statement, as its member gets it."""
    connection = await login(url)
    plans = {}
    for statement, values in sent.items():
        found = await connection.fetchval(f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}", *values)
        plans[statement] = json.loads(found)
    await connection.close()
    return plans


def check(plan: Any) -> bool:
    """Whether a plan asks at all; it must be in a part that is evaluated once."""
    asking = list(nodes_that_ask(plan))
    for node in asking:
        assert node.get("Parent Relationship") == "InitPlan", plan
        assert node["Node Type"] == "Result", plan
    return bool(asking)


def nodes_that_ask(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, list):
        for each in part:
            yield from nodes_that_ask(each)
    elif isinstance(part, dict):
        own = {name: value for name, value in part.items() if name != "Plans"}
        if "Plan" not in part and ASKS in json.dumps(own):
            yield part
        for name in ("Plan", "Plans"):
            yield from nodes_that_ask(part.get(name, []))


def test_a_list_of_many_tasks_calls_the_function_a_few_times(shared: Shared, member: Todo) -> None:
    member.ok("add", "-", stdin="\n".join(map(str, range(1000))))
    shared.server.execute(
        f"ALTER DATABASE \"{shared.database}\" SET track_functions = 'all'",
        database=shared.database,
    )
    member.ok("list", "--json")
    count = "SELECT sum(calls) FROM pg_stat_user_functions WHERE funcname = 'todo_current_user'"

    async def calls() -> int:
        connection = await login(shared.server.url(shared.database))
        found = await connection.fetchval(count)
        await connection.close()
        return int(found or 0)

    assert 1 <= asyncio.run(calls()) <= 4
