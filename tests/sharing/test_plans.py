"""How Postgres goes about every statement that there is, under row level security.

Each compares with the member's id, which the planner has put in the place of the function; and
however many tasks there are of others, none of them reads a whole table.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from neontodo.app import App
from neontodo.errors import BadValue
from neontodo.models import Change, Task
from neontodo.tasks.filter_language import _KEYS, Moment, parse_filter
from neontodo.tasks.queries import changes, counts, tasks, users, views
from tests.benchmarks.million import EACH, MANY, fill, shared_database
from tests.databases import Postgres
from tests.harness import FRIDAY_NOON, Todo
from tests.sharing.people import OWNER, PASSWORD, Shared, app_of, connection_url, login
from tests.sharing.scenario import live

QUERIES = (changes, counts, tasks, users, views)
ASKS = "todo_current_user"
PROTECTED = ("users", "keys", "tasks", "changes", "views")
INDEXES = tuple(f"{kind}_{table}" for kind in ("pk", "uq", "ix") for table in PROTECTED)
ANY_OF = ("list", "-P", "a", "-P", "b", "--due", "today", "--due", "overdue")
SPANS = re.compile(r" AS given|json_populate_recordset|generate_series")
"""What statements have that look up many values, or a row that no statistics tell from others."""

LOOKED_UP = re.compile(r"\b(id|number|task_id|command_id|seq) <= ")
FALSE_STATISTICS = """
BEGIN; DELETE FROM tasks; DELETE FROM changes; ANALYZE tasks; ANALYZE changes; ROLLBACK;
ALTER TABLE tasks SET (autovacuum_enabled = false);
ALTER TABLE changes SET (autovacuum_enabled = false);
"""
"""What autovacuum finds while everything was removed, or while an import has not been committed."""

TALL = 12_000
"""With so many tasks some indexes that are right have one level more than others."""

FILTER = ("list", "(project:a or +b) due:week not p:high")
LOG = ("log", "--since", "2026-01-01", "--until", "today", "--command")
SHOWN = (
    *(("list",), ("list", "--done"), ANY_OF, FILTER, (*FILTER, "--count"), ("search", "milk")),
    *(("log", "--limit", "9"), (*LOG, "done"), (*LOG, "redo"), (*LOG, "edit", "1-9")),
)
"""What has fewer rows on a terminal than in a pipe."""

TERMS = {
    "project": ("project:work", "project:=work", "project:none", "project:a,b", "not project:work"),
    "tag": ("tag:urgent", "tag:none", "+urgent or +home", "not +urgent"),
    "priority": ("priority:medium..",),
    "p": ("p:high,low",),
    "due": (
        "due:..fri",
        "due:today..+7d",
        "due:overdue",
        "due:none",
        "due:2026-11-20T12:00..",
    ),
    "start": ("start:today..", "start:none"),
    "created": ("created:week",),
    "updated": ("updated:today..",),
    "done": ("done:week", "done:none", "done:any"),
    "number": ("number:7", "number:3..5", "number:3..5,9"),
    "id": ("id:a1b2",),
    "title": ("title:milk",),
    "text": ("text:milk", '"buy milk"'),
    "status": ("status:any", "status:done", "status:pending"),
}
"""What uses each key of a filter; `is:` has its states."""

SIZES = {"few": EACH, "many": MANY}
"""How many of the tasks in the large database two of its members have."""

INDEXED = {"number", "id", "priority"}
"""The keys that an index finds tasks by; others go through all of the user's, or all pending."""

Sent = dict[str, tuple[Any, ...]]


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


OF_OWNERS = {"users.delete_history"}
"""What a member has no right to, so that `todo restore --replace` asks first."""


def used_up(me: Todo, folder: Path) -> Sent:
    """All statements that there are, as one of its members sends them to a database."""
    with recorded() as sent, called() as names:
        live(me, folder)
        for argv in SHOWN:
            me.ok(*argv, terminal=True)
        me.ok("done", *FILTER[1:], "--yes")
        app = app_of(me)
        app.run(complete(app))
        app.run(copy(app))
        app.close()
    assert all_queries() - names == OF_OWNERS
    return sent


async def complete(app: App) -> None:
    """What the shell asks for, in a process of its own otherwise."""
    assert await app.read(
        lambda s, who: tasks.fetch_numbers_starting(s, who.user_id, "1", completed=None, limit=5)
    )


