"""A migration that is interrupted leaves the store as it was."""

from __future__ import annotations

import os
import signal
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine

from neontodo.db import migrations
from neontodo.db.schema import HEAD
from tests.engines.processes import start
from tests.harness import Todo
from tests.migrations.earlier import insert_import, read_export
from tests.migrations.test_migrations import on

MOMENTS = (
    "ALTER TABLE tasks ADD",
    "UPDATE tasks SET",
    "CREATE TABLE views",
    "UPDATE changes SET",
    "UPDATE todo_version",
)
"""Beginnings of statements of migration 0003, in their order, after which it is killed."""


def upgrade_until(pipe: Connection, todo: Todo, moment: str) -> None:
    """Upgrade, and die as by `kill -9` when a statement has been run."""

    def die(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if " ".join(statement.split()).startswith(moment):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", die)
    todo("db", "upgrade")


def read_everything(connection: sa.Connection) -> list[Any]:
    tables = sorted(sa.inspect(connection).get_table_names())
    return [
        (table, list(connection.execute(sa.text(f'SELECT * FROM "{table}"')))) for table in tables
    ]


@pytest.mark.slow
def test_killed_in_the_middle_leaves_the_old_store(todo: Todo, engine: str) -> None:
    on(todo, partial(migrations.migrate, direction="downgrade", revision="0002"))

    def fill(connection: sa.Connection) -> None:
        user_id = str(connection.scalar(sa.text("SELECT id FROM users")))
        insert_import(connection, user_id, read_export())

    on(todo, fill)
    before = on(todo, read_everything)
    # SQLite rebuilds the table instead.
    moments = [m for m in MOMENTS if engine != "sqlite" or not m.startswith("ALTER")]
    for moment in moments:
        process, _ = start(upgrade_until, todo, moment)
        process.join()
        assert process.exitcode == -signal.SIGKILL, moment
        assert on(todo, read_everything) == before, moment
    todo.ok("db", "upgrade")
    assert todo.ok("db", "current").out == f"{HEAD}\n"
    assert len(todo.tasks()) == 144
    todo.ok("db", "check")
