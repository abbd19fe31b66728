"""Nobody sees or touches another's rows: each of the three walls, alone."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import col, delete, insert, select, update

from neontodo.db.session_guard import OWNER_COLUMNS, WrongUser
from neontodo.models import Change, Key, Member, Task, TaskCreate, TaskUpdate, User
from neontodo.tasks import history, service
from neontodo.tasks.filters import TaskFilter
from neontodo.tasks.queries import changes, counts, tasks, users
from neontodo.tasks.references import parse_refs
from neontodo.tasks.results import Page, Stats
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


OF_ANN: dict[str, Query] = {
    "tasks.page": lambda s: tasks.fetch_page(s, BOB, TaskFilter(completed=None, limit=9)),
    "tasks.matching_any": lambda s: tasks.fetch_matching(s, BOB, [sa.true()]),
    "tasks.by_ids": lambda s: tasks.fetch_by_ids(s, BOB, [uuid.UUID(int=n) for n in range(9)]),
    "tasks.known": lambda s: tasks.fetch_ids_and_numbers(s, BOB, [], [1, 2, 3]),
    "counts.tags": lambda s: counts.count_tags(s, BOB),
    "counts.projects": lambda s: counts.count_projects(s, BOB),
    "counts.fetch_stats": lambda s: counts.fetch_stats(s, BOB, FRIDAY_NOON, UTC),
    "changes.commands": lambda s: changes.fetch_commands(s, BOB, before_seq=None, limit=99),
    "changes.deletions": lambda s: changes.fetch_deletions(s, BOB, [sa.true()]),
    "changes.last_touched": lambda s: changes.fetch_last_touched(s, BOB, "laptop"),
    "users.begin_write": lambda s: users.begin_write(
        s, WriteContext(BOB, "laptop", FRIDAY_NOON), numbers=1, changes=1
    ),
}


@pytest.mark.parametrize("query", OF_ANN.values(), ids=OF_ANN)
def test_asking_for_another_user_in_ones_own_session_answers_nothing(
    store: Store, query: Query
) -> None:
    store.as_(BOB).add("bob's", tags=("t",), project="p")

    found = store.in_session(query)
    assert found.is_empty if isinstance(found, Page | Stats) else not found


@pytest.mark.parametrize("module", [tasks, changes, counts, users], ids=lambda m: m.__name__)
def test_every_query_takes_the_user(module: ModuleType) -> None:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            parameters = inspect.signature(function).parameters
            assert {"user_id", "rows", "context"} & set(parameters), name


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


@pytest.mark.parametrize("statement", FORGOTTEN.values(), ids=FORGOTTEN)
def test_a_forgotten_filter_shows_nothing_of_others(store: Store, statement: Any) -> None:
    store.add("ann's")
    bob = store.as_(BOB)

    async def read(session: AsyncSession) -> Any:
        return (await session.execute(statement)).all()

    try:
        found = bob.in_session(read)
    except WrongUser:
        return
    assert found in ([], [(0,)], [(None,)])


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
