"""A day with every command, as anybody on any store lives it."""

from __future__ import annotations

from pathlib import Path

from tests.harness import Todo

MANY = 120


def live(me: Todo, folder: Path) -> None:
    """Use every command that touches tasks, and look at what comes of it."""
    _write(me)
    _find(me)
    _take_back(me)
    _carry(me, folder)


def _write(me: Todo) -> None:
    me.ok("add", "Buy milk", "--due", "tomorrow", "-p", "high", "-P", "home", "-t", "shop")
    me.ok("add", "-", stdin="Call Ann\nWrite\nPaint\n")
    me.ok("edit", "2-3", "--tag", "work", "--title", "Call")
    me.ok("done", "1", "4")
    me.ok("undone", "@last")
    me.ok("toggle", "3")
    me.ok("rm", "2", "--yes")
    assert [task["completed"] for task in me.tasks()] == [True, True, False]


def _find(me: Todo) -> None:
    first = me.tasks()[0]
    assert me.ok("list", "--all", "--limit", "1", "--page", "2", "--json").json
    assert me.ok("list", "--all", "--page", "9", "--json").json == []
    assert me.ok("list", "--due", "overdue", "--json").json == []
    assert "did you mean `home`?" in me.ok("list", "-P", "Home").err
    assert me.ok("search", "milk", "--all", "--json").json == [first]
    assert me.ok("list", "--done", "-t", "shop", "-P", "home", "-p", "high", "-q").out == "1\n"
    assert me.ok("show", first["id"], "--json").json["number"] == 1
    assert me("show", "77").code == 3
    assert me.ok("tags", "-q").out == "shop\nwork\n"
    assert me.ok("projects").rows == [["home", "0", "1"]]
    assert me.ok("stats", "--json").json["done"] == 2
    assert len(me.ok("log", "2").rows) == 3
    assert len(me.ok("log", "--limit", "4").rows) == 4
    me.ok("view", "save", "home", "project:home")
    me.ok("view", "save", "home", "project:home", "is:done")
    assert me.ok("list", "view:home", "-q").out == "1\n"
    me.ok("view", "rm", "home")


def _take_back(me: Todo) -> None:
    me.ok("undo")
    assert [task["number"] for task in me.tasks()] == [1, 2, 3, 4]
    me.ok("redo")
    me.ok("undo", "--any")
    assert len(me.ok("log", "--json").rows) > 8


def _carry(me: Todo, folder: Path) -> None:
    lines = "\n".join(f"(A) task {number} +big @tag{number % 3}" for number in range(MANY))
    me.ok("import", "-", "--format", "todotxt", stdin=lines)
    me.ok("import", "-", "--format", "todotxt", stdin=lines)
    me.ok("undo")
    me.ok("import", "-", "--format", "todotxt", stdin=lines)
    me.ok("undo")
    me.ok("redo")
    assert len(me.tasks()) == MANY + 4
    me.ok("export", str(folder / "out.json"))
    me.ok("import", str(folder / "out.json"))
    assert len(me.tasks()) == MANY + 4
    me.ok("edit", "5-100", "--priority", "low")
    me.ok("rm", "5-100", "--yes")
    assert len(me.tasks()) == MANY + 4 - 96
    assert me.ok("export", "--pending", "--format", "csv").out
