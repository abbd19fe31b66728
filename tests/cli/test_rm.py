"""`todo rm`."""

from __future__ import annotations

import pytest

from tests.harness import Todo

NOBODY_TO_ASK = (
    "error: this needs confirmation, and there is no terminal to ask on\nhint: pass `--yes`\n"
)


@pytest.fixture
def three(todo: Todo) -> Todo:
    """A person with three tasks."""
    todo.ok("add", "-", stdin="Buy milk\nCall [red]Ann[/red]\nRest\x1b[2J\n")
    return todo


def titles(todo: Todo) -> list[str]:
    return [task["title"] for task in todo.tasks()]


def test_a_terminal_is_asked_and_yes_removes(three: Todo) -> None:
    result = three("rm", "1", terminal=True, stdin="y\n")

    assert (result.code, result.out) == (0, "")
    assert result.err == "remove 1: Buy milk? [y/N] removed 1: Buy milk\n"
    assert titles(three) == ["Call [red]Ann[/red]", "Rest\x1b[2J"]


def test_of_several_tasks_the_titles_are_shown_first(three: Todo) -> None:
    result = three("rm", "3,2", terminal=True, stdin="YES\n")

    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "3  Rest\\x1b[2J\n"
        "2  Call [red]Ann[/red]\n"
        "remove these 2 tasks? [y/N] removed 2 tasks: 2, 3\n"
    )


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "no\n", "yesterday\n"], ids=repr)
def test_anything_but_yes_removes_nothing(three: Todo, answer: str) -> None:
    result = three("rm", "1", terminal=True, stdin=answer)

    end = "" if answer.endswith("\n") else "\n"
    assert (result.code, result.out) == (1, "")
    assert result.err == f"remove 1: Buy milk? [y/N] {end}nothing was changed\n"
    assert len(titles(three)) == 3


def test_many_titles_are_not_all_shown(local: Todo) -> None:
    local.ok("add", "-", stdin="".join(f"task {n}\n" for n in range(1, 26)))
    result = local("rm", "1-25", terminal=True, stdin="n\n")

    assert result.err.count("task ") == 5
    assert "5  task 5\nand 20 more\nremove these 25 tasks? [y/N] nothing was changed" in result.err


def test_without_a_terminal_it_takes_a_yes(three: Todo) -> None:
    refused = three("rm", "1-2", stdin="y\n")
    removed = three("rm", "1-2", "--yes")

    assert (refused.code, refused.out, refused.err) == (2, "", NOBODY_TO_ASK)
    assert (removed.code, removed.err) == (0, "removed 2 tasks: 1, 2\n")
    assert removed.out == (
        "1\tpending\tnone\t\t\t\tBuy milk\n2\tpending\tnone\t\t\t\tCall [red]Ann[/red]\n"
    )
    assert titles(three) == ["Rest\x1b[2J"]


def test_a_dry_run_needs_no_yes(three: Todo) -> None:
    result = three("rm", "1", "--dry-run")

    assert (result.code, result.out) == (0, "1\tpending\tnone\t\t\t\tBuy milk\n")
    assert result.err == "removed 1: Buy milk\nthis was a dry run: nothing was changed\n"
    assert len(titles(three)) == 3


def test_what_was_removed_is_printed_as_asked(three: Todo) -> None:
    whole = three.tasks()

    assert three("rm", "1", "-y", "--json").json == whole[:1]
    assert three("rm", "2-3", "-y", "-q").out == "2\n3\n"


@pytest.mark.parametrize("argv", [["1", "9"], ["9", "-y"], ["1,9", "--dry-run"]], ids=str)
def test_one_missing_task_and_nothing_is_removed(three: Todo, argv: list[str]) -> None:
    result = three("rm", *argv, terminal=True, stdin="y\n")

    assert (result.code, result.out) == (3, "")
    assert result.err == "error: no task 9\nhint: `todo list --all` shows every task\n"
    assert len(titles(three)) == 3


@pytest.mark.parametrize("argv", [[], ["milk"], ["3-1"], ["1", "--force"]], ids=str)
def test_wrong_usage_is_exit_2(three: Todo, argv: list[str]) -> None:
    assert three("rm", *argv, "--yes").code == 2
    assert len(titles(three)) == 3


def test_a_removed_number_is_never_given_again(three: Todo) -> None:
    three.ok("rm", "3", "-y")
    three.ok("add", "next")

    assert [task["number"] for task in three.tasks()] == [1, 2, 4]
