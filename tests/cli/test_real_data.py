"""A day's work on 147 tasks that somebody really had, on both engines, with nothing lost."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Todo

FILE = Path(__file__).parents[1] / "data" / "taskwarrior-export.json"
ORIGINALS: dict[str, dict[str, Any]] = {
    task["uuid"]: task for task in json.loads(FILE.read_bytes())
}


@pytest.fixture
def busy(todo: Todo) -> Todo:
    """Somebody who has imported the file."""
    result = todo.ok("import", str(FILE))
    assert (result.out, result.err) == ("", "imported 144 tasks; skipped 3 deleted\n")
    return todo


def test_importing_twice_changes_nothing(busy: Todo) -> None:
    before = (busy.tasks(), busy.ok("log", "--json").out)
    again = busy.ok("import", str(FILE))

    assert again.err == "imported nothing; skipped 3 deleted; 144 are here already\n"
    assert (busy.tasks(), busy.ok("log", "--json").out) == before


def test_a_dry_run_reports_and_imports_nothing(todo: Todo) -> None:
    result = todo.ok("import", str(FILE), "--dry-run")

    assert result.err.startswith("imported 144 tasks; skipped 3 deleted\n")
    assert todo.tasks() == []


def test_lists_by_project_and_by_tag(busy: Todo) -> None:
    def wanted(**attributes: Any) -> set[str]:
        return {
            uuid
            for uuid, task in ORIGINALS.items()
            if task["status"] == "pending"
            and task.get("project") == attributes.get("project", task.get("project"))
            and attributes.get("tag", "dotfiles") in task["tags"]
        }

    by_project = busy.ok("list", "--project", "darkbuntu", "--json").json
    by_tag = busy.ok("list", "--tag", "bug", "--json").json
    assert {task["id"] for task in by_project} == wanted(project="darkbuntu")
    assert {task["id"] for task in by_tag} == wanted(tag="bug")


def test_a_days_work_is_undone_step_by_step(busy: Todo, tmp_path: Path) -> None:
    def content() -> list[dict[str, Any]]:
        return [
            {key: value for key, value in task.items() if key != "updated_at"}
            for task in busy.tasks()
        ]

    states = [content()]
    for argv in (
        ["done", "1-3"],
        ["edit", "4", "--title", "eza instead of ls", "--tag", "shell", "--due", "fri"],
        ["rm", "5", "--yes"],
    ):
        busy.ok(*argv)
        states.append(content())
    assert all(before != after for before, after in pairwise(states))
    for state in reversed(states[:-1]):
        busy.ok("undo")
        assert content() == state
    for state in states[1:]:
        busy.ok("redo")
        assert content() == state


def test_a_json_export_is_the_list_and_comes_back_equal(busy: Todo, tmp_path: Path) -> None:
    busy.ok("done", "1,2,3")
    busy.ok("undo")
    busy.ok("edit", "4", "--title", "eza instead of ls")
    busy.ok("rm", "5", "--yes")
    busy.ok("undo")
    file = tmp_path / "tasks.json"
    busy.ok("export", str(file))
    other = Todo(tmp_path / "other", now=busy.now)
    imported = other.ok("import", str(file))

    assert imported.err == "imported 144 tasks\n"
    assert file.read_text() == busy.ok("list", "--all", "--json").out
    assert other.ok("export").out == file.read_text()
    assert other.ok("add", "next", "--quiet").out == "145\n"


def test_a_taskwarrior_export_has_every_attribute_as_it_came(busy: Todo) -> None:
    busy.ok("edit", "4", "--title", "eza instead of ls")
    changed = busy.tasks()[3]["id"]
    exported = {task["uuid"]: task for task in busy.ok("export", "--format", "taskwarrior").json}

    assert exported.keys() == {u for u, t in ORIGINALS.items() if t["status"] != "deleted"}
    assert exported[changed]["description"] == "eza instead of ls"
    del exported[changed]
    assert exported == {uuid: ORIGINALS[uuid] for uuid in exported}


@pytest.mark.parametrize("format", ["csv", "todotxt"])
def test_other_formats_keep_titles_tags_and_projects(
    busy: Todo, tmp_path: Path, format: str
) -> None:
    file = tmp_path / "tasks"
    busy.ok("export", str(file), "--format", format)
    other = Todo(tmp_path / "other", now=busy.now)
    other.ok("import", str(file), "--format", format)

    def essence(todo: Todo) -> list[Any]:
        return sorted((t["title"], t["completed"], t["tags"], t["project"]) for t in todo.tasks())

    assert [repr(item) for item in essence(other)] == [repr(item) for item in essence(busy)]


def test_annotations_are_shown_under_the_description(busy: Todo) -> None:
    assert (
        "do https://github.com/nishigori/increment-activator"
        in busy.ok("show", "1", terminal=True, width=120).out
    )


def test_an_undone_import_can_be_imported_again_and_a_removed_task_stays_away(busy: Todo) -> None:
    busy.ok("undo")
    assert busy.tasks() == []
    busy.ok("import", str(FILE))
    first = busy.tasks()[0]["number"]
    busy.ok("rm", str(first), "--yes")
    again = busy.ok("import", str(FILE))

    assert again.err == (
        "imported nothing; skipped 3 deleted; 143 are here already; left out 1 that was removed"
        " here\n"
    )