async def copy(app: App) -> None:
    """What `connect --move`, `member remove` and signing in send, for two users otherwise."""
    me = (await app.identify_user()).user_id
    async with app.database.snapshot(me) as session:
        assert await users.fetch_counters(session, me)
        assert await users.fetch_email_and_name(session, me)
        assert await tasks.count_tasks(session, me)
        assert not await changes.may_delete_changes(session, me)
        assert await tasks.fetch_valid_tasks(session, me, after=0, limit=1000)
        (task, *_), *_ = [chunk async for chunk in users.stream_rows(session, me, Task)]
        (change, *_), *_ = [chunk async for chunk in users.stream_rows(session, me, Change)]
        assert await changes.fetch_reverted_commands(session, me, {change["command_id"]})
        assert await changes.fetch_first_creations(session, me, {task["id"]})
    async with app.database.write(me, dry_run=True) as session:
        assert not await users.set_first_counters(session, me, 1, 1)
        number, seq = (counter + 1 for counter in await users.fetch_counters(session, me))
        await users.set_counters(session, me, number, seq)
        new = {"id": uuid.uuid4(), "number": number, "search_text": ""}
        await users.insert_rows(session, Task, [{**task, **new}])
        logged = {**change, "command_id": uuid.uuid4(), "seq": seq}
        await users.insert_rows(session, Change, [logged])


async def explained(url: str, sent: Sent, seqscan: str = "on") -> dict[str, Any]:
    """The plan of each statement, as its member gets it."""
    connection = await login(url)
    await connection.execute(f"SET enable_seqscan = {seqscan}")
    plans = {}
    for statement, values in sent.items():
        found = await connection.fetchval(f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}", *values)
        plans[statement] = json.loads(found)
    await connection.close()
    return plans


@pytest.fixture
def member(shared: Shared) -> Todo:
    return shared.member("ann")


def test_every_statement_is_restricted_to_a_constant(
    shared: Shared, member: Todo, tmp_path: Path
) -> None:
    sent = used_up(member, tmp_path)
    plans = asyncio.run(explained(connection_url(member), sent))
    me = shared.ids()["ann"]
    restricted = {statement for statement, plan in plans.items() if is_restricted(plan, me)}
    protected = {s for s in plans if any(f" {table}" in s for table in PROTECTED)}
    # No plan shows the rule for new rows, unless it asks a table itself.
    assert {s for s in protected if not s.startswith("INSERT INTO views ")} == restricted
    assert len(restricted) > 20


