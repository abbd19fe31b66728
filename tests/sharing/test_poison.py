"""What a member, a lost phone or a script writes by plain SQL costs at most itself."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from neontodo.db import migrations
from neontodo.db.engine import make_engine
from neontodo.db.url import parse_url
from tests.databases import TemplateDatabases
from tests.harness import Result, Todo
from tests.sharing.people import Shared, connection_url, login
from tests.sharing.poison import POISONS, Poison, into_postgres, into_sqlite

GOOD = ("Buy milk", "Write a letter", "Read a book")


def fill(todo: Todo) -> None:
    """Give somebody tasks that have nothing to do with it."""
    todo.ok("add", GOOD[0], "--due", "fri", "-t", "shop", "-P", "home")
    todo.ok("add", GOOD[1], "--description", "text")
    todo.ok("add", GOOD[2])


def tidy(result: Result) -> Result:
    """A result that tells no defect, and no driver's error."""
    for word in ("unexpected", "refused a statement", "cannot reach", "at odds", "Traceback"):
        assert word not in result.err, result.err[-2000:]
    return result


def survey(todo: Todo, folder: Path) -> list[dict[str, Any]]:
    """Go through all commands; the tasks that an export has are answered."""
    shown = tidy(todo.ok("list", "--all", "--json"))
    titles = [task["title"] for task in shown.json]
    assert [title for title in titles if title in GOOD] == [*GOOD]
    for argv in (
        ["list"],
        ["list", "--all", "--sort", "title"],
        ["list", "--all", "--limit", "500"],
        ["search", "a"],
        ["log"],
        ["log", "--json"],
        ["log", "1"],
        ["stats"],
        ["stats", "--json"],
        ["tags"],
        ["projects"],
    ):
        tidy(todo.ok(*argv))
        tidy(todo.ok(*argv, terminal=True, width=200))
    # Nobody has these, so the log of removals is looked through.
    assert tidy(todo("log", "777")).code == 3
    assert tidy(todo("log", "770-779")).code == 3
    assert todo.ok("done", "1").err == f"done 1: {GOOD[0]}\n"
    todo.ok("undone", "1")
    todo.ok("edit", "2", "--tag", "new")
    todo.ok("undo")
    todo.ok("undo")
    todo.ok("redo")
    todo.ok("undone", "1")
    todo.ok("add", "one more")
    todo.ok("rm", "@last", "--yes")
    exported: list[dict[str, Any]] = []
    for format in ("json", "csv", "todotxt", "taskwarrior"):
        file = folder / f"export.{format}"
        result = tidy(todo("export", str(file), "--format", format, "--force"))
        assert result.code == (1 if "cannot be read" in result.err else 0)
        fresh = Todo(folder / f"{format}-{len(list(folder.iterdir()))}")
        imported = tidy(fresh("import", str(file), "--format", format))
        assert imported.code == 0, imported
        if format == "json":
            exported = json.loads(file.read_text())
            numbers = {task["id"]: task["number"] for task in fresh.tasks()}
            expected = (renumbered(tidied(task), numbers[task["id"]]) for task in exported)
            assert sorted(fresh.tasks(), key=by_id) == sorted(expected, key=by_id)
    return exported


def tidied(task: dict[str, Any]) -> dict[str, Any]:
    """A task that can be read, as an import takes it."""
    project = (task["project"] or "").strip() or None
    return {
        **task,
        "title": (title := task["title"].strip()),
        "extra": task["extra"] if title == task["title"] else {"title": task["title"]},
        "description": task["description"] or None,
        "project": project,
        "tags": sorted(set(task["tags"])),
    }


def renumbered(task: dict[str, Any], number: int) -> dict[str, Any]:
    """A task with the number that an import gave it; one far above all others is kept beside it."""
    far = {"number": task["number"]} if task["number"] >= 2**52 else {}
    return {**task, "number": number, "extra": {**(task["extra"] or {}), **far} or task["extra"]}


def by_id(task: dict[str, Any]) -> str:
    return str(task["id"])


def remove_unreadable(todo: Todo) -> None:
    """Get rid of every row that nothing can read."""
    for _ in range(40):
        found = todo.ok("list", "--all", "-q").err.splitlines()
        names = [line.split("`todo rm ")[1].split("`")[0] for line in found if "`todo rm" in line]
        if not names:
            assert not found
            return
        assert f"task {names[0]} cannot be read" in tidy(todo("show", names[0])).err
        assert todo("done", names[0]).code == 1
        assert "which could not be read" in tidy(todo.ok("rm", *names, "--yes")).err
    raise AssertionError(found)


