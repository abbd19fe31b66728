"""`todo undo` and `todo redo`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness import Todo

DRY = "this was a dry run: nothing was changed\n"


@pytest.fixture
def used(todo: Todo) -> Todo:
    """A person who added three tasks, and did one thing more each minute."""
    todo.ok("add", "-", stdin="Buy milk\nCall Ann\nRest\n")
    return todo


def said(todo: Todo, *argv: str) -> str:
    """What a command says on a terminal, where it prints nothing."""
    todo.later(minutes=1)
    result = todo(*argv, terminal=True)
    assert (result.code, result.out) == (0, ""), result
    return result.err


@pytest.mark.parametrize(
    ("argv", "undone", "redone"),
    [
        (
            ["add", "More"],
            "undone: 4 (More) removed (added today 13:00)\n",
            "redone: 4 (More) restored (undone today 13:01)\n",
        ),
        (
            ["rm", "1-2", "-y"],
            "undone: 1, 2 restored (removed today 13:00)\n",
            "redone: 1, 2 removed (undone today 13:01)\n",
        ),
        (
            ["done", "2"],
            "undone: 2 (Call Ann) pending again (done today 13:00)\n",
            "redone: 2 (Call Ann) done again (undone today 13:01)\n",
        ),
        (
            ["edit", "1", "--title", "Buy {oat} milk", "-t", "shop"],
            "undone: title, tags of 1 (Buy milk) restored (edited today 13:00)\n",
            "redone: title, tags of 1 (Buy {oat} milk) changed again (undone today 13:01)\n",
        ),
        (
            ["edit", "1-3", "-p", "high"],
            "undone: priority of 1–3 restored (edited today 13:00)\n",
            None,
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_it_says_what_it_did(used: Todo, argv: list[str], undone: str, redone: str | None) -> None:
    before = used.tasks()
    used.ok(*argv)
    after = used.tasks()

    assert said(used, "undo") == undone
    assert [task | {"updated_at": ""} for task in used.tasks()] == [
        task | {"updated_at": ""} for task in before
    ]
    assert said(used, "redo") == (
        redone or "redone: priority of 1–3 changed again (undone today 13:01)\n"
    )
    assert [task | {"updated_at": ""} for task in used.tasks()] == [
        task | {"updated_at": ""} for task in after
    ]


def test_toggled_tasks_are_told_apart(used: Todo) -> None:
    used.ok("done", "1")
    used.ok("toggle", "1-3")

    assert said(used, "undo") == (
        "undone: 1 (Buy milk) done again (marked pending today 13:00)\n"
        "undone: 2, 3 pending again (done today 13:00)\n"
    )


def test_a_pipe_gets_the_tasks_that_changed(used: Todo) -> None:
    used.ok("done", "1", "3")
    result = used("undo")

    assert (result.code, result.err) == (0, "undone: 1, 3 pending again (done today 13:00)\n")
    assert result.out == "1\tpending\tnone\t\t\t\tBuy milk\n3\tpending\tnone\t\t\t\tRest\n"
    assert used("redo", "-q").out == "1\n3\n"
    assert [task["completed"] for task in used("undo", "--json").json] == [False, False]


def test_a_dry_run_changes_nothing(used: Todo) -> None:
    used.ok("done", "1")
    before = used.tasks()

    assert (
        said(used, "undo", "--dry-run")
        == f"undone: 1 (Buy milk) pending again (done today 13:00)\n{DRY}"
    )
    assert used.tasks() == before
    used.ok("undo")
    assert (
        said(used, "redo", "--dry-run")
        == f"redone: 1 (Buy milk) done again (undone today 13:01)\n{DRY}"
    )


def test_repeated_it_walks_back_to_nothing(used: Todo) -> None:
    used.later(days=1)
    used.ok("done", "1")
    used.later(days=1)
    used.ok("rm", "2", "-y")
    used.later(days=1)
    steps = [said(used, "undo") for _ in range(3)]
    end = used("undo")

    assert steps == [
        "undone: 2 (Call Ann) restored (removed yesterday 13:00)\n",
        "undone: 1 (Buy milk) pending again (done 2026-11-21 13:00)\n",
        "undone: 1–3 removed (added 2026-11-20 13:00)\n",
    ]
    assert (end.code, end.out, used.tasks()) == (1, "", [])
    assert end.err == (
        "error: nothing to undo\nhint: `todo undo --any` undoes what other machines did\n"
    )
    assert [said(used, "redo") for _ in range(3)] == [
        "redone: 1–3 restored (undone today 13:03)\n",
        "redone: 1 (Buy milk) done again (undone today 13:02)\n",
        "redone: 2 (Call Ann) removed (undone today 13:01)\n",
    ]


def test_redo_is_over_once_something_else_was_done(used: Todo) -> None:
    used.ok("done", "1")
    used.ok("undo")
    used.ok("add", "new")
    result = used("redo")

    assert (result.code, result.out, result.err) == (1, "", "error: nothing to redo\n")


def test_nothing_was_ever_done(todo: Todo) -> None:
    assert todo("undo", "--any").err == "error: nothing to undo\n"
    assert todo("redo").err == "error: nothing to redo\n"


def test_an_import_is_taken_back_whole_and_brought_back_whole(todo: Todo) -> None:
    records = [{"title": f"task {n}", "tags": [f"t{n}"]} for n in range(1, 41)]
    todo.ok("import", "-", "--format", "json", stdin=json.dumps(records))
    whole = todo.tasks()

    assert said(todo, "undo") == "undone: 1–40 removed (added today 13:00)\n"
    assert todo.tasks() == []
    todo.ok("redo")
    assert todo.tasks() == whole


@pytest.fixture
def other(used: Todo, tmp_path: Path) -> Todo:
    """Another machine of the same person's: it has a token of a key of its own."""
    token = used.ok("token", "create", "--name", "desktop").out.strip()
    return Todo(tmp_path / "desktop", used.env | {"TODO_TOKEN": token})


