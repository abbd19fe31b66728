"""`todo db`: the store's tables, looked at and moved, on both engines."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from neontodo.db import embedded
from neontodo.db.engine import make_engine
from neontodo.db.schema import HEAD
from neontodo.db.url import parse_url
from tests.databases import Postgres, TemplateDatabases
from tests.faults.scene import SOON, Hurried
from tests.harness import WAYS_IN, Result, Todo

STEPS = [
    "  0001 Users, keys, tasks, changes; on Postgres also members and row level security\n",
    "  0002 Row isolation on Postgres: policies that tell a member nothing, and no right to lock a"
    " table\n",
    "  0003 Start days, notes, what tasks need, views, and room for repeating tasks and claims\n",
]
UP, DOWN = "".join(STEPS), "".join(reversed(STEPS))


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for a store where nothing is yet: no file, or a database without tables."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'tasks.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.database() as name:
        yield server.url(name)


@pytest.fixture
def new(empty_url: str, tmp_path: Path) -> Todo:
    """A person who has never run anything."""
    return Todo(tmp_path / "home", {"TODO_DATABASE_URL": empty_url})


def display(todo: Todo) -> str:
    return parse_url(todo.env["TODO_DATABASE_URL"]).display


def sql(todo: Todo, *statements: str) -> list[Any]:
    """Run statements past the program; the rows of the last."""

    async def run() -> list[Any]:
        engine = make_engine(parse_url(todo.env["TODO_DATABASE_URL"]))
        async with engine.execution_options(writes=True).begin() as connection:
            for statement in statements:
                result = await connection.execute(sa.text(statement))
        await engine.dispose()
        return list(result.all()) if result.returns_rows else []

    return asyncio.run(run())


def beside(todo: Todo) -> list[str]:
    """The files of an embedded store, without what SQLite keeps beside one that is open."""
    path = parse_url(todo.env["TODO_DATABASE_URL"]).path  # type: ignore[union-attr]
    return sorted(f.name for f in path.parent.glob("*") if not f.name.endswith(("-wal", "-shm")))


def test_an_upgrade_makes_the_tables_and_the_user(new: Todo) -> None:
    assert new("db", "upgrade") == Result(0, "", f"the schema is now {HEAD} (was nothing)\n{UP}")
    assert new("list") == Result(0, "", "")
    assert new.ok("add", "Buy milk").err == "added 1: Buy milk\n"


def test_a_second_upgrade_has_nothing_to_do(new: Todo) -> None:
    new.ok("db", "upgrade")
    assert new("db", "upgrade") == Result(0, "", f"the schema is already at {HEAD}\n")
    assert sql(new, "SELECT count(*) FROM users")[0][0] == 1


def test_a_dry_run_of_an_upgrade_makes_nothing(new: Todo) -> None:
    assert new("db", "upgrade", "--dry-run") == Result(
        0,
        "",
        f"the schema would go from nothing to {HEAD}\n{UP}"
        "this was a dry run: nothing was changed\n",
    )
    assert new("db", "current").out == ""


@pytest.mark.parametrize("argv", [("db", "current"), ("db", "current", "--json")])
def test_looking_at_no_store_makes_none(new: Todo, argv: tuple[str, ...], engine: str) -> None:
    found = new(*argv)
    assert found.code == 0
    if "--json" in argv:
        assert found == Result(0, f'{{"version": null, "program": "{HEAD}"}}\n', "")
    else:
        assert found == Result(0, "", f"{display(new)} has no todo tables yet\n")
    assert engine != "sqlite" or beside(new) == []
    assert not new.home.exists()


def test_current_is_the_version(todo: Todo) -> None:
    assert todo("db", "current") == Result(0, f"{HEAD}\n", "")
    assert todo("db", "current", "--json").json == {"version": HEAD, "program": HEAD}


def test_check_is_content_with_this_version(todo: Todo) -> None:
    assert todo("db", "check") == Result(0, "", f"the schema is up to date ({HEAD})\n")


def test_check_of_no_tables_is_6(new: Todo) -> None:
    assert new("db", "check") == Result(
        6,
        "",
        f"error: {display(new)} has no todo tables yet\nhint: `todo db upgrade` creates them\n",
    )


def test_a_store_of_a_newer_program_is_6_and_left_alone(todo: Todo) -> None:
    sql(todo, "UPDATE todo_version SET version_num = '9999'")
    for argv in (["db", "check"], ["db", "upgrade"], ["db", "downgrade", "base", "--yes"]):
        refused = todo(*argv)
        assert (refused.code, refused.out) == (6, "")
        assert f"is of a newer version (9999) than this program ({HEAD})\n" in refused.err
        assert refused.err.endswith("hint: upgrade neontodo\n")
    assert todo("add", "Buy milk").code == 6
    assert sql(todo, "SELECT version_num FROM todo_version") == [("9999",)]


@pytest.mark.parametrize("parameter", ["sslmode=prefer", "sslmode=allow", "ssl=true", "jit=off"])
def test_parameters_of_the_url_that_are_not_supported_are_2(local: Todo, parameter: str) -> None:
    url = f"postgresql://alex:hunter2@127.0.0.1:1/d?{parameter}"
    refused = local("db", "current", env={"TODO_DATABASE_URL": url})
    assert (refused.code, refused.out) == (2, "")
    assert parameter.partition("=")[0] in refused.err
    assert "hunter2" not in refused.err


def test_without_tables_a_command_says_what_to_do(new: Todo, engine: str) -> None:
    if engine == "sqlite":
        assert new("list").code == 0
    else:
        assert new("list") == Result(
            6,
            "",
            f"error: {display(new)} has no todo tables, or older ones\n"
            "hint: run `todo db upgrade`\n",
        )


def test_an_upgrade_to_a_version_nobody_knows_is_2(todo: Todo) -> None:
    assert todo("db", "upgrade", "--revision", "0815") == Result(
        2,
        "",
        "error: there is no revision `0815`\nhint: there are 0001, 0002, 0003, head and base\n",
    )


def test_tables_of_another_program_are_left_alone(new: Todo, engine: str) -> None:
    if engine == "sqlite":
        Path(display(new)).parent.mkdir()
    sql(new, "CREATE TABLE tasks (id integer)")
    assert new("db", "upgrade") == Result(
        1,
        "",
        "error: the database already has tables of another program: tasks\n"
        "hint: use a database of its own: another file, or on a server `CREATE DATABASE todo`\n",
    )
    assert sql(new, "SELECT * FROM tasks") == []


def test_an_upgrade_wants_no_table_of_another_program(todo: Todo, engine: str) -> None:
    todo.ok("add", "Buy milk")
    todo.ok("db", "downgrade", "0002", "--yes")
    sql(todo, "CREATE TABLE views (id integer)")
    there = beside(todo) if engine == "sqlite" else []
    refused = Result(
        1,
        "",
        "error: the database already has tables of another program: views\n"
        "hint: rename them, then run `todo db upgrade`\n",
    )
    assert todo("db", "upgrade") == refused
    if engine == "sqlite":
        assert todo("add", "Buy bread") == refused
        assert beside(todo) == there
    else:
        assert todo("db", "upgrade", "--sql") == refused
    assert todo.ok("db", "current").out == "0002\n"

    sql(todo, "ALTER TABLE views RENAME TO their_views")
    todo.ok("db", "upgrade")
    assert todo.tasks()[0]["title"] == "Buy milk"


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("argv", [("list",), ("add", "Task"), ("done", "1")])
def test_commands_name_tables_of_another_program(new: Todo, argv: tuple[str, ...]) -> None:
    sql(new, "CREATE TABLE users (id serial)")
    assert new(*argv) == Result(
        1,
        "",
        "error: the database already has tables of another program: users\n"
        "hint: use a database of its own: another file, or on a server `CREATE DATABASE todo`\n",
    )


def test_a_downgrade_wants_a_yes(todo: Todo) -> None:
    todo.ok("add", "Buy milk")
    assert todo("db", "downgrade", "base") == Result(
        2,
        "",
        "error: this needs confirmation, and there is no terminal to ask on\nhint: pass `--yes`\n",
    )
    assert len(todo.tasks()) == 1


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_downgrade_asks_on_a_terminal(todo: Todo, answer: str, engine: str) -> None:
    copy = "after" if engine == "sqlite" else "without"
    copy += " a backup copy" if engine == "sqlite" else " a backup"
    assert todo("db", "downgrade", "base", terminal=True, stdin=answer) == Result(
        1,
        "",
        f"downgrade {display(todo)} to nothing? every task in it is lost, {copy} [y/N] "
        + ("" if answer else "\n")
        + "nothing was changed\n",
    )
    assert todo("db", "check").code == 0


def test_a_downgrade_of_a_yes_is_done(todo: Todo, engine: str) -> None:
    todo.ok("add", "Buy milk")
    done = todo.ok("db", "downgrade", "base", terminal=True, stdin="y\n")
    # A terminal gets long lines wrapped at words.
    told = " ".join(f"the schema is gone (was {HEAD})\n{DOWN}".split())
    assert told in " ".join(done.err.split())
    if engine == "sqlite":
        copy = done.err.partition("the store as it was:")[2].split()[0]
        assert sql(Todo(todo.home, {"TODO_DATABASE_URL": f"sqlite:///{copy}"}), TITLES) == MILK
        assert done.err.endswith("hint: the next command of this version upgrades it again\n")
    assert todo("db", "check").code == 6
    todo.ok("db", "upgrade")
    assert todo.tasks() == []


TITLES, MILK = "SELECT title FROM tasks", [("Buy milk",)]


def test_a_dry_run_of_a_downgrade_asks_and_drops_nothing(todo: Todo) -> None:
    todo.ok("add", "Buy milk")
    assert todo("db", "downgrade", "base", "--dry-run") == Result(
        0,
        "",
        f"the schema would go from {HEAD} to nothing\n{DOWN}"
        "this was a dry run: nothing was changed\n",
    )
    assert len(todo.tasks()) == 1


def test_a_downgrade_to_where_it_is_asks_nothing(todo: Todo) -> None:
    assert todo("db", "downgrade", HEAD) == Result(0, "", f"the schema is already at {HEAD}\n")


def test_looking_does_not_migrate_an_embedded_store(local: Todo) -> None:
    local.ok("add", "Buy milk")
    local.ok("db", "downgrade", "base", "--yes")
    for _ in range(2):
        assert local("db", "check").code == 6
        assert local("db", "current").out == ""


def test_an_embedded_store_without_tables_is_made_anew_by_the_next_command(local: Todo) -> None:
    local.ok("add", "Buy milk")
    local.ok("db", "downgrade", "base", "--yes")
    assert local.ok("add", "Buy bread").err == (
        f"notice: {local.home / 'tasks.db'} had no todo tables: created empty ones\n"
        "added 1: Buy bread\n"
    )


LOSSES: dict[str, Callable[[Path], object]] = {
    "is missing, and was there before": Path.unlink,
    "is empty: it has 0 bytes": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("reason", LOSSES)
@pytest.mark.parametrize("has_copy", [True, False])
def test_a_store_that_was_lost_is_missed(local: Todo, reason: str, has_copy: bool) -> None:
    assert local.ok("add", "Buy milk").err == "added 1: Buy milk\n"
    store = local.home / "tasks.db"
    copies = [embedded.back_up(store), embedded.back_up(store)] if has_copy else []
    LOSSES[reason](store)
    before = everything(local.home)
    next_step = (
        f"copy {copies[-1]} to {store}"
        if copies
        else "if you have a copy of it, put that in its place"
    )
    hint = f"hint: {next_step}; `todo db upgrade` creates a new, empty store\n"

    for argv in (["list"], ["add", "x"], ["stats"], ["undo"], ["export"]):
        assert local(*argv) == Result(5, "", f"error: the store {store} {reason}\n{hint}"), argv
    for argv in (["list"], ["db", "check"], ["db", "current"], ["doctor"], ["config"]):
        local(*argv)
    doctor = local("doctor")
    assert (doctor.code, f"the store {store} {reason}" in doctor.out) == (5, True)
    assert hint in doctor.err
    assert everything(local.home) == before


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("reason", LOSSES)
def test_who_wants_a_new_store_says_so(local: Todo, reason: str) -> None:
    local.ok("add", "Buy milk")
    LOSSES[reason](local.home / "tasks.db")
    me = (local.home / "identity.json").read_bytes()
    local.ok("db", "upgrade")

    assert local.tasks() == []
    assert local.ok("add", "Buy bread").err == "added 1: Buy bread\n"
    assert (local.home / "identity.json").read_bytes() == me


@pytest.mark.parametrize("engine", ["postgresql"])
def test_who_only_used_a_server_has_lost_nothing(local: Todo, database_url: str) -> None:
    local.ok("db", "upgrade", env={"TODO_DATABASE_URL": database_url})
    assert (local.home / "identity.json").exists()

    assert local.ok("add", "Buy milk").err == "added 1: Buy milk\n"
    (local.home / "tasks.db").unlink()
    assert local("list").code == 5


def test_a_stranger_learns_it_on_upgrade_and_from_empty_answers(
    todo: Todo, engine: str, tmp_path: Path
) -> None:
    todo.ok("add", "Buy milk")
    stranger = Todo(tmp_path / "elsewhere", todo.env)
    not_in = f"you are not a user of this store\nhint: {WAYS_IN[engine]}\n"

    assert stranger("db", "upgrade") == Result(
        0, "", f"the schema is already at {HEAD}\nwarning: {not_in}"
    )
    for argv in (["list"], ["list", "--json"], ["search", "milk"], ["add", "x"], ["done", "1"]):
        assert stranger(*argv) == Result(4, "", f"error: {not_in}"), argv
    assert todo("db", "upgrade").err == f"the schema is already at {HEAD}\n"


def test_a_server_that_is_down_is_5(local: Todo) -> None:
    url = "postgresql://ann:secret@127.0.0.1:1/tasks"
    person = Hurried(local.home, {"TODO_DATABASE_URL": url}, limits=SOON)
    for argv in (["upgrade"], ["current"], ["check"], ["downgrade", "base", "--yes"]):
        assert person("db", *argv) == Result(
            5,
            "",
            "error: cannot reach postgresql://ann@127.0.0.1:1/tasks: connection refused\n"
            "hint: `todo doctor` looks for the reason\n",
        ), argv


@pytest.mark.slow
def test_of_many_upgrades_at_once_one_does_the_work(new: Todo, engine: str) -> None:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), **new.environment}
    command = [sys.executable, "-m", "neontodo", "db", "upgrade"]
    running = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = sorted(process.communicate()[1].splitlines()[0] for process in running)
    assert [process.returncode for process in running] == [0] * 4
    already, now = f"the schema is already at {HEAD}", f"the schema is now {HEAD} (was nothing)"
    # A file is made whole by each, and one of them is put in its place.
    assert set(said) <= {already, now} if engine == "sqlite" else said == [already] * 3 + [now]
    assert sql(new, "SELECT count(*) FROM users")[0][0] == 1
    assert sql(new, "SELECT count(*) FROM todo_version")[0][0] == 1


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_table_that_somebody_took_away_is_named(todo: Todo, templates: TemplateDatabases) -> None:
    database = todo.env["TODO_DATABASE_URL"].rpartition("/")[2]
    templates.server.execute("DROP TABLE changes", database=database)
    for argv in (["db", "check"], ["db", "upgrade"], ["db", "current"], ["doctor"]):
        said = todo(*argv)
        assert said.code == 6
        assert "tables are missing: changes" in said.out + said.err