def state(shared: Shared, user_id: str) -> tuple[int, int]:
    """The counters of somebody."""

    async def read() -> tuple[int, int]:
        connection = await login(shared.server.url(shared.database))
        row = await connection.fetchrow(
            "SELECT last_number, last_seq FROM users WHERE id = $1", user_id
        )
        await connection.close()
        return row[0], row[1]

    return asyncio.run(read())


def write(shared: Shared, url: str, user_id: str) -> list[Poison]:
    async def work() -> list[Poison]:
        connection = await login(url)
        try:
            return await into_postgres(connection, user_id, seq=state_seq + 1)
        finally:
            await connection.close()

    state_seq = state(shared, user_id)[1]
    return asyncio.run(work())


def test_there_are_as_many_as_were_tried() -> None:
    assert len(POISONS) >= 98


@pytest.mark.slow
def test_what_a_member_writes_today_is_sound(shared: Shared, tmp_path: Path) -> None:
    ann = shared.member("ann")
    fill(ann)
    ann_id = shared.ids()["ann"]
    # As if the numbers were theirs: otherwise all would be refused for that.
    shared.server.execute(
        "UPDATE users SET last_number = 2000, last_seq = 2000 WHERE email LIKE 'ann%'",
        database=shared.database,
    )
    taken = write(shared, connection_url(ann), ann_id)
    assert {(each.table, each.column) for each in taken} <= {
        ("changes", "before"),
        ("changes", "after"),
        ("changes", "position"),
    }
    assert "cannot be read" not in ann.ok("list", "--all").err
    before = survey(ann, tmp_path)
    remove(shared, len(before), 0)
    assert_comes_over(shared, before, tmp_path)


def downgraded(shared: Shared) -> None:
    """Take a shared database back to the first schema, members and all."""
    hidden = "UPDATE members SET removed_at = {} WHERE removed_at {} NULL"
    shared.server.execute(hidden.format("now()", "IS"), database=shared.database)
    migrated(shared, "downgrade", revision="0001")
    shared.server.execute(hidden.format("NULL", "IS NOT"), database=shared.database)


def migrated(shared: Shared, way: migrations.Direction, revision: str = "head") -> None:
    async def run() -> None:
        url = shared.owner.env["TODO_DATABASE_URL"]
        engine = make_engine(parse_url(url), for_migration=True)
        async with engine.begin() as connection:
            await connection.run_sync(partial(migrations.migrate, direction=way, revision=revision))
        await engine.dispose()

    asyncio.run(run())


@pytest.mark.slow
def test_what_was_there_before_the_upgrade_costs_itself(shared: Shared, tmp_path: Path) -> None:
    ann = shared.member("ann")
    fill(ann)
    ann_id = shared.ids()["ann"]
    downgraded(shared)
    taken = write(shared, shared.server.url(shared.database), ann_id)
    assert len(taken) >= 98
    shared.owner.ok("db", "upgrade")
    before = survey(ann, tmp_path)
    doctor = tidy(shared.owner("doctor"))
    assert "tasks: " in next(line for line in doctor.out.splitlines() if line.startswith("rows"))
    bad = unsound(shared)
    remove(shared, len(GOOD) + sum(p.table == "tasks" for p in taken) - bad, bad)
    assert_comes_over(shared, before, tmp_path)


@pytest.mark.slow
def test_unreadable_rows_can_be_removed(shared: Shared) -> None:
    ann = shared.member("ann")
    fill(ann)
    ann_id = shared.ids()["ann"]
    downgraded(shared)
    write(shared, shared.server.url(shared.database), ann_id)
    shared.owner.ok("db", "upgrade")
    remove_unreadable(ann)
    assert [task["title"] for task in ann.tasks()][:3] == [*GOOD]


def unsound(shared: Shared) -> int:
    """How many tasks break a check."""

    async def count() -> int:
        connection = await login(shared.server.url(shared.database))
        rules = await connection.fetch(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
            " WHERE contype = 'c' AND conrelid = 'tasks'::regclass"
        )
        condition = " AND ".join(f"(({rule[0]}) IS NOT FALSE)" for rule in rules)
        number = await connection.fetchval(f"SELECT count(*) FROM tasks WHERE NOT ({condition})")
        await connection.close()
        return int(number)

    return asyncio.run(count())


