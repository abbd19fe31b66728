"""Filters on the command line: what they list is what they change, and nothing by accident."""

from __future__ import annotations

import json
from itertools import cycle

import pytest

from tests.harness import Todo

FIVE = [
    {"title": "Buy milk", "tags": ["home"], "due": "2026-11-19"},
    {"title": "Fix login", "tags": ["urgent"], "project": "work.api", "due": "2026-11-27"},
    {"title": "Plan", "project": "work", "priority": "high"},
    {"title": "Milk the cow", "project": "Food and more"},
    {"title": "Old milk", "tags": ["home"], "completed": True},
]


@pytest.fixture
def five(todo: Todo) -> Todo:
    """A person with five tasks, the last one done."""
    todo.ok("import", "-", stdin=json.dumps(FIVE))
    return todo


SETS = {
    ("+home",): [1],
    ("+home", "status:any"): [1, 5],
    ("project:work",): [2, 3],
    ("project:=work",): [3],
    ("project:Food and more",): [4],
    ("is:today",): [1],
    ("not", "project:any"): [1],
    ("(+home or p:high)",): [1, 3],
    ("text:milk", "not", "+home"): [4],
    ("--filter", "+home or +urgent", "due:any"): [1, 2],
    ("done:today",): [5],
}


def test_a_list_and_what_is_changed_are_one_set(five: Todo) -> None:
    changing = cycle((["edit", "--title", "new"], ["toggle"], ["rm"]))
    for (words, numbers), command in zip(SETS.items(), changing, strict=False):
        listed = five.ok("list", *words, "-q", "--sort", "number").out.split()
        counted = five.ok("list", *words, "--count", "--json").json

        assert [int(number) for number in listed] == numbers, words
        assert counted == {"count": len(numbers)}, words
        assert five.ok(*command, *words, "--dry-run", "-q").out.split() == listed, words


@pytest.fixture
def waiting(todo: Todo) -> Todo:
    """A person with four tasks: two wait, of which one has been done."""
    tasks = [
        {"title": "Now", "tags": ["a"], "start": "2026-11-20"},
        {"title": "Later", "tags": ["a"], "start": "2026-11-21"},
        {"title": "At one", "due": "2026-11-20", "start": "2026-11-20T13:00:00Z"},
        {"title": "Done early", "tags": ["a"], "start": "2026-12-01", "completed": True},
    ]
    todo.ok("import", "-", stdin=json.dumps(tasks))
    return todo


WAITING: dict[tuple[str, ...], list[int]] = {
    ("+a",): [1],
    ("is:today",): [],
    ("is:waiting",): [2, 3],
    ("status:waiting", "+a"): [2],
    ("not", "is:waiting"): [1],
    ("is:ready",): [1],
    ("start:any",): [1, 2, 3],
    ("start:tomorrow",): [2],
    ("is:pending",): [1, 2, 3],
    ("+a", "status:any"): [1, 2, 4],
    ("+a", "--all"): [1, 2, 4],
    ("done:any",): [4],
    ("done:none",): [1],
    ("not", "done:any"): [1],
    ("done:none", "or", "done:any"): [1, 4],
    ("not", "is:done"): [1, 2, 3],
}


def test_what_waits_is_neither_listed_nor_changed_unless_it_is_asked_for(waiting: Todo) -> None:
    changing = cycle((["done"], ["edit", "--title", "new"], ["toggle"], ["rm"]))
    for (words, numbers), command in zip(WAITING.items(), changing, strict=False):
        listed = waiting.ok("list", *words, "-q", "--sort", "number").out.split()

        assert [int(number) for number in listed] == numbers, words
        assert waiting.ok("list", *words, "--count").out == f"{len(numbers)}\n", words
        if "done" not in command:
            assert waiting.ok(*command, *words, "--dry-run", "-q").out.split() == listed, words
    assert waiting.ok("list", "-q").out == "1\n"
    assert [task["number"] for task in waiting.ok("list", "--json").json] == [1]
    assert waiting.ok("done", "--all", "--dry-run", "-q").out.split() == ["1", "2", "3"]
    assert waiting.ok("undone", "+a", "--dry-run", "-q").out == "4\n"


def test_what_waits_is_found_exported_counted_and_named(waiting: Todo) -> None:
    assert waiting.ok("search", "later", "-q").out == "2\n"
    assert [task["number"] for task in waiting.ok("export", "-", "+a").json] == [1, 2, 4]
    stats = waiting.ok("stats", "--json").json
    assert (stats["pending"], stats["waiting"]) == (3, 2)
    assert waiting.ok("done", "2", "-q").out == "2\n"


