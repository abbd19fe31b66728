"""One of each kind of command that changes tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.harness import Todo


@dataclass(frozen=True)
class Write:
    """A command that is ready to be run, and the kinds of change that it logs."""

    argv: tuple[str, ...]
    logged: list[str]
    stdin: str = ""


def add(todo: Todo) -> Write:
    return Write(("add", "-"), ["create", "create"], stdin="one more\nand another\n")


def edit(todo: Todo) -> Write:
    return Write(("edit", *two(todo), "--title", "changed"), ["update", "update"])


def done(todo: Todo) -> Write:
    return Write(("done", *two(todo)), ["update", "update"])


def toggle(todo: Todo) -> Write:
    return Write(("toggle", *two(todo)), ["update", "update"])


def remove(todo: Todo) -> Write:
    return Write(("rm", *two(todo), "--yes"), ["delete", "delete"])


def undo(todo: Todo) -> Write:
    todo.ok("done", *two(todo))
    return Write(("undo",), ["update", "update"])


def redo(todo: Todo) -> Write:
    todo.ok("rm", *two(todo), "--yes")
    todo.ok("undo")
    return Write(("redo",), ["delete", "delete"])


def import_(todo: Todo) -> Write:
    # A title of its own, since what is there already is not imported again.
    title = "imported after " + todo.ok("add", "x", "-q").out.strip()
    records = [{"title": title}, {"title": title}, {"title": f"{title} too", "completed": True}]
    return Write(("import", "-", "--format", "json"), ["create"] * 3, stdin=json.dumps(records))


def two(todo: Todo) -> tuple[str, ...]:
    """The numbers of two new tasks."""
    return tuple(todo.ok("add", "-", "-q", stdin="this\nthat\n").out.split())


WRITES: dict[str, Callable[[Todo], Write]] = {
    "add": add,
    "edit": edit,
    "done": done,
    "toggle": toggle,
    "rm": remove,
    "undo": undo,
    "redo": redo,
    "import": import_,
}