def remove(shared: Shared, moved: int, left: int) -> None:
    """Take Ann's access away, and have the owner take her tasks."""
    me = shared.owner.ok("whoami", "--json").json["user"]
    shared.owner.ok("add", "the owner's own")
    result = tidy(
        shared.owner.ok("member", "remove", "ann@example.com", "--transfer-to", me, "--yes")
    )
    assert f"tasks: {moved} given to" in result.err
    assert ("valid task" in result.err) is bool(left)


def assert_comes_over(shared: Shared, before: list[dict[str, Any]], folder: Path) -> None:
    owner = shared.owner
    for argv in (["list"], ["log"], ["show", "2"], ["stats"], ["tags"]):
        assert "cannot be read" not in tidy(owner.ok(*argv)).err
    there = {task["id"]: task for task in before}
    received = [task for task in owner.tasks() if task["title"] != "the owner's own"]
    assert {task["title"] for task in received} >= {*GOOD}
    for task in received:
        assert {**there[task["id"]], "number": task["number"]} == task
    file = folder / "owner.json"
    owner.ok("export", str(file))
    fresh = Todo(folder / "fresh")
    fresh.ok("import", str(file))
    assert fresh.tasks() == owner.tasks()


def test_an_sqlite_store_moves_to_a_database(
    local: Todo, tmp_path: Path, templates: TemplateDatabases
) -> None:
    spoil(local)
    with templates.cloned() as url:
        result = tidy(local.ok("connect", url, "--move"))
        assert "rows that cannot be read were not moved: " in result.err
        assert "cannot be read" not in tidy(local.ok("list", "--all")).err
        assert [task["title"] for task in local.tasks()][:3] == [*GOOD]


@pytest.mark.slow
def test_an_sqlite_store_is_read_whatever_is_in_it(local: Todo, tmp_path: Path) -> None:
    spoil(local)
    survey(local, tmp_path)
    remove_unreadable(local)
    assert [task["title"] for task in local.tasks()][:3] == [*GOOD]


def spoil(local: Todo) -> None:
    """Fill an embedded store with poison beside its tasks."""
    fill(local)
    path = local.home / "tasks.db"
    with sqlite3.connect(path) as connection:
        user_id, seq = connection.execute("SELECT id, last_seq FROM users").fetchone()
    connection.close()
    taken = into_sqlite(path, user_id, seq + 1)
    assert len(taken) >= 98
    counters = "UPDATE users SET last_number = 5000, last_seq = 5000"
    with sqlite3.connect(path) as connection:
        connection.execute(counters)
    connection.close()


LARGE = """
INSERT INTO tasks (user_id, id, number, title, completed, priority, tags, search_text, extra,
                   created_at, updated_at)
SELECT '{user}', gen_random_uuid(), 2000 + n, 'large', false, 0,
    CASE WHEN n <= 10 THEN ' ' || repeat('tag ', 2000000) ELSE '' END,
    CASE WHEN n > 10 THEN repeat('text ', 4000000) ELSE 'x' END,
    CASE WHEN n > 40 THEN json_build_object('n', repeat('x', 20000000)) END, now(), now()
FROM generate_series(1, 50) AS n
"""


def memory(todo: Todo, *argv: str, code: int = 0) -> int:
    """The megabytes that a command takes in a process of its own."""
    command = [sys.executable, "-m", "neontodo", *argv]
    with (todo.home / "said").open("w+") as said:
        process = subprocess.Popen(command, env=todo.environment, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        tidy(Result(process.returncode, "", said.read()))
    assert process.returncode == code, (process.returncode, argv)
    return used.ru_maxrss >> 10


@pytest.mark.slow
def test_large_rows_stay_in_the_database(shared: Shared) -> None:
    ann = shared.member("ann")
    fill(ann)
    before, ann_id = memory(ann, "list"), shared.ids()["ann"]
    downgraded(shared)
    shared.server.execute(
        "UPDATE users SET last_number = 3000",
        LARGE.format(user=ann_id),
        database=shared.database,
    )
    shared.owner.ok("db", "upgrade")
    file = str(ann.home / "tasks.json")
    for code, *argv in (
        (0, "list", "--all"),
        (1, "export", file, "--force"),
        (0, "rm", "2001-2050", "--dry-run"),
    ):
        assert memory(ann, *argv, code=code) < before + 40, argv
    me = shared.owner.ok("whoami", "--json").json["user"]
    removal = ("member", "remove", "ann@example.com", "--transfer-to", me, "--yes")
    assert memory(shared.owner, *removal) < before + 40
    assert [task["title"] for task in shared.owner.tasks()] == [*GOOD]
