"""Members who hold up everybody without a right to, and an owner who does not wait for them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.databases import Postgres
from tests.harness import Result
from tests.sharing.conftest import databases_on
from tests.sharing.people import OWNER, PASSWORD, Shared, connection_url, login
from tests.sharing.worlds import MEMBER_ID, migrate_to, share_as_0001_did

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@asynccontextmanager
async def queueing(url: str, table: str) -> AsyncIterator[None]:
    """Hold a table open, and let another session wait for it; neither needs a right to lock it.

    Functions that look a member up have `members` open, which they may not read themselves.
    """
    opening = "SELECT todo_current_user()" if table == "members" else f"SELECT 1 FROM {table}"
    holder, waiter = await login(url), await login(url)
    await holder.execute(f"BEGIN; {opening}")
    rule = f"CREATE RULE r AS ON INSERT TO {table} DO NOTHING"
    waiting = asyncio.create_task(waiter.execute(rule))
    while not await holder.fetchval(WAITING):
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        holder.terminate()
        waiter.terminate()
        await asyncio.gather(waiting, return_exceptions=True)


@pytest.mark.parametrize(
    "table",
    [
        "tasks",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("users", "members", "todo_version")),
    ],
)
def test_who_is_removed_cannot_hold_that_up(shared: Shared, table: str) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")

    async def remove() -> Result:
        async with queueing(connection_url(ann), table):
            argv = ("member", "remove", "ann@example.com", "--yes")
            return await asyncio.to_thread(shared.owner, *argv)

    result = asyncio.run(remove())
    assert (result.code, result.err.splitlines()[-1]) == (
        0,
        "removed ann@example.com; tasks: 1 kept",
    )
    # What only holds `tasks` up is ended by the removal itself.
    assert table == "tasks" or "notice: ending sessions of todo_m_" in result.err
    shared.owner.ok("add", "mine")


def test_a_member_cannot_keep_others_from_being_invited(shared: Shared) -> None:
    ann = shared.member("ann")

    async def add() -> Result:
        async with queueing(connection_url(ann), "users"):
            return await asyncio.to_thread(shared.owner, "member", "add", "bob@example.com")

    result = asyncio.run(add())
    assert result.code == 0
    assert result.out.startswith("todo-invite:")


def test_who_has_joined_holds_no_lock_by_accepting_again(shared: Shared) -> None:
    ann = shared.member("ann")

    async def modes() -> set[str]:
        connection = await login(connection_url(ann))
        await connection.execute("BEGIN; SELECT todo_accept_invitation()")
        found = await connection.fetch(
            "SELECT mode FROM pg_locks WHERE relation = 'members'::regclass"
        )
        await connection.close()
        return {row[0] for row in found}

    assert asyncio.run(modes()) == {"AccessShareLock"}


@pytest.fixture
def earlier(sharing_server: Postgres, tmp_path: Path) -> tuple[Shared, str]:
    """A shared database of version 0001, and a member's URL."""
    databases_on(sharing_server)  # makes the owner's role
    name = f"shared_{secrets.token_hex(4)}"
    sharing_server.create_database(name)
    sharing_server.execute(f'ALTER DATABASE "{name}" OWNER TO {OWNER}')
    asyncio.run(migrate_to(sharing_server.url(name, OWNER, PASSWORD), "0001"))
    shared = Shared(sharing_server, name, tmp_path)
    return shared, asyncio.run(share_as_0001_did(shared))


def test_a_member_cannot_hold_an_upgrade_up(earlier: tuple[Shared, str]) -> None:
    shared, url = earlier

    async def upgrade() -> Result:
        async with queueing(url, "tasks"):
            return await asyncio.to_thread(shared.owner, "db", "upgrade")

    result = asyncio.run(upgrade())
    assert result.code == 0, result
    assert "notice: ending sessions of todo_m_" in result.err
    shared.owner.ok("db", "check")


@pytest.mark.slow
@pytest.mark.parametrize("column", ["tags", "project", "search_text"])
def test_a_text_that_is_too_large_to_be_looked_at_does_not_hold_an_upgrade_up(
    earlier: tuple[Shared, str], column: str
) -> None:
    """In characters: `btrim` takes 128 million, and twenty times 110 million is no integer."""
    shared, url = earlier
    texts = {"tags": "''", "project": "NULL", "search_text": "''"}
    texts[column] = "repeat('x', 140000000)"

    async def write() -> None:
        connection: asyncpg.Connection = await login(url)
        await connection.execute(
            "INSERT INTO tasks (user_id, id, number, title, completed, priority, created_at,"
            f" updated_at, {', '.join(texts)}) VALUES ('{MEMBER_ID}', gen_random_uuid(), 1001, 't',"
            f" false, 0, now(), now(), {', '.join(texts.values())})"
        )
        await connection.close()

    asyncio.run(write())
    assert shared.owner("db", "upgrade").code == 0
    shared.owner.ok("db", "check")
