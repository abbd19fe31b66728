"""A database that was shared before an upgrade: everybody goes on, with no more rights than new."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from neontodo.db.schema import HEAD
from tests.harness import Result
from tests.sharing.people import Shared, connection_url, login

RIGHTS = """
    SELECT grantee, table_name, '' AS column_name, privilege_type
    FROM information_schema.table_privileges WHERE table_schema = 'public'
    UNION ALL
    SELECT grantee, table_name, column_name, privilege_type
    FROM information_schema.column_privileges
    WHERE table_schema = 'public' AND privilege_type = 'UPDATE'
    UNION ALL
    SELECT grantee, routine_name, '', privilege_type
    FROM information_schema.routine_privileges WHERE routine_schema = 'public'
"""
NEW = {
    ("dependencies", "", "SELECT"),
    ("dependencies", "", "INSERT"),
    ("views", "", "SELECT"),
    ("views", "", "INSERT"),
    ("views", "filter", "UPDATE"),
    ("views", "sort", "UPDATE"),
}


def rights(shared: Shared) -> set[tuple[str, ...]]:
    """What the members' group and everybody may do with tables, columns and functions."""

    async def ask() -> list[Any]:
        connection = await login(shared.server.url(shared.database))
        found = await connection.fetch(
            f"SELECT * FROM ({RIGHTS}) r WHERE grantee = 'PUBLIC' OR grantee LIKE 'todo\\_m%'"
        )
        await connection.close()
        return list(found)

    return {tuple(row) for row in asyncio.run(ask())}


def test_members_go_on_after_an_upgrade_with_the_rights_of_new_ones(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "Buy milk", "-t", "shop")
    shared.owner.ok("add", "Mine")
    as_new = rights(shared)
    assert {right[1:] for right in as_new if right[1] in ("dependencies", "views")} == NEW

    shared.owner.ok("db", "downgrade", "0002", "--yes")
    for person in (shared.owner, ann):
        assert person("add", "Too early") == Result(
            6,
            "",
            f"error: the store's schema is 0002, this program's is {HEAD}\n"
            "hint: run `todo db upgrade`, or upgrade neontodo\n",
        )
    shared.owner.ok("db", "upgrade")

    assert rights(shared) == as_new
    assert [task["title"] for task in ann.tasks()] == ["Buy milk"]
    ann.ok("add", "Buy bread")
    ann.ok("edit", "1", "--due", "fri")
    ann.ok("done", "1")
    ann.ok("undo")
    ann.ok("rm", "2", "--yes")
    assert [task["title"] for task in shared.owner.tasks()] == ["Mine"]
    shared.owner.ok("db", "check")
    assert plain_sql(connection_url(ann)) == ["work", "x", None]


def plain_sql(url: str) -> list[Any]:
    """What a member's own view and dependency are, and what becomes of them."""

    async def ask() -> list[Any]:
        session: asyncpg.Connection = await login(url)
        await session.execute("INSERT INTO views SELECT id, 'work', '' FROM users")
        await session.execute(
            "INSERT INTO dependencies SELECT user_id, id, user_id::uuid FROM tasks"
        )
        found = [await session.fetchval("SELECT name FROM views")]
        found.append(await session.fetchval("UPDATE views SET filter = 'x' RETURNING filter"))
        await session.execute("SELECT todo_remove_views(id, ARRAY['work']) FROM users")
        await session.execute(
            "SELECT todo_remove_dependencies(user_id, ARRAY[task_id], ARRAY[needs_id])"
            " FROM dependencies"
        )
        found.append(await session.fetchval("SELECT name FROM views"))
        assert await session.fetchval("SELECT count(*) FROM dependencies") == 0
        await session.close()
        return found

    return asyncio.run(ask())