def test_what_another_machine_changed_since_is_named_and_nothing_is_taken_back(
    used: Todo, other: Todo
) -> None:
    used.ok("edit", "1-3", "-P", "home", "--due", "2026-12-01")
    other.ok("edit", "2", "-P", "work")
    other.ok("edit", "3", "--due", "2026-12-01 10:00")
    other.ok("rm", "1", "-y")
    before = used.tasks()
    result = used("undo")

    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "error: cannot undo: something was changed since\n"
        "  task 1 was removed since\n"
        "  task 2: project changed since\n"
        "  task 3: due date changed since\n"
        "hint: `todo log` shows what happened\n"
    )
    assert used.tasks() == before


def test_what_another_machine_did_is_taken_back_only_if_asked(used: Todo, other: Todo) -> None:
    other.ok("done", "1")

    assert said(used, "undo", "--any") == "undone: 1 (Buy milk) pending again (done today 13:00)\n"
    assert other("redo").err == "error: nothing to redo\n"
    assert said(used, "redo") == "redone: 1 (Buy milk) done again (undone today 13:01)\n"


def test_many_obstacles_are_not_all_listed(used: Todo, other: Todo) -> None:
    used.ok("add", "-", stdin="x\n" * 12)
    other.ok("done", "4-15")
    lines = used("undo").err.splitlines()

    assert lines[1] == "  task 4: status changed since"
    assert lines[-2:] == ["  and 2 more", "hint: `todo log` shows what happened"]
    assert len(lines) == 13


@pytest.mark.parametrize("argv", [["undo", "1"], ["redo", "--all"], ["undo", "-x"]], ids=str)
def test_wrong_usage_is_exit_2(local: Todo, argv: list[str]) -> None:
    assert local(*argv).code == 2


def test_a_hostile_title_is_shown_and_not_obeyed(local: Todo) -> None:
    local.ok("add", "[b]\x1b]0;t\x07{}\n\u202e")

    assert (
        said(local, "undo")
        == "undone: 1 ([b]\\x1b]0;t\\x07{}\\n\\u202e) removed (added today 13:00)\n"
    )
