"""Nobody sees or touches another's rows: each of the three walls, alone."""

from __future__ import annotations

import inspect
import itertools
import pkgutil
import uuid
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC
from functools import partial
from importlib import import_module
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import col, delete, insert, select, update

from neontodo.accounts import queries as accounts
from neontodo.db.session_guard import OWNER_COLUMNS, WrongUser
from neontodo.models import (
    HISTORY,
    Change,
    Dependency,
    Key,
    Member,
    Task,
    TaskCreate,
    TaskUpdate,
    User,
)
from neontodo.tasks import history, queries, service
from neontodo.tasks.filters import TaskFilter
from neontodo.tasks.queries import changes, counts, tasks, users, views
from neontodo.tasks.queries.changes import LogFilter
from neontodo.tasks.references import parse_refs
from neontodo.tasks.results import SavedView
from neontodo.tasks.service import Edit
from neontodo.tasks.unit_of_work import WriteContext
from tests.contract.conftest import ANN, BOB, Store
from tests.databases import TemplateDatabases
from tests.harness import FRIDAY_NOON

Query = Callable[[AsyncSession], Awaitable[Any]]


@pytest.fixture
def bob(store: Store) -> Store:
    """Bob, who has a task of his own beside Ann's three, whose log is longer."""
    store.add("ann's secret", tags=("private",), project="hers", due=FRIDAY_NOON)
    store.add("another", "and another")
    store.write(service.complete, parse_refs(["2"]), True)
    store.write(service.remove, parse_refs(["3"]))
    bob = store.as_(BOB)
    bob.add("bob's")
    return bob


def anns(store: Store) -> list[Any]:
    return [*store.as_(ANN).tasks(), *store.as_(ANN).read(changes.fetch_log)]


def test_sessions_know_the_owner_of_every_table_that_has_one() -> None:
    tables = {mapper.class_: mapper.columns for mapper in sa.inspect(User).registry.mappers}
    owned = {table for table, columns in tables.items() if "user_id" in columns}
    # Whose login role is whose is the owner's business alone, and no session's.
    assert owned - {Member} == OWNER_COLUMNS.keys() - {User}


def test_lists_and_counts_show_only_ones_own(bob: Store) -> None:
    assert bob.titles() == ["bob's"]
    assert bob.titles(words=("secret",)) == []
    assert bob.read(counts.count_tags) == []
    assert bob.read(counts.count_projects) == []
    assert bob.read(counts.fetch_names_in_use) == {"project": set(), "tags": set()}
    found = bob.read(counts.fetch_stats, FRIDAY_NOON, UTC)
    assert (found.pending, found.overdue, found.due_today, found.done) == (1, 0, 0, 0)
    assert [entry.title for entry in bob.read(changes.fetch_log)] == ["bob's"]


def test_changes_touch_only_ones_own(bob: Store) -> None:
    before = anns(bob)
    bob.write(service.edit, parse_refs(["1"]), Edit(TaskUpdate(title="bob's own")))
    bob.write(service.complete, parse_refs(["1"]), True)
    bob.write(service.remove, parse_refs(["1"]))
    for _ in range(4):
        bob.write(history.undo, any_machine=True)

    assert anns(bob) == before


def test_two_users_may_have_a_task_of_the_same_id(bob: Store) -> None:
    theirs = bob.as_(ANN).tasks()[0].id
    bob.write(service.add, [TaskCreate(title="mine", id=theirs)])

    assert bob.titles() == ["bob's", "mine"]
    assert bob.as_(ANN).tasks()[0].title == "ann's secret"


def test_a_user_who_is_renamed_keeps_every_row(twins: Store) -> None:
    needed = {"user_id": ANN, "task_id": IDS[0], "needs_id": IDS[1]}
    twins.in_session(lambda s: users.insert_rows(s, Dependency, [needed]))
    renamed = twins.as_("new")

    def count(person: Store) -> list[int]:
        return [
            sum(map(len, person.in_session(partial(answer_rows, person.user, model))))
            for model in HISTORY
        ]

    async def rename() -> None:
        async with twins.database.connect() as connection:
            await accounts.rename_user(connection, ANN, "new")

    before = count(twins)
    twins.runner.run(rename())

    assert count(renamed) == before
    assert all(before)
    assert count(twins) == [0] * len(before)


async def answer_rows(user_id: str, model: Any, session: AsyncSession) -> list[Any]:
    return [rows async for rows in users.stream_rows(session, user_id, model)]