def test_a_list_says_how_many_of_its_tasks_wait(waiting: Todo) -> None:
    assert waiting.ok("list", terminal=True).out.endswith("\n2 waiting\n")
    assert waiting.ok("list", "+a", terminal=True).out.endswith("\n1 waiting\n")
    assert waiting.ok("list", "--table").out.endswith("\n2 waiting\n")
    assert "waiting" not in waiting.ok("list", "--all", terminal=True).out

    empty = waiting.ok("list", "--search", "later", terminal=True)
    assert empty.err == "no tasks match; 1 waiting\nhint: add `is:waiting` to see what waits\n"
    waiting.ok("done", "1")
    empty = waiting.ok("list", terminal=True)
    assert empty.err.startswith("nothing to do now; 2 waiting\nhint: `todo list is:waiting`")


def test_a_start_is_set_shown_cleared_and_undone(todo: Todo) -> None:
    todo.ok("add", "Renew", "--start", "+3d")
    assert "waiting until mon" in todo.ok("show", "1", terminal=True).out
    todo.ok("edit", "1", "--start", "none")
    assert todo.ok("list", "-q").out == "1\n"
    assert todo.ok("undo").err.startswith("undone: start date of 1 (Renew) restored")
    assert todo.ok("list", "-q").out == ""
    assert todo("add", "x", "--start", "soonish").code == 2


def test_a_start_after_the_due_is_warned_of(todo: Todo) -> None:
    late = todo.ok("add", "x", "--due", "tomorrow", "--start", "+2d")
    assert late.err.endswith("start Sun 22 Nov\nwarning: task 1 starts after it is due\n")
    assert "warning" not in todo.ok("edit", "1", "--start", "tomorrow 17:00").err
    todo.ok("edit", "1", "--due", "tomorrow 16:00", "--start", "none")
    assert "starts after" in todo.ok("edit", "1", "--start", "tomorrow 17:00", "-q").err


def test_options_narrow_what_a_filter_says(five: Todo) -> None:
    assert five.ok("list", "-P", "work", "p:high", "-q").out == "3\n"


def test_search_ranks_the_words_and_filters_by_the_rest(five: Todo) -> None:
    assert five.ok("search", "milk", "-q").out.split() == ["4", "1", "5"]
    assert five.ok("search", "milk", "+home", "-q").out.split() == ["1", "5"]


def test_an_export_is_narrowed(five: Todo) -> None:
    exported = five.ok("export", "-", "+home", "is:done").json

    assert [task["number"] for task in exported] == [5]


def test_counts_and_the_log_are_narrowed(five: Todo) -> None:
    assert five.ok("tags", "is:pending").rows == [["home", "1", "0"], ["urgent", "1", "0"]]
    assert five.ok("projects", "project:work").rows == [["work", "1", "0"], ["work.api", "1", "0"]]
    assert five.ok("stats", "+home", "--json").json["pending"] == 1
    assert {row[2] for row in five.ok("log", "+home").rows} == {"1", "5"}
    assert {row[2] for row in five.ok("log", "1-4", "+home").rows} == {"1"}


def test_a_filter_changes_what_it_lists_in_one_command(five: Todo) -> None:
    done = five.ok("done", "project:work", "--yes", "-q")
    assert done.out.split() == ["2", "3"]

    five.ok("undo")
    assert five.ok("list", "project:work", "--count").out == "2\n"


def test_a_reference_beside_a_filter_narrows_it(five: Todo) -> None:
    assert five.ok("done", "1-2", "project:work", "--yes", "-q").out.split() == ["2"]


def test_a_person_is_asked_and_shown_the_first_five(todo: Todo) -> None:
    todo.ok("add", "-", "-t", "a", stdin="".join(f"task {n}\n" for n in range(1, 8)))
    refused = todo("done", "+a", terminal=True, stdin="n\n")
    done = todo("done", "+a", terminal=True, stdin="y\n")

    assert refused.code == 1
    assert "5  task 5\nand 2 more\ncomplete these 7 tasks? [y/N] " in refused.err
    assert done.code == 0
    assert todo.ok("list", "-q").out == ""


def test_without_a_terminal_a_filter_takes_a_yes(five: Todo) -> None:
    refused = five("done", "+home", stdin="y\n")

    assert (refused.code, refused.out) == (2, "")
    assert "pass `--yes`" in refused.err
    assert five.ok("list", "+home", "--count").out == "1\n"


def test_a_reference_beside_a_filter_must_name_a_task(five: Todo) -> None:
    assert five("done", "99", "+home", "--yes").code == 3


