"""Migrations: up, down and up again on filled tables, equal to the models, with one head."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from neontodo.db import migrations
from neontodo.db.engine import make_engine
from neontodo.db.migrations import find_scripts
from neontodo.db.schema import HEAD, find_schema
from neontodo.db.url import parse_url
from neontodo.models import Task
from tests.databases import TemplateDatabases
from tests.harness import Todo

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection"),
    pytest.mark.filterwarnings("ignore:autogenerate skipping"),
]


def on(todo: Todo, work: Callable[[sa.Connection], Any]) -> Any:
    """Run work on a bare connection to a person's store."""

    async def run() -> Any:
        engine = make_engine(parse_url(todo.env["TODO_DATABASE_URL"]), for_migration=True)
        async with engine.execution_options(writes=True).begin() as connection:
            answer = await connection.run_sync(work)
        await engine.dispose()
        return answer

    return asyncio.run(run())


def revisions() -> list[str]:
    scripts = ScriptDirectory(str(find_scripts()))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def indexes(connection: sa.Connection, table: str) -> list[str]:
    """Names of the indexes, those on expressions too, which SQLAlchemy passes over on SQLite."""
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE tablename = :table",
    }[connection.dialect.name]
    return list(connection.scalars(sa.text(catalogue), {"table": table}))


def schema(connection: sa.Connection) -> dict[str, list[str]]:
    found = sa.inspect(connection)
    return {
        table: sorted(
            [f"{c['name']} {c['type']} {c['nullable']}" for c in found.get_columns(table)]
            + indexes(connection, table)
            + [str(c["name"]) for c in found.get_check_constraints(table)]
            + [str(c["name"]) for c in found.get_foreign_keys(table)]
        )
        for table in found.get_table_names()
    }


def test_the_program_knows_its_newest_revision() -> None:
    assert revisions()[-1] == HEAD


def test_migrations_equal_the_models(todo: Todo) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        options = migrations.configure_options(connection.dialect.name, find_schema(connection))
        metadata = options.pop("target_metadata")
        options.pop("render_as_batch")
        found = compare_metadata(
            MigrationContext.configure(connection, opts=options | {"compare_type": True}), metadata
        )
        # Alembic cannot compare indexes on expressions; `test_every_index_exists` does.
        return [item for item in found if "index" not in str(item[0])]

    assert on(todo, differences) == []


def test_every_index_and_constraint_of_the_models_exists(todo: Todo) -> None:
    def missing(connection: sa.Connection) -> set[str]:
        found = schema(connection)
        wanted = {
            str(item.name)
            for table in Task.metadata.tables.values()
            if table.name in found
            for item in [*table.indexes, *table.constraints]
            if isinstance(item, sa.Index | sa.CheckConstraint | sa.ForeignKeyConstraint)
            and item.info.get("engine") in (None, connection.dialect.name)
        }
        return wanted - {name for names in found.values() for name in names}

    assert on(todo, missing) == set()


def test_the_checks_of_postgres_say_what_the_models_say(
    templates: TemplateDatabases,
) -> None:
    """Transfers rely on it: what the models' conditions admit is what the database admits."""

    def definitions(connection: sa.Connection, table: str) -> dict[str, str]:
        statement = sa.text(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'c' AND conrelid = CAST(:table AS regclass)"
        )
        found = connection.execute(statement, {"table": table}).all()
        return {str(name): str(definition) for name, definition in found}

    def compare(connection: sa.Connection) -> None:
        for name, table in Task.metadata.tables.items():
            connection.exec_driver_sql(f"CREATE TEMP TABLE made_{name} (LIKE {name})")
            for check in table.constraints:
                if isinstance(check, sa.CheckConstraint):
                    add = f"ADD CONSTRAINT {check.name} CHECK ({check.sqltext})"
                    connection.exec_driver_sql(f"ALTER TABLE made_{name} {add}")
            assert definitions(connection, f"made_{name}") == definitions(connection, name)

    async def run(url: str) -> None:
        engine = make_engine(parse_url(url))
        async with engine.begin() as connection:
            await connection.run_sync(compare)
        await engine.dispose()

    with templates.cloned() as url:
        asyncio.run(run(url))


def test_down_and_up_again_restores_the_schema(todo: Todo) -> None:
    todo.ok("add", "Buy milk", "--due", "fri", "-t", "a")
    before = on(todo, schema)
    for revision in [*revisions()[-2::-1], "base"]:
        on(todo, partial(migrations.migrate, direction="downgrade", revision=revision))
    assert set(on(todo, schema)) <= {"todo_version"}
    for revision in revisions():
        on(todo, partial(migrations.migrate, revision=revision))

    assert on(todo, schema) == before
    todo.ok("db", "upgrade")
    assert todo.ok("add", "again").rows[0][0] == "1"