@pytest.fixture
def twins(store: Store) -> Store:
    """Ann and Bob with the same tasks, ids, commands and counters; Cy never had a task."""
    for person in (store, store.as_(BOB)):
        commands = (WriteContext(person.user, "laptop", FRIDAY_NOON, each) for each in COMMANDS)
        first = TaskCreate(title="t1", id=IDS[0], tags=("t",), project="p", due=FRIDAY_NOON)
        others = [TaskCreate(title="t2", id=IDS[1]), TaskCreate(title="t3", id=IDS[2])]
        person.apply(next(commands), service.add, [first, *others])
        person.apply(next(commands), service.complete, parse_refs(["2"]), True)
        person.apply(next(commands), service.remove, parse_refs(["3"]))
        person.apply(next(commands), history.undo)
        person.in_session(partial(views.insert_views, user_id=person.user, views=[HOME]))
    store.runner.run(_add_user(store, CY))
    return store


async def _add_user(store: Store, user_id: str) -> None:
    user = User(id=user_id, created_at=FRIDAY_NOON, updated_at=FRIDAY_NOON)
    async with store.database.connect() as connection:
        await connection.execute(sa.insert(User), [user.model_dump()])


IDS = [uuid.UUID(int=n) for n in range(1, 4)]
COMMANDS = [uuid.UUID(int=n) for n in range(11, 15)]
FIRST = {"id": IDS[0], "number": 1}
HOME = SavedView("home", "+home", None)
CY, NOBODY = "cy", "nobody"
UNUSED = itertools.count(9)


