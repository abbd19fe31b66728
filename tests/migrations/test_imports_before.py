"""What was imported before an upgrade is as if it had been imported after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.harness import Todo
from tests.migrations.earlier import FILE, read_export
from tests.migrations.test_parked_fields import fill, go_back


def content(todo: Todo) -> list[dict[str, Any]]:
    """All tasks, by id, apart from what depends on when they were imported."""
    return sorted(todo.tasks(), key=lambda task: str(task["id"]))


def test_the_147_tasks_are_those_of_an_import_after_it(todo: Todo, tmp_path: Path) -> None:
    other = Todo(tmp_path / "other")
    other.ok("import", str(FILE))
    go_back(todo, "0002")
    fill(todo, *read_export())
    todo.ok("db", "upgrade")

    assert content(todo) == content(other)
    exported = ("export", "--format", "taskwarrior")
    assert todo.ok(*exported).out == other.ok(*exported).out
    assert todo.ok("import", "--update", str(FILE)).err == (
        "imported nothing; skipped 3 deleted; 144 are here already\n"
    )
    assert len(todo.ok("search", "localbin", "--all", "--json").json) == 1

    before = content(todo)
    todo.ok("undo")
    assert todo.tasks() == []
    todo.ok("redo")
    assert content(todo) == before
