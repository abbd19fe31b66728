"""`todo tags` and `todo projects`."""

from __future__ import annotations

import pytest

from tests.harness import Result, Todo


@pytest.fixture
def tagged(todo: Todo) -> Todo:
    """A person with three tasks, one of them done."""
    todo.ok("add", "Buy milk", "-t", "shop", "-t", "errand", "-P", "home")
    todo.ok("add", "Buy nails", "-t", "shop", "-P", "Büro [red]")
    todo.ok("add", "Rest")
    todo.ok("done", "2")
    return todo


def test_tags_in_a_pipe_are_name_pending_and_done(tagged: Todo) -> None:
    assert tagged("tags") == Result(0, "errand\t1\t0\nshop\t1\t1\n", "")


def test_projects_in_a_pipe_are_name_pending_and_done(tagged: Todo) -> None:
    assert tagged("projects") == Result(0, "Büro [red]\t0\t1\nhome\t1\t0\n", "")


def test_a_terminal_gets_a_table(tagged: Todo) -> None:
    assert tagged("tags", terminal=True, width=40) == Result(
        0,
        "tag     pending  done\n"
        "─────────────────────\n"
        "errand        1     0\n"
        "shop          1     1\n",
        "",
    )
    assert "Büro [red]        0     1\n" in tagged.ok("projects", terminal=True).out


@pytest.mark.parametrize(("command", "name"), [("tags", "errand"), ("projects", "Büro [red]")])
def test_json_has_name_pending_and_done(tagged: Todo, command: str, name: str) -> None:
    first = tagged.ok(command, "--json").json[0]

    assert list(first) == ["name", "pending", "done"]
    assert first["name"] == name


@pytest.mark.parametrize(
    ("command", "names"), [("tags", "errand\nshop\n"), ("projects", "Büro [red]\nhome\n")]
)
def test_quiet_prints_names(tagged: Todo, command: str, names: str) -> None:
    assert tagged(command, "-q") == Result(0, names, "")


@pytest.mark.parametrize("name", ["tag", "project"])
def test_none_is_success(todo: Todo, name: str) -> None:
    todo.ok("add", "Rest")

    assert todo(f"{name}s") == Result(0, "", "")
    assert todo(f"{name}s", "--json") == Result(0, "[]\n", "")
    assert todo(f"{name}s", terminal=True) == Result(0, "", f"no {name}s\n")


@pytest.mark.parametrize("project", ["none", " none "])
def test_none_is_every_task_without_a_project(local: Todo, project: str) -> None:
    local.ok("add", "Buy milk", "--project", "home")
    local.ok("add", "Rest", "--project", project)

    for argv in (["list"], ["search", "Rest"], ["list", "--all"]):
        assert [row[-1] for row in local.ok(*argv, "--project", project).rows] == ["Rest"]


def test_a_tag_that_is_not_utf_8_is_refused(todo: Todo) -> None:
    refused = todo("add", "x", "--tag", "\udcdcber")

    assert refused.code == 2
    assert "is not valid UTF-8" in refused.err
