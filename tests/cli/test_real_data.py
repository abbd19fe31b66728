"""Real work on the 147 tasks that somebody really had, on both engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Result, Todo

FILE = Path(__file__).parents[1] / "data" / "taskwarrior-export.json"
IMPORTED = "imported 144 tasks; skipped 3 deleted\n"


@pytest.fixture
def owner(todo: Todo) -> Todo:
    """A person who has imported the file."""
    assert todo("import", str(FILE)) == Result(0, "", IMPORTED)
    return todo


@pytest.fixture
def other(tmp_path: Path) -> Todo:
    """The same person's empty store on another machine."""
    return Todo(tmp_path / "elsewhere")


def originals() -> dict[str, dict[str, Any]]:
    """The tasks of the file that are not deleted, by id."""
    found = json.loads(FILE.read_bytes())
    return {task["uuid"]: task for task in found if task["status"] != "deleted"}


def content(todo: Todo) -> list[dict[str, Any]]:
    """All tasks, apart from when they were changed last."""
    return [task | {"updated_at": ""} for task in todo.tasks()]


def test_every_task_comes_with_its_words(owner: Todo) -> None:
    for task in owner.tasks():
        original = originals()[task["id"]]
        assert task["title"] == original["description"]
        assert task["tags"] == sorted(original.get("tags", []))
        assert task["project"] == original.get("project")
        assert task["completed"] == (original["status"] == "completed")
        noted = [note["description"] for note in original.get("annotations", [])]
        assert [note["text"] for note in task["notes"]] == noted
    assert len(owner.tasks()) == len(originals()) == 144


def test_lists_by_project_and_by_tag(owner: Todo) -> None:
    for field, option in (("project", "--project"), ("tags", "--tag")):
        for name in ("darkbuntu", "dotfiles", "bug"):
            listed = owner.ok("list", "--all", option, name, "--json").json
            wanted = [i for i, task in originals().items() if name in task.get(field, [])]
            assert sorted(task["id"] for task in listed) == sorted(wanted)
    assert owner.ok("projects").out == "darkbuntu\t14\t2\n"
    assert owner.ok("tags").out.startswith("bug\t12\t26\ndotfiles\t45\t99\n")


def test_a_day_s_work(owner: Todo, other: Todo) -> None:
    imported = content(owner)
    first, second, third, fourth, fifth = owner.ok("list", "-q").out.split()[:5]

    owner.ok("done", first, second, third)
    assert owner.ok("stats", "--json").json["done"] == 99 + 3
    owner.ok("undo")
    assert content(owner) == imported

    owner.ok("edit", fourth, "--title", "Grüße", "--due", "2026-12-24", "-p", "high")
    edited = content(owner)
    owner.ok("rm", fifth, "--yes")
    assert len(content(owner)) == 143
    owner.ok("undo")
    assert content(owner) == edited

    owner.ok("export", "all.json")
    exported = (owner.home / "all.json").read_text()
    assert other("import", "-", stdin=exported) == Result(0, "", "imported 144 tasks\n")
    assert other.tasks() == owner.tasks()
    assert other.ok("export").out == exported == owner.ok("list", "--all", "--json").out


def test_what_goes_back_to_taskwarrior_is_what_came(owner: Todo) -> None:
    exported = owner.ok("export", "--format", "taskwarrior").out

    assert {task["uuid"]: task for task in json.loads(exported)} == originals()


@pytest.mark.parametrize("format", ["csv", "taskwarrior", "json"])
def test_it_survives_a_way_round(owner: Todo, other: Todo, format: str) -> None:
    way = ["--format", format]
    exported = owner.ok("export", *way).out
    other.ok("import", "-", *way, stdin=exported)

    assert other.ok("export", *way).out == exported
    ignored = {"number": 0} if format == "taskwarrior" else {}
    assert by_id(other, ignored) == by_id(owner, ignored)


def by_id(todo: Todo, ignored: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {task["id"]: task | ignored for task in todo.tasks()}


def test_importing_it_twice_changes_nothing(owner: Todo) -> None:
    before, log = owner.tasks(), owner.ok("log").out

    assert owner("import", str(FILE)).err == (
        "imported nothing; skipped 3 deleted; 144 are here already\n"
    )
    assert (owner.tasks(), owner.ok("log").out) == (before, log)


def test_after_an_undo_it_can_be_imported_again(owner: Todo) -> None:
    before = owner.tasks()
    owner.ok("undo")
    assert owner.tasks() == []

    assert owner("import", str(FILE)).err == IMPORTED
    assert owner.tasks() == before


def test_what_was_removed_here_is_said_and_left_out(owner: Todo) -> None:
    owner.ok("rm", "3-5", "--yes")

    assert owner("import", str(FILE)).err == (
        "imported nothing; skipped 3 deleted; 141 are here already; "
        "skipped 3 that were removed here\n"
        "hint: `--restore` restores removed tasks\n"
    )


def test_a_dry_run_says_the_same_and_changes_nothing(todo: Todo) -> None:
    assert todo("import", str(FILE), "--dry-run") == Result(
        0, "", f"{IMPORTED}this was a dry run: nothing was changed\n"
    )
    assert todo.tasks() == []
