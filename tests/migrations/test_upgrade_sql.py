"""`todo db upgrade --sql`: run by somebody else, it makes what `todo db upgrade` makes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from neontodo.db.schema import HEAD
from tests.databases import Postgres
from tests.harness import Result, Todo

CATALOGUE = (
    "SELECT relname, relkind, relrowsecurity, relforcerowsecurity, CAST(relacl AS text)"
    " FROM pg_class WHERE relnamespace = CAST('public' AS regnamespace)",
    "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, attstattarget"
    " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
    " WHERE relnamespace = CAST('public' AS regnamespace) AND attnum > 0 AND NOT attisdropped",
    "SELECT conname, CAST(CAST(conrelid AS regclass) AS text), pg_get_constraintdef(oid)"
    ", convalidated FROM pg_constraint WHERE connamespace = CAST('public' AS regnamespace)",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT pg_get_functiondef(oid), CAST(proacl AS text) FROM pg_proc"
    " WHERE pronamespace = CAST('public' AS regnamespace)",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT CAST(pg_policies AS text) FROM pg_policies",
    "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public'",
    "SELECT version_num FROM todo_version",
    "SELECT id, name, last_number, last_seq FROM users",
)
"""Everything that a migration makes or changes, and what of the planner's statistics is left."""

ROWS_OF_BEFORE = """
INSERT INTO users (id, name, last_number, last_seq, created_at, updated_at)
VALUES ('ann', 'Ann', 0, 7, now(), now());
INSERT INTO tasks (user_id, id, number, title, completed, priority, tags, search_text, created_at,
    updated_at)
VALUES ('ann', gen_random_uuid(), 3, ' not stripped', false, 0, '', 'not stripped', now(), now());
ANALYZE;
"""
"""What plain SQL wrote into 0001: a counter that is behind, and a title that breaks a check."""


async def run_sql(url: str, script: str) -> None:
    connection = await asyncpg.connect(url, ssl=False)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def read_catalogue(url: str) -> list[list[Any]]:
    connection = await asyncpg.connect(url, ssl=False)
    found = [sorted(map(repr, await connection.fetch(query))) for query in CATALOGUE]
    await connection.close()
    return found


class Base(Todo):
    """A person with a database of their own that has no tables yet."""

    @property
    def url(self) -> str:
        return self.env["TODO_DATABASE_URL"]

    def run(self, script: str) -> None:
        asyncio.run(run_sql(self.url, script))

    def catalogue(self) -> list[list[Any]]:
        return asyncio.run(read_catalogue(self.url))


@pytest.fixture
def people(postgres_server: Postgres, tmp_path: Path) -> Iterator[list[Base]]:
    """Two people, each with an empty database."""
    with postgres_server.database() as one, postgres_server.database() as other:
        yield [
            Base(tmp_path / name, {"TODO_DATABASE_URL": postgres_server.url(name)})
            for name in (one, other)
        ]


def test_the_sql_for_an_empty_database_makes_the_same_schema(people: list[Base]) -> None:
    usual, by_sql = people
    usual.ok("db", "upgrade")
    usual.run("DELETE FROM keys; DELETE FROM users")

    printed = by_sql("db", "upgrade", "--sql")
    assert (printed.code, printed.err) == (0, "")
    assert by_sql.ok("db", "current").out == ""
    by_sql.run(printed.out)

    assert by_sql.catalogue() == usual.catalogue()
    by_sql.ok("db", "check")


def test_the_first_user_comes_after_the_sql(people: list[Base]) -> None:
    person = people[0]
    person.run(person.ok("db", "upgrade", "--sql").out)
    assert person("add", "Buy milk").code == 4
    assert person("db", "upgrade") == Result(0, "", f"the schema is already at {HEAD}\n")
    assert person.ok("add", "Buy milk").err == "added 1: Buy milk\n"


def test_the_sql_for_an_older_schema_makes_the_same_schema(people: list[Base]) -> None:
    usual, by_sql = people
    for person in people:
        person.ok("db", "upgrade", "--revision", "0001")
        person.run(ROWS_OF_BEFORE)
    usual.ok("db", "upgrade")

    printed = by_sql.ok("db", "upgrade", "--sql")
    left = "-- What imports have kept in `extra` stays there: only `todo db upgrade` moves it."
    assert printed.out.count(left) == 1
    assert by_sql.ok("db", "current").out == "0001\n"
    by_sql.run(printed.out)

    found = by_sql.catalogue()
    assert found == usual.catalogue()
    assert [row.split("'")[1] for row in found[2] if "convalidated=False" in row] == [
        "ck_tasks_title_stripped"
    ]
    assert found[-1] == ["<Record id='ann' name='Ann' last_number=3 last_seq=7>"]


def test_the_sql_fits_the_version_that_it_was_printed_for(people: list[Base]) -> None:
    person = people[0]
    script = person.ok("db", "upgrade", "--sql").out
    person.run(script)
    before = person.catalogue()
    with pytest.raises(asyncpg.PostgresError):
        person.run(script)
    assert person.catalogue() == before


def test_the_sql_ends_at_a_wanted_revision(people: list[Base]) -> None:
    person = people[0]
    person.run(person.ok("db", "upgrade", "--sql", "--revision", "0001").out)
    assert person.ok("db", "current").out == "0001\n"


def test_there_is_no_sql_for_a_schema_that_is_there(people: list[Base]) -> None:
    person = people[0]
    person.ok("db", "upgrade")
    only_a_comment = f"-- Nothing to do: the schema is at {HEAD}.\n"
    assert person("db", "upgrade", "--sql") == Result(0, only_a_comment, "")


def test_there_is_no_sql_for_tables_of_another_program(people: list[Base]) -> None:
    person = people[0]
    person.run("CREATE TABLE tasks (id integer)")
    refused = person("db", "upgrade", "--sql")
    assert (refused.code, refused.out) == (1, "")
    assert "tables of another program: tasks" in refused.err


def test_an_embedded_store_upgrades_itself(local: Todo) -> None:
    assert local("db", "upgrade", "--sql") == Result(
        2, "", "error: `--sql` is for Postgres: an embedded store upgrades itself\n"
    )
