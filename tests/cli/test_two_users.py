"""Every command, tried by somebody else on the same store: nothing leaks, nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Todo
from tests.people import second_person

SECRET = "sesame"


@pytest.fixture
def ann(todo: Todo) -> Todo:
    """Somebody whose every field is a secret."""
    todo.ok(
        "add",
        f"{SECRET} title",
        "--description",
        f"{SECRET} text",
        "-P",
        f"{SECRET}p",
        "-t",
        f"{SECRET}t",
    )
    todo.ok("add", f"{SECRET} done", "--due", "today")
    todo.ok("add", f"{SECRET} removed")
    todo.ok("done", "2")
    todo.ok("rm", "3", "--yes")
    return todo


@pytest.fixture
def bob(ann: Todo, tmp_path: Path) -> Todo:
    return second_person(ann, tmp_path / "bob")


COMMANDS = {
    "list": ["list", "--all", "--json"],
    "search": ["search", SECRET],
    "show": ["show", "1"],
    "show-removed": ["show", "3"],
    "edit": ["edit", "1", "--title", "seized"],
    "done": ["done", "1"],
    "undone": ["undone", "2"],
    "toggle": ["toggle", "1-3"],
    "rm": ["rm", "1", "--yes"],
    "undo": ["undo", "--any"],
    "redo": ["redo", "--any"],
    "log": ["log"],
    "log-task": ["log", "1"],
    "tags": ["tags"],
    "projects": ["projects"],
    "stats": ["stats", "--json"],
    "export": ["export"],
    "whoami": ["whoami"],
    "token-list": ["token", "list"],
    "token-create": ["token", "create", "--name", "ci"],
    "last": ["done", "@last"],
    "config": ["config"],
    "db-check": ["db", "check"],
    # The last, so that all the others are tried by somebody without tasks.
    "add": ["add", "mine"],
}


def test_another_user_sees_and_changes_nothing(ann: Todo, bob: Todo) -> None:
    def everything() -> tuple[object, ...]:
        return (ann.tasks(), ann.ok("log", "--json").out, ann.ok("token", "list").out)

    before = everything()
    for name, argv in COMMANDS.items():
        for terminal in (False, True):
            result = bob(*argv, terminal=terminal)
            assert SECRET not in result.out + result.err.replace(f"`{SECRET}`", ""), name
    assert everything() == before


def test_by_id_is_no_way_either(ann: Todo, bob: Todo) -> None:
    theirs = ann.tasks()[0]["id"]

    for argv in (["show", theirs], ["done", theirs], ["rm", theirs, "--yes"], ["log", theirs]):
        assert bob(*argv).code == 3
    assert ann.tasks()[0]["completed"] is False


def test_an_import_of_anothers_export_makes_tasks_of_ones_own(
    ann: Todo, bob: Todo, tmp_path: Path
) -> None:
    before = ann.tasks()
    ann.ok("export", str(tmp_path / "anns.json"))
    bob.ok("import", str(tmp_path / "anns.json"))
    bob.ok("rm", "1", "--yes")

    assert ann.tasks() == before


def test_anothers_token_does_not_open_ones_tasks_under_a_stolen_name(ann: Todo, bob: Todo) -> None:
    token = bob.ok("token", "create", "--name", "ci").out.strip()
    result = ann("list", "--all", env={"TODO_TOKEN": token})

    assert (result.code, result.out) == (0, "")