def given(*args: Any, **options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Note what a query is called with, besides the session and the user."""
    return args, options


READS = {
    tasks.fetch_page: given(TaskFilter(limit=9)),
    tasks.stream_tasks: given(TaskFilter()),
    tasks.fetch_in_spans: given(numbers=[(1, 9)], ids=[(IDS[0], IDS[2])]),
    tasks.fetch_numbers_starting: given("1", completed=None, limit=9),
    tasks.fetch_by_ids: given(IDS),
    tasks.count_tasks: given(),
    tasks.fetch_matching: given(TaskFilter()),
    tasks.fetch_valid_tasks: given(after=0, limit=9),
    tasks.fetch_ids_and_numbers: given(IDS, [1]),
    counts.count_tags: given(),
    counts.count_projects: given(),
    counts.fetch_names_in_use: given(),
    counts.fetch_stats: given(FRIDAY_NOON, UTC),
    changes.fetch_last_touched: given("laptop"),
    changes.fetch_commands: given(before_seq=None, limit=9),
    changes.fetch_command_changes: given(COMMANDS[0], limit=9),
    changes.fetch_command_spans: given(LogFilter(command="undo"), limit=9),
    changes.fetch_reverts_since: given(0),
    changes.fetch_log: given(),
    changes.fetch_newest_changes: given(IDS),
    changes.fetch_reverted_commands: given(COMMANDS),
    changes.fetch_first_creations: given(IDS),
    changes.may_delete_changes: given(),
    changes.fetch_deletions: given(numbers=[(1, 9)], ids=[(IDS[0], IDS[2])]),
    views.fetch_views: given(),
    users.require_user: given(),
    users.stream_rows: given(Task),
    users.fetch_email_and_name: given(),
    users.fetch_counters: given(),
    accounts.fetch_public_key: given("laptop"),
    accounts.fetch_keys: given(),
    accounts.fetch_signer: given("laptop"),
}
WRITES: dict[Any, Callable[..., Any]] = {
    users.begin_write: lambda s, user: users.begin_write(
        s, WriteContext(user, "laptop", FRIDAY_NOON), numbers=1, changes=1
    ),
    users.set_counters: lambda s, user: users.set_counters(s, user, 99, 99),
    users.set_first_counters: lambda s, user: users.set_first_counters(s, user, 99, 99),
    tasks.delete_tasks: lambda s, user: tasks.delete_tasks(
        s, user, [Task(**new_row(Task, user) | FIRST)]
    ),
    views.update_view: lambda s, user: views.update_view(s, user, SavedView("home", "+new", None)),
    views.delete_views: lambda s, user: views.delete_views(s, user, ["home"]),
    accounts.revoke_key: lambda s, user: accounts.revoke_key(s, user, "laptop", FRIDAY_NOON),
}
ROWS: dict[Any, Callable[..., Any]] = {
    tasks.update_tasks: lambda s, user: tasks.update_tasks(
        s, [{"user_id": user, "id": IDS[1], "title": "changed"}]
    ),
    users.insert_rows: lambda s, user: users.insert_rows(s, Task, [new_row(Task, user)]),
    views.insert_views: lambda s, user: views.insert_views(s, user, [SavedView("new", "", None)]),
    accounts.add_key: lambda s, user: accounts.add_key(s, new_row(Key, user) | {"id": "phone"}),
}

REMOVALS: dict[Any, Callable[..., Any]] = {
    users.delete_history: lambda s, user: users.delete_history(s, user),
}
"""Writes that leave nothing for others to change."""


def new_row(table: Any, user: str) -> dict[str, Any]:
    """Return the columns of a row that no user has yet."""
    values: dict[str, Any] = dict.fromkeys(("id", "task_id", "command_id"), uuid.uuid4())
    values |= dict.fromkeys(("number", "seq"), next(UNUSED))
    values |= {"title": "new", "search_text": "new", "completed": False, "priority": 0, "tags": ()}
    values |= {"position": 0, "key_id": "laptop", "kind": "create"}
    values |= {"public_key": "-", "label": "new"}
    values |= dict.fromkeys(("created_at", "updated_at", "at"), FRIDAY_NOON)
    return {name: values.get(name) for name in table.model_fields} | {"user_id": user}


def query_functions() -> set[Any]:
    """Return every function that runs a statement in a session of a user's.

    What accounts.queries does on a connection is the owner's business.
    """
    names = [found.name for found in pkgutil.iter_modules(queries.__path__)]
    modules = [import_module(f"{queries.__name__}.{name}") for name in names]
    return {
        function
        for module in (*modules, accounts)
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not function.__name__.startswith("_")
        and _runs_statement(function, "session", *(["connection"] if module in modules else []))
    }


def _runs_statement(function: Any, *through: str) -> bool:
    # What only writes a part of one asks the session which engine it is for.
    runs = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    return runs and any(name in inspect.signature(function).parameters for name in through)


def name(function: Any) -> str:
    """Return how a test's id and its failure call a function: `tasks.fetch_page`."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def test_every_query_is_tried_for_another_user() -> None:
    tried = READS.keys() | WRITES.keys() | ROWS.keys() | REMOVALS.keys()
    assert {name(each) for each in tried} == {name(each) for each in query_functions()}


async def answer(found: Any) -> Any:
    """Return what a query answers, or that it does not know the user."""
    try:
        return [row async for row in found] if inspect.isasyncgen(found) else await found
    except users.UnknownUser:
        return "no such user"


def test_asking_for_another_user_answers_as_if_there_were_none(twins: Store) -> None:
    on_postgres = twins.database.target.engine == "postgresql"

    def ask(query: Any, asking: str, asked: str) -> str:
        args, options = READS[query]
        return repr(
            twins.as_(asking).in_session(lambda s: answer(query(s, asked, *args, **options)))
        )

    for query in READS.keys() - (set() if on_postgres else {tasks.fetch_valid_tasks}):
        nothing = ask(query, NOBODY, NOBODY)
        # A query that forgot the user would find the rows of the one who asks, and a session that
        # showed everything those of the one who is asked for: each wall is tried alone.
        assert ask(query, ANN, BOB) == nothing, name(query)
        assert ask(query, ANN, ANN) != nothing, name(query)
        assert ask(query, BOB, BOB) != nothing, name(query)


def test_writing_for_another_user_changes_nothing(twins: Store) -> None:
    for query, write in (WRITES | ROWS | REMOVALS).items():
        written = CY if query is users.set_first_counters else BOB
        before = everything(twins)
        with pytest.raises(WrongUser) if query in ROWS else nullcontext():
            twins.as_(ANN).in_session(partial(write, user=written))
        assert everything(twins) == before, name(query)

        twins.as_(written).in_session(partial(write, user=written))
        assert everything(twins) != before, name(query)


def everything(store: Store) -> list[list[str]]:
    """Return all rows of all users."""

    async def read() -> list[list[str]]:
        async with store.database.connect() as connection:
            found = [await connection.execute(sa.select(each.__table__)) for each in OWNER_COLUMNS]
            return [sorted(map(repr, rows.all())) for rows in found]

    return store.runner.run(read())


FORGOTTEN: dict[str, Any] = {
    "select": select(Task),
    "select-columns": select(Task.title),
    "count": select(sa.func.count()).select_from(Task),
    "alias": select(sa.orm.aliased(Task)),
    "subquery": select(sa.func.max(select(col(Task.number)).subquery().c.number)),
    "scalar-subquery": select(User.id).where(
        col(User.id) == BOB, sa.exists(select(Task.id).where(col(Task.user_id) == ANN))
    ),
    "join": select(Change.seq, Task.title).join(Task, col(Task.id) == Change.task_id),
    "users": select(User.id).where(col(User.id) == ANN),
    "keys": select(Key.public_key).where(col(Key.user_id) == ANN),
    "union": select(Task.title).union_all(select(Task.title)),
}


EMPTY = {"count": [(0,)], "subquery": [(None,)]}


@pytest.mark.parametrize("kind", FORGOTTEN)
def test_a_forgotten_filter_shows_nothing_of_others(store: Store, kind: str) -> None:
    store.add("ann's")
    bob = store.as_(BOB)

    async def read(session: AsyncSession) -> Any:
        return (await session.execute(FORGOTTEN[kind])).all()

    assert bob.in_session(read) == EMPTY.get(kind, [])


@pytest.mark.parametrize(
    "statement",
    [
        update(Task).values(title="seized"),
        update(Task).where(col(Task.user_id) == ANN).values(user_id=BOB),
        update(User).where(col(User.id) == ANN).values(last_number=99),
        delete(Task),
        delete(Change).where(col(Change.user_id) == ANN),
    ],
    ids=["update", "move", "counters", "delete", "delete-log"],
)
def test_a_forgotten_filter_changes_nothing_of_others(store: Store, statement: Any) -> None:
    store.add("ann's")
    before = anns(store)

    async def write(session: AsyncSession) -> None:
        await session.execute(statement.execution_options(synchronize_session=False))

    store.as_(BOB).in_session(write)
    assert anns(store) == before
    assert store.add("next")[0].number == 2


ROW = {"user_id": ANN, "id": uuid.UUID(int=1), "title": "x"}
REFUSED: dict[str, Query] = {
    "insert": lambda s: s.execute(insert(Task), [ROW]),
    "insert-second-row": lambda s: s.execute(insert(Task), [ROW | {"user_id": BOB}, ROW]),
    "insert-values": lambda s: s.execute(insert(Task).values(**ROW)),
    "bulk-update": lambda s: s.execute(update(Task), [ROW]),
    "text": lambda s: s.execute(sa.text("SELECT * FROM tasks")),
    "core-select": lambda s: s.execute(sa.select(Task.metadata.tables["tasks"])),
    "core-delete": lambda s: s.execute(sa.delete(Task.metadata.tables["tasks"])),
    "members": lambda s: s.execute(sa.select(Task.metadata.tables["members"])),
    "connection": lambda s: s.connection(),
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_what_does_not_carry_the_user_is_refused(store: Store, statement: Query) -> None:
    with pytest.raises(WrongUser):
        store.as_(BOB).in_session(statement)


def test_flushing_objects_is_refused(store: Store) -> None:
    async def flush(session: AsyncSession) -> None:
        session.add(User(id=BOB, created_at=FRIDAY_NOON, updated_at=FRIDAY_NOON))
        await session.flush()

    with pytest.raises(WrongUser):
        store.as_(BOB).in_session(flush)


def test_on_postgres_a_login_role_sees_only_its_users_rows(templates: TemplateDatabases) -> None:
    import asyncio

    with templates.cloned() as url:
        assert asyncio.run(_seen_by_member(url)) == {
            "users": ["ann"],
            "tasks": ["ann's"],
            "moved": "refused",
            "members": "refused",
        }


async def _seen_by_member(url: str) -> dict[str, Any]:
    """What a role that is mapped to Ann gets to see of Ann's and Bob's rows."""
    owner = create_async_engine(url.replace("postgresql", "postgresql+asyncpg"))
    role = f"member_{uuid.uuid4().hex}"
    seen: dict[str, Any] = {}
    async with owner.connect() as connection:
        transaction = await connection.begin()
        for statement in (
            f"CREATE ROLE {role}",
            f"GRANT SELECT, INSERT, UPDATE ON users, tasks TO {role}",
            "INSERT INTO users VALUES ('ann',null,null,0,0,now(),now()),"
            " ('bob',null,null,0,0,now(),now())",
            "INSERT INTO tasks SELECT id, gen_random_uuid(), 1, id || '''s', null, false, null,"
            " null, null, 0, null, '', '', null, now(), now() FROM users",
            f"INSERT INTO members VALUES ('{role}', 'ann', 'laptop', now())",
            f"SET SESSION AUTHORIZATION {role}",
        ):
            await connection.exec_driver_sql(statement)
        for name, statement in (
            ("users", "SELECT id FROM users"),
            ("tasks", "SELECT title FROM tasks"),
            ("moved", "UPDATE tasks SET user_id = 'bob'"),
            ("members", "SELECT * FROM members"),
        ):
            try:
                async with connection.begin_nested():
                    found = await connection.exec_driver_sql(statement)
                    seen[name] = [row[0] for row in found] if found.returns_rows else "done"
            except sa.exc.DBAPIError:
                seen[name] = "refused"
        await transaction.rollback()
    await owner.dispose()
    return seen