def test_undone_takes_what_is_done(five: Todo) -> None:
    assert five.ok("undone", "+home", "--yes", "-q").out == "5\n"
    assert five.ok("list", "not", "is:pending", "--count").out == "0\n"


def test_a_name_that_nobody_has_is_said_where_nothing_changes(five: Todo) -> None:
    assert five("rm", "project:wrk", "--yes").err == (
        "no project `wrk`; did you mean `work`?\nno tasks match\n"
    )


def test_a_password_in_a_filter_is_not_repeated(local: Todo) -> None:
    local.ok("add", "x")
    said = local.ok("list", "project:postgresql://ann:s3cret@host/db").err

    assert said.startswith("no project `postgresql://…")
    assert "s3cret" not in said


def test_a_filter_in_one_argument_is_told_where_it_goes(five: Todo) -> None:
    result = five("list", "+home or p:high")
    assert result.code == 2
    assert "--filter" in result.err


def test_no_match_is_success(five: Todo) -> None:
    result = five("rm", "+nothing", "--yes")

    assert (result.code, result.out, result.err) == (0, "", "no tag `nothing`\nno tasks match\n")


def test_the_exit_code_says_whether_something_was_found(five: Todo) -> None:
    assert five("list", "--exit-code", "is:overdue").code == 1
    assert five("list", "--exit-code", "+nothing").code == 0
    assert five("list", "--exit-code", "due:nonsense").code == 2


def test_plain_words_change_nothing_and_show_the_candidates(five: Todo) -> None:
    result = five("done", "milk", "--yes")

    assert result.code == 2
    assert "`milk` names no task" in result.err
    assert "Buy milk" in result.err
    assert "Milk the cow" in result.err
    assert "Old milk" not in result.err
    assert "`text:milk`" in result.err


def test_the_only_title_that_matches_is_offered(five: Todo) -> None:
    result = five("done", "fix", "login", terminal=True, stdin="y\n")

    assert result.err.startswith("complete 2: Fix login? [y/N] done 2: Fix login\n")
    assert five("undone", "old", terminal=True, stdin="n\n").err.startswith("reopen 5: Old milk?")


def test_every_task_takes_all(five: Todo) -> None:
    assert five("rm", "status:any", "--yes").code == 2
    assert five("rm", "+home", "or", "status:any", "--yes").code == 2
    assert five("rm", "--yes").code == 2
    assert five.ok("rm", "--all", "--yes", "-q").out.split() == ["1", "2", "3", "4", "5"]


UNSET: tuple[list[str], ...] = (
    ["project:"],
    ["+home", "project:"],
    ["not", "project:="],
    ["tag:"],
    ["due:"],
    ["p:"],
    ["number:"],
    ["text:"],
    ["is:"],
    ["+home", ""],
    [""],
    ["+"],
    ["not", "+"],
    ["--filter", ""],
    ["(project: or +home)"],
    [],
)


def test_a_variable_that_is_not_set_changes_nothing(five: Todo) -> None:
    before = five.ok("export").out

    for command in ("done", "undone", "toggle", "rm", "edit --due today"):
        for words in UNSET:
            assert five(*command.split(), *words, "--yes").code == 2, (command, words)
    assert five.ok("export").out == before


def test_today_is_what_is_due_today_or_overdue(five: Todo) -> None:
    five.ok("add", "Call Ann", "--due", "today")

    assert five.ok("today", "-q").out.split() == ["1", "6"]
    assert five.ok("today", "+home", "--count").out == "1\n"


def test_the_commands_of_a_day_have_short_names(todo: Todo) -> None:
    todo.ok("a", "milk")
    todo.ok("e", "1", "--title", "tea")
    assert todo.ok("ls", "-q").out == "1\n"
    assert todo.ok("d", "1").err == "done 1: tea\n"


def test_the_place_that_is_wrong_is_marked(five: Todo) -> None:
    result = five("list", "+home", "prio:high")

    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: `prio:` is not a key of filters\n"
        "  +home prio:high\n"
        "        ^\n"
        "hint: did you mean `priority:`? `text:prio:high` looks for it as text\n"
    )


def test_ten_thousand_terms_are_refused_in_a_line(five: Todo) -> None:
    result = five("list", *["+a"] * 10_000)

    assert result.code == 2
    assert len(result.err.splitlines()) == 2


def test_a_filter_of_many_terms_is_answered(five: Todo) -> None:
    either = " or ".join(f"+t{n}" for n in range(1200))
    neither = " ".join(f"not +t{n}" for n in range(1200))

    assert five.ok("list", "--filter", f"+home or {either}", "--count").out == "1\n"
    assert five.ok("list", "--filter", f"+home {neither}", "--count").out == "1\n"
