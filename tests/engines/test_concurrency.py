"""Many processes at once: no error, no lost task, no number given twice."""

from __future__ import annotations

import pytest

from neontodo.db.url import parse_url
from tests.engines.processes import add, add_and_toggle, start
from tests.harness import Todo

PEOPLE = 16


# An even number of toggles leaves the shared task as it was.
@pytest.mark.parametrize(
    ("people", "times"), [(6, 2), pytest.param(PEOPLE, 6, marks=pytest.mark.slow)]
)
def test_many_processes_add_and_toggle_at_once(todo: Todo, people: int, times: int) -> None:
    todo.ok("add", "shared")
    running = [start(add_and_toggle, todo, f"p{n}", times) for n in range(people)]
    problems = [problem for _, pipe in running for problem in pipe.recv()]
    for process, _ in running:
        process.join()

    assert problems == []
    tasks = todo.tasks()
    assert [task["number"] for task in tasks] == list(range(1, people * times + 2))
    assert len({task["title"] for task in tasks}) == people * times + 1
    assert tasks[0]["completed"] is False
    log = todo.ok("log", "--json").json
    assert [entry["seq"] for entry in log] == list(range(1 + 2 * people * times, 0, -1))


@pytest.mark.slow
def test_sixteen_first_commands_at_once_agree_on_one_store(local: Todo) -> None:
    running = [start(add_and_toggle, local, f"p{n}", 1) for n in range(PEOPLE)]
    problems = [problem for _, pipe in running for problem in pipe.recv()]

    # Whoever toggles before task 1 exists is told so; nobody meets a half-made store.
    assert {(problem.code, problem.err[:16]) for problem in problems} <= {(3, "error: no task 1")}
    assert len(local.tasks()) == PEOPLE
    assert sorted(path.name for path in local.home.iterdir() if "tasks.db-" not in path.name) == [
        "identity.json",
        "tasks.db",
        "token",
    ]


@pytest.mark.slow
def test_first_commands_at_once_say_nothing_but_what_they_added(local: Todo) -> None:
    running = [start(add, local, "Task") for _ in range(PEOPLE)]
    results = [pipe.recv() for _, pipe in running]

    # None of them takes the others' new key for one whose store is lost.
    assert sorted(result.err for result in results) == sorted(
        f"added {number}: Task\n" for number in range(1, PEOPLE + 1)
    )


def test_reading_while_another_writes_sees_the_state_before(todo: Todo) -> None:
    import asyncio

    from neontodo.db.engine import make_engine

    todo.ok("add", "one")

    async def read_during_write() -> int:
        engine = make_engine(parse_url(todo.env["TODO_DATABASE_URL"]))
        async with engine.execution_options(writes=True).begin() as connection:
            await connection.exec_driver_sql("UPDATE users SET last_number = last_number")
            result = await asyncio.to_thread(todo, "list", "--quiet")
        await engine.dispose()
        assert result.code == 0, result
        return len(result.rows)

    assert asyncio.run(read_during_write()) == 1
