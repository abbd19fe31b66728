"""Filters with a name: saved, used in others, and in use for what is read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from neontodo.tasks.views import VIEWS_MAX
from tests.harness import Todo

FOUR = [
    {"title": "Fix login", "tags": ["urgent"], "project": "work.api", "due": "2026-11-27"},
    {"title": "Plan", "project": "work", "priority": "high"},
    {"title": "Buy milk", "tags": ["home"], "project": "Food and more"},
    {"title": "Old plan", "project": "work", "completed": True},
]


@pytest.fixture
def four(todo: Todo) -> Todo:
    """A person with four tasks, the last one done, and a view."""
    todo.ok("import", "-", stdin=json.dumps(FOUR))
    todo.ok("view", "save", "work", "project:work", "--sort", "priority")
    return todo


def saved(todo: Todo) -> list[list[Any]]:
    return [[*view.values()] for view in todo.ok("view", "list", "--json").json]


def numbers(todo: Todo, *argv: str, **env: str) -> list[int]:
    return [int(word) for word in todo.ok(*argv, "-q", env=env).out.split()]


def test_a_view_is_used_wherever_a_filter_is(four: Todo) -> None:
    four.ok("view", "save", "soon", "due:next week", "or", "is:today")
    four.ok("view", "save", "food", "project:Food and more", "--filter", "+home or +garden")
    four.ok("view", "save", "both", "view:work", "view:soon")

    assert saved(four) == [
        ["both", "view:work view:soon", None, False],
        ["food", '(project:"Food and more") (+home or +garden)', None, False],
        ["soon", 'due:"next week" or is:today', None, False],
        ["work", "project:work", "priority", False],
    ]
    assert numbers(four, "list", "view:both") == [1]
    assert numbers(four, "list", "not", "view:work") == [3]
    assert numbers(four, "search", "view:food") == [3]
    assert numbers(four, "list", "view:work") == [2, 1]
    assert numbers(four, "list", "view:work", "--sort", "number") == [1, 2]
    assert four.ok("projects", "view:food", "-q").out == "Food and more\n"
    assert len(four.ok("export", "-", "view:work").json) == 3
    assert {row[2] for row in four.ok("log", "view:soon").rows} == {"1"}
    assert numbers(four, "done", "view:both", "view:work", "--yes") == [1]


def test_days_of_a_view_are_those_of_the_day_it_is_used(four: Todo) -> None:
    four.ok("view", "save", "now", "due:today")
    assert numbers(four, "list", "view:now") == []
    four.later(days=7)
    assert numbers(four, "list", "view:now") == [1]


def test_a_view_in_use_narrows_what_is_read_and_nothing_else(four: Todo) -> None:
    four.ok("view", "use", "work")

    assert numbers(four, "list") == [2, 1]
    assert four.ok("list").err == "view work\n"
    assert four.ok("list", terminal=True).out.endswith("urgent\nview work\n")
    assert numbers(four, "list", "--done") == [4]
    assert numbers(four, "today") == []
    assert numbers(four, "list", "+home") == []
    assert four.ok("list", "+home", terminal=True).err == "no tasks match\nview work\n"
    assert four.ok("tags").rows == [["urgent", "1", "0"]]
    assert four.ok("projects", "-q").out == "work\nwork.api\n"
    assert four.ok("stats", "--json").json["pending"] == 2
    assert numbers(four, "list", "--no-view") == [1, 2, 3]
    assert four.ok("tags", "--no-view", "-q").out == "home\nurgent\n"

    assert numbers(four, "search", "plan") == [2, 4]
    assert len(four.ok("export").json) == 4
    assert {row[2] for row in four.ok("log").rows} == {"1", "2", "3", "4"}
    assert numbers(four, "done", "is:pending", "--yes", "--dry-run") == [1, 2, 3]

    four.ok("view", "use", "none")
    assert numbers(four, "list") == [1, 2, 3]


def test_the_variable_goes_before_what_is_in_use_on_this_machine(four: Todo) -> None:
    four.ok("view", "save", "home", "+home")
    four.ok("view", "use", "work")

    assert numbers(four, "list", TODO_VIEW="home") == [3]
    assert numbers(four, "list", TODO_VIEW="none") == [1, 2, 3]
    assert [view[3] for view in saved(four)] == [False, True]
    used = four.ok("view", "use", "none", env={"TODO_VIEW": "home"})
    assert used.err.endswith("warning: TODO_VIEW says to use home, and goes first\n")


def test_a_view_in_use_that_is_gone_is_not_ignored(four: Todo) -> None:
    four.ok("view", "use", "work")
    removed = four.ok("view", "rm", "work")
    assert removed.err == (
        "removed view work; to have it again: "
        "todo view save work --filter project:work --sort priority\n"
        "hint: `todo view use` says to use work; `todo view use none` ends that\n"
    )
    refused = four("list")
    assert (refused.code, refused.out) == (2, "")
    assert "no view `work`, which `todo view use` says to use" in refused.err
    assert numbers(four, "list", "--no-view") == [1, 2, 3]


def test_no_command_ends_the_use_of_a_view_that_the_variable_names(four: Todo) -> None:
    removed = four.ok("view", "rm", "work", env={"TODO_VIEW": "work"})
    assert removed.err.splitlines()[1:] == ["hint: TODO_VIEW says to use work"]


REFUSED = [
    (
        ["x", "+home", "prject:x"],
        "`prject:` is not a key of filters\n  +home prject:x\n        ^",
    ),
    (
        ["x", "view:wrok"],
        "there is no view `wrok`\n  view:wrok\n  ^\nhint: did you mean `view:w",
    ),
    (["work", "view:uses"], "view `uses`: view `work` uses `uses`, which uses `work`"),
    (["x", '"a'], '`"a` cannot be saved with its quotes'),
    (["x", "+a", "--sort", "size"], "`size` is not a sort key"),
    (["x"], "the view `x` has neither a filter nor an order"),
    (["a:b", "+a"], "`a:b` is not a name for a view"),
    (["--", "-a", "+a"], "`-a` is not a name for a view"),
    (["x" * 101, "+a"], "is not a name for a view"),
    (["none", "+a"], "no view is called `none`"),
    (["x", "a" * 10_001], "the filter has more than 10,000 characters"),
]


def test_what_cannot_be_saved_changes_nothing(four: Todo) -> None:
    four.ok("view", "save", "uses", "view:work")
    before = saved(four)
    for argv, message in REFUSED:
        refused = four("view", "save", *argv)

        assert (refused.code, refused.out) == (2, ""), argv
        assert message in refused.err
    assert saved(four) == before


def test_saving_again_replaces_and_says_what_was(four: Todo) -> None:
    again = four.ok("view", "save", "work", "project:work", "--sort", "priority")
    assert (again.out, again.err) == ("", "saved view work\n")
    changed = four.ok("view", "save", "work", "p:high")
    assert changed.err == (
        "replaced view work; before: todo view save work --filter project:work --sort priority\n"
    )
    assert four.ok("view", "show", "work").rows[:3] == [
        ["name", "work"],
        ["filter", "p:high"],
        ["sort", ""],
    ]


def test_a_view_that_is_not_there(four: Todo) -> None:
    for argv in (["show", "Work"], ["rm", "work", "Work"], ["use", "Work"]):
        refused = four("view", *argv)

        assert (refused.code, refused.out) == (3, "")
        assert refused.err == "error: there is no view `Work`\nhint: did you mean `work`?\n"
    assert [view[0] for view in saved(four)] == ["work"]


def test_there_are_not_more_views_than_a_list_may_show(local: Todo) -> None:
    local.ok("view", "save", "v1", "+a")
    with closing(sqlite3.connect(local.home / "tasks.db")) as store, store:
        names = [(f"v{number}",) for number in range(2, VIEWS_MAX + 1)]
        store.executemany("INSERT INTO views SELECT id, ?, '+a', NULL FROM users", names)

    refused = local("view", "save", "another", "+a")
    assert (refused.code, refused.err.splitlines()[0]) == (
        1,
        f"error: there are {VIEWS_MAX} views already",
    )
    local.ok("view", "save", "v1", "+b")
