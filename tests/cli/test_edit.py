"""`todo edit` with options."""

from __future__ import annotations

import pytest

from tests.harness import Todo


@pytest.fixture
def used(todo: Todo) -> Todo:
    """A person with a task that has everything, and one that has nothing."""
    fields = ("-d", "fri", "-p", "low", "-P", "home", "-t", "shop")
    todo.ok("add", "Buy milk", "--description", "oat", *fields)
    todo.ok("add", "Call Ann")
    todo.later(minutes=5)
    return todo


EMPTY = "error: the value of `{}` is empty\nhint: {}; is a shell variable empty?\n"


@pytest.mark.parametrize(
    ("argv", "changed", "said"),
    [
        (["--title", " Buy bread "], {"title": "Buy bread"}, " → Buy bread"),
        (
            ["--description", "whole\n[b]grain"],
            {"description": "whole\n[b]grain"},
            " · description oat → whole\\n[b]grain",
        ),
        (["--description", "none"], {"description": None}, " · description oat → none"),
        (
            ["--due", "2026-12-24 17:00"],
            {"due": "2026-12-24T16:00:00Z"},
            " · due Fri 27 Nov → Thu 24 Dec 17:00",
        ),
        (["-d", "tomorrow"], {"due": "2026-11-21"}, " · due Fri 27 Nov → Sat 21 Nov"),
        (["-d", "2027-01-01"], {"due": "2027-01-01"}, " · due Fri 27 Nov → Fri 1 Jan 2027"),
        (["--due", "none"], {"due": None}, " · due Fri 27 Nov → none"),
        (["--due", "Someday"], {"due": None}, " · due Fri 27 Nov → none"),
        (["-p", "high"], {"priority": "high"}, " · priority low → high"),
        (["-p", "none"], {"priority": "none"}, " · priority low → none"),
        (["-P", "work"], {"project": "work"}, " · project home → work"),
        (["--project", "none"], {"project": None}, " · project home → none"),
        (["-t", "b", "-t", "a"], {"tags": ["a", "b", "shop"]}, " · +a +b"),
        (["--untag", "shop", "-t", "b"], {"tags": ["b"]}, " · +b -shop"),
        (["--untag", "shop"], {"tags": []}, " · -shop"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_changes_its_field_alone(
    used: Todo, argv: list[str], changed: dict[str, object], said: str
) -> None:
    before = used.tasks()[0]
    result = used("edit", "1", *argv, terminal=True)
    after = used.tasks()[0]

    assert (result.code, result.out) == (0, "")
    assert result.err == f"edited 1: Buy milk{said}\n"
    assert after == before | changed | {"updated_at": "2026-11-20T12:05:00Z"}


def test_a_pipe_gets_the_tasks_that_changed(used: Todo) -> None:
    result = used("edit", "1,2", "--title", "Same", "-p", "low")

    assert (result.code, result.err) == (
        0,
        "edited 1: Buy milk → Same\nedited 2: Call Ann → Same · priority none → low\n",
    )
    assert result.out == (
        "1\tpending\tlow\t2026-11-27\thome\tshop\tSame\n2\tpending\tlow\t\t\t\tSame\n"
    )
    assert used("edit", "2", "-p", "h", "-q").out == "2\n"
    assert used("edit", "2", "-t", "x", "--json").json == used.tasks()[1:]


def test_what_already_is_so_stays_untouched(used: Todo) -> None:
    before = used.tasks()
    same = used("edit", "1", "-p", "low", "-t", "shop", "--untag", "never")
    mixed = used("edit", "1-2", "-P", "home")

    assert (same.code, same.out, same.err) == (0, "", "nothing to change: 1\n")
    assert mixed.err == "edited 2: Call Ann · project none → home; nothing to change: 1\n"
    assert used.tasks()[0] == before[0]


def test_more_than_five_tasks_are_counted(local: Todo) -> None:
    local.ok("add", "-", stdin="a\n" * 6)

    assert local.ok("edit", "1-5", "-t", "x").err.count(": a · +x\n") == 5
    assert local.ok("edit", "1-6", "-p", "low").err == "edited 6 tasks: 1–6\n"
    assert local.ok("done", "1-3").err == "done 3 tasks: 1–3\n"


def test_a_dry_run_changes_nothing(used: Todo) -> None:
    before = used.tasks()
    result = used("edit", "1-2", "--title", "x", "--dry-run")

    assert (result.code, len(result.rows)) == (0, 2)
    assert result.err == (
        "edited 1: Buy milk → x\nedited 2: Call Ann → x\nthis was a dry run: nothing was changed\n"
    )
    assert used.tasks() == before


def test_one_missing_task_and_nothing_is_changed(used: Todo) -> None:
    before = used.tasks()
    result = used("edit", "1", "9", "--title", "x")

    assert (result.code, result.out) == (3, "")
    assert result.err == "error: no task 9\nhint: `todo list --all` shows every task\n"
    assert used.tasks() == before


@pytest.mark.parametrize(
    ("argv", "err"),
    [
        (["--title", " "], EMPTY.format("--title", "give it a value or leave it out")),
        (["--due", ""], EMPTY.format("--due", "write `none` for no due")),
        (["--description", ""], EMPTY.format("--description", "write `none` for no description")),
        (
            ["--title", "x" * 201],
            "error: the title is longer than 200 characters\n"
            "hint: put the rest into `--description`\n",
        ),
        (["--title", "a\0b"], "error: the title cannot be used: holds a NUL character\n"),
        (
            ["--due", "tomorow"],
            "error: `tomorow` is not a date\nhint: did you mean `tomorrow`?\n",
        ),
        (["-t", "a b"], "error: the tags cannot be used: tag 'a b' holds a space or a comma\n"),
        (["--untag", ""], EMPTY.format("--untag", "give it a value or leave it out")),
        (
            ["-t", "a", "--untag", "a"],
            "error: the tag `a` cannot be both added and removed\n",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_value_that_cannot_be_used_changes_nothing(used: Todo, argv: list[str], err: str) -> None:
    before = used.tasks()
    result = used("edit", "1", "--project", "other", *argv)

    assert (result.code, result.out, result.err) == (2, "", err)
    assert used.tasks() == before


def test_without_options_and_terminal_it_says_what_to_do(used: Todo) -> None:
    result = used("edit", "1")

    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: nothing to change was given\n"
        "hint: for example `--due fri` or `--title TEXT`; `todo edit --help` lists the options\n"
    )


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_words_that_set_fields_of_a_new_task_lead_to_options(local: Todo, terminal: bool) -> None:
    local.ok("add", "Buy milk")
    refused = local("edit", "1", "due:next week", terminal=terminal)

    assert (refused.code, refused.err) == (
        2,
        "error: nothing to change was given\n"
        "hint: `due:next week` chooses tasks; `--due 'next week'` changes them\n",
    )


@pytest.mark.parametrize("argv", [[], ["1", "-p", "urgent"], ["x!", "-p", "low"]], ids=str)
def test_wrong_usage_is_exit_2(used: Todo, argv: list[str]) -> None:
    assert used("edit", *argv).code == 2


def test_a_hostile_title_is_shown_and_not_obeyed(local: Todo) -> None:
    local.ok("add", "one")
    result = local("edit", "1", "--title", "[b]\x1b]0;t\x07\u202e")

    assert result.err == "edited 1: one → [b]\\x1b]0;t\\x07\\u202e\n"
    assert result.rows[0][-1] == "[b]\\x1b]0;t\\x07\\u202e"