@pytest.fixture(scope="module")
def million(neon_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A database with 1,100,000 tasks, of which a member `few` has 100 and `many` 100,000."""
    with shared_database(neon_server, tmp_path_factory.mktemp("million")) as shared:
        for name in ("ann", "bob", *SIZES):
            shared.member(name)
        fill(shared, SIZES)
        yield shared


def explained_for(million: Shared, sender: str, sent: Sent) -> dict[str, dict[str, Any]]:
    """The plans of what a member sent, as `few` and as `many` would get them."""
    ids = million.ids()
    found = {}
    for name in SIZES:
        theirs = sent_by(sent, ids[sender], ids[name])
        # Who has a tenth of everything gets all of it either way: both weigh the same.
        seqscan = "off" if name == "many" else "on"
        url = connection_url(million.machine(name))
        found[name] = asyncio.run(explained(url, theirs, seqscan))
        for statement, plan in found[name].items():
            assert not set(wasteful(plan)), statement
            assert is_restricted(plan, ids[name]) or not re.search("FROM tasks", statement)
    return found


@pytest.mark.slow
def test_no_statement_reads_all_of_a_million_tasks(million: Shared, tmp_path: Path) -> None:
    sent = used_up(million.machine("ann"), tmp_path)
    plans = explained_for(million, "ann", sent)
    # A hundred of somebody's 100,000 tasks are looked up, not found by reading all of them.
    require_lookups(plans["many"])


@pytest.mark.slow
def test_no_key_of_a_filter_reads_tasks_of_others(million: Shared) -> None:
    bob = million.machine("bob")
    for key, filters in list_terms().items():
        plans = explained_for(million, "bob", filtered_by(bob, filters))
        conditions = " ".join(
            node.get("Index Cond", "") for plan in plans["many"].values() for node in nodes(plan)
        )
        assert key not in INDEXED or re.search(rf"\b{key} >= ", conditions), key


def test_every_key_of_filters_has_a_plan_to_look_at() -> None:
    assert list_terms().keys() == _KEYS.keys()


def list_terms() -> dict[str, tuple[str, ...]]:
    """The terms that use each key; the states of `is:` as its refusal lists them."""
    with pytest.raises(BadValue) as refused:
        parse_filter(["is:?"], Moment(FRIDAY_NOON, UTC))
    _, _, states = str(refused.value.hint).partition("choose from ")
    return TERMS | {"is": tuple(f"is:{state}" for state in states.split(", "))}


def filtered_by(me: Todo, filters: Sequence[str]) -> Sent:
    """The statements of commands that take a filter, each with all of these filters."""
    with recorded() as sent:
        for text in filters:
            for argv in (("list",), ("list", "--count"), ("done", "--dry-run"), ("log",)):
                assert me(*argv, "--filter", text, terminal=True).code in (0, 2), (argv, text)
    return {statement: values for statement, values in sent.items() if "tasks" in statement}


@pytest.mark.slow
def test_false_statistics_change_no_way_to_look_up_many_rows(
    shared: Shared, tmp_path: Path
) -> None:
    ann, few, many = (shared.member(name) for name in ("ann", "few", "many"))
    sent, ids = used_up(ann, tmp_path), shared.ids()
    for name, member, count in (("few", few, 20), ("many", many, TALL)):
        shared.server.execute(fill_quickly(ids[name], count), database=shared.database)
        shared.server.execute(FALSE_STATISTICS, database=shared.database)
        theirs = sent_by(sent, ids["ann"], ids[name])
        for url in (connection_url(member), shared.server.url(shared.database, OWNER, PASSWORD)):
            require_lookups(asyncio.run(explained(url, theirs)))


def fill_quickly(user_id: str, count: int) -> str:
    """Return what gives a user tasks, and their log, in a moment."""
    return f"""
        UPDATE users SET last_number = {count}, last_seq = {count} WHERE id = '{user_id}';
        INSERT INTO tasks (user_id, id, number, title, completed, priority, tags, search_text,
            created_at, updated_at)
        SELECT '{user_id}', gen_random_uuid(), n, 'x', false, 0, '', ' x ', now(), now()
        FROM generate_series(1, {count}) n;
        INSERT INTO changes (user_id, seq, command_id, position, key_id, task_id, kind, at)
        SELECT user_id, number, gen_random_uuid(), 0, '-', id, 'create', now() FROM tasks
        WHERE user_id = '{user_id}';
    """


def require_lookups(plans: dict[str, Any]) -> None:
    """Assert that statements that look up rows do so by the index that has them."""
    among = {statement: plan for statement, plan in plans.items() if SPANS.search(statement)}
    assert len(among) >= 8
    for statement, plan in among.items():
        # `todo log` lists the log itself, and looks up what it names.
        listed = {"changes"} if "FROM changes LEFT OUTER JOIN" in statement else set()
        for node in nodes(plan):
            if node.get("Relation Name") in ("tasks", "changes") and node["Alias"] not in listed:
                is_write = node["Node Type"] == "ModifyTable"
                # A bitmap's index stands below it, with the same condition.
                condition = node.get("Index Cond") or node.get("Recheck Cond", "")
                assert is_write or LOOKED_UP.search(condition), (statement, node)


def sent_by(sent: Sent, user_id: str, other_id: str) -> Sent:
    """The same statements of another user's."""
    return {
        statement: tuple(other_id if value == user_id else value for value in values)
        for statement, values in sent.items()
    }


def wasteful(plan: Any) -> Iterator[str]:
    """The tables, and the indexes of these, of which a plan looks at everybody's rows."""
    for node in nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in PROTECTED:
            yield node["Relation Name"]
        name, condition = node.get("Index Name", ""), node.get("Index Cond", "")
        user = "id" if name == "pk_users" else "user_id"
        if name.startswith(INDEXES) and not re.search(rf"\b{user} = ", condition):
            yield name


def nodes(part: Any) -> Iterator[dict[str, Any]]:
    """All parts of a plan."""
    if isinstance(part, list):
        for each in part:
            yield from nodes(each)
    elif isinstance(part, dict):
        if "Node Type" in part:
            yield part
        for name in ("Plan", "Plans"):
            yield from nodes(part.get(name, []))


def is_restricted(plan: Any, user_id: str) -> bool:
    """Whether a plan compares with the member's id, and calls no function to know it."""
    assert ASKS not in json.dumps(plan)
    policy = f"""('{{"{user_id}": []}}'::jsonb)["""
    return any(policy in node.get("Filter", "") for node in nodes(plan))


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
