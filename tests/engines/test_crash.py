"""A process that is killed leaves a store that opens, with every acknowledged task."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.engines.processes import add_until_killed, import_and_hold, start
from tests.harness import Todo

KILLS = 3


def test_killed_while_adding_keeps_what_was_acknowledged(todo: Todo) -> None:
    acknowledged: list[str] = []
    for kill in range(KILLS):
        process, pipe = start(add_until_killed, todo, 1000 * kill)
        for _ in range(10):
            n, result = pipe.recv()
            assert result.code == 0, result
            acknowledged.append(f"task {n}")
        # Somewhere in the middle of the next commands.
        time.sleep(0.003 * kill)
        process.kill()
        process.join()

    tasks = todo.tasks()
    assert set(acknowledged) <= {task["title"] for task in tasks}
    # What was saved but not acknowledged when the kill came: at most a few on their way.
    assert [task["number"] for task in tasks] == list(range(1, len(tasks) + 1))
    log = todo.ok("log", "--json").json
    assert [entry["seq"] for entry in log] == list(range(len(tasks), 0, -1))
    assert todo.ok("add", "afterwards", "--quiet").out == f"{len(tasks) + 1}\n"


@pytest.mark.parametrize(
    ("moment", "saved"),
    [("before_commit", 1), pytest.param("after_commit", 5001, marks=pytest.mark.slow)],
)
def test_killed_while_importing_imports_nothing_or_all(
    todo: Todo, tmp_path: Path, moment: str, saved: int
) -> None:
    file = tmp_path / "many.json"
    file.write_text(json.dumps([{"title": f"task {n}"} for n in range(5000)]))
    todo.ok("add", "before")
    process, pipe = start(import_and_hold, todo, str(file), moment)
    assert pipe.recv() == moment
    process.kill()
    process.join()

    assert len(todo.tasks()) == saved
    todo.ok("import", str(file))
    assert len(todo.tasks()) == 5001
