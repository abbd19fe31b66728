"""The server itself is killed and started again, between commands and during them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import prepare
from tests.databases import TemplateDatabases
from tests.faults.scene import STEADY, Hurried
from tests.harness import Result
from tests.postgres import PostgresServer

PATIENT = replace(STEADY, brief=60.0, patience=60.0)


@pytest.fixture
def person(own_postgres: PostgresServer, tmp_path: Path) -> Iterator[Hurried]:
    """Somebody with a server of their own."""
    with TemplateDatabases(own_postgres, prepare).cloned() as url:
        person = Hurried(tmp_path, {"TODO_DATABASE_URL": url}, limits=PATIENT)
        person.ok("db", "upgrade")
        yield person


def adding(person: Hurried, until: threading.Event) -> tuple[threading.Thread, list[Result]]:
    """Somebody who adds one task after the other."""
    results: list[Result] = []

    def work() -> None:
        while not until.is_set():
            results.append(person("add", f"task {len(results)}", "--quiet"))

    thread = threading.Thread(target=work)
    thread.start()
    return thread, results


@pytest.mark.slow
def test_a_server_that_is_down_is_waited_for_if_it_comes_back(
    own_postgres: PostgresServer, person: Hurried
) -> None:
    own_postgres.kill()
    back = threading.Timer(0.5, own_postgres.restart)
    back.start()
    result = person("add", "a task")
    back.join()

    assert (result.code, result.err) == (0, "added 1: a task\n")


@pytest.mark.slow
def test_a_server_that_stays_down_is_given_up(
    own_postgres: PostgresServer, person: Hurried
) -> None:
    own_postgres.kill()
    person.limits = replace(STEADY, brief=0.2)
    result = person("add", "a task")

    assert (result.code, result.out) == (5, "")
    assert result.err.startswith("error: cannot reach postgresql://postgres@127.0.0.1:")
    assert ": connection refused\n" in result.err


@pytest.mark.slow
@pytest.mark.parametrize("accident", ["kill", "restart"])
def test_restarts_in_the_middle_of_commands_lose_nothing_and_repeat_nothing(
    own_postgres: PostgresServer, person: Hurried, accident: str
) -> None:
    ended = threading.Event()
    thread, results = adding(person, ended)
    for _ in range(3):
        time.sleep(0.3)
        if accident == "kill":
            own_postgres.kill()
        own_postgres.restart()
    ended.set()
    thread.join()

    assert {result.code for result in results} == {0}
    tasks = person.tasks()
    assert [task["title"] for task in tasks] == [f"task {n}" for n in range(len(results))]
    assert [task["number"] for task in tasks] == [int(result.out) for result in results]
    log = person.ok("log", "--json").json
    assert [entry["seq"] for entry in log] == list(range(len(tasks), 0, -1))
