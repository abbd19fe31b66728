"""Lists narrowed by options."""

from __future__ import annotations

import shlex

import pytest

from tests.harness import Todo


@pytest.fixture
def busy(todo: Todo) -> Todo:
    todo.ok("add", "rent", "-P", "home", "-p", "high", "--due", "yesterday", "-t", "pay")
    todo.ok("add", "report", "-P", "work", "-p", "medium", "--due", "today", "-t", "pay", "-t", "x")
    todo.ok("add", "call", "-P", "work", "-p", "low", "--due", "tomorrow")
    todo.ok("add", "think")
    return todo


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ("-P work -P home", "1 2 3"),
        ("-P none -P home", "1 4"),
        ("-p high -p m", "1 2"),
        ("--due overdue --due today", "1 2"),
        ("--due none --due tomorrow", "3 4"),
        ("-t pay -t x", "2"),
        ("-P work -P home --due today --due tomorrow -p low -p none", "3"),
    ],
)
def test_an_option_given_twice_means_any_of_its_values_and_tags_all(
    busy: Todo, options: str, numbers: str
) -> None:
    assert (
        busy.ok("list", *options.split(), "--sort", "number", "-q").out.split() == numbers.split()
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-P WORK", ["no project `WORK`; did you mean `work`?"]),
        ("-P wrok", ["no project `wrok`; did you mean `work`?"]),
        ("-P garden", ["no project `garden`"]),
        ("-t PAY", ["no tag `PAY`; did you mean `pay`?"]),
        (
            "-P Work -P hoem -t payy",
            [
                "no project `Work`; did you mean `work`?",
                "no project `hoem`; did you mean `home`?",
                "no tag `payy`; did you mean `pay`?",
            ],
        ),
        ("-P home --due tomorrow", []),
        ("-P none -p high", []),
        ("-P work -P WORK", []),
    ],
)
def test_a_filter_that_finds_nothing_names_the_projects_and_tags_that_nobody_has(
    busy: Todo, options: str, said: list[str]
) -> None:
    listed = busy.ok("list", *options.split())
    assert listed.err.splitlines() == said
    assert busy.ok("search", "e", *options.split()).err == listed.err
    if "--due" not in options and "-p" not in options.split():
        assert busy.ok("export", *options.split()).err == listed.err


def test_an_export_of_two_projects_has_both(busy: Todo) -> None:
    exported = busy.ok("export", "-P", "work", "-P", "home").json
    assert {task["number"] for task in exported} == {1, 2, 3}


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param([], id="no-words"),
        pytest.param(["--color", "never"], id="an-option-only"),
        pytest.param(["ls", "--sort=-title", "(+a or +b)", "--page", "1"], id="quoted"),
        pytest.param(["search", "--limit=7", "--all", "--", "it's"], id="after-two-dashes"),
    ],
)
def test_the_foot_of_a_page_is_the_command_for_the_next(local: Todo, argv: list[str]) -> None:
    titles = "".join(f"it's {number}\n" for number in range(1, 51))
    local.ok("add", "-", "-t", "a", stdin=titles)
    found: list[int] = []
    while argv or not found:
        *rows, foot = local.ok(*argv, terminal=True).out.splitlines()[2:]
        found += [int(row.split()[0]) for row in rows]
        argv = shlex.split(foot.partition(" more: ")[2])[1:]
    assert (sorted(found), foot.endswith("of 50")) == ([*range(1, 51)], True)


def test_a_page_on_a_terminal_is_as_long_as_limit_or_setting_or_screen(local: Todo) -> None:
    local.ok("add", "-", stdin="\n".join(map(str, range(1, 31))))
    for argv, count in ((), 20), (("--limit", "0"), 30), (("--limit", "25"), 25):
        rows = local.ok("list", *argv, terminal=True).out.splitlines()[2:]
        assert len([row for row in rows if " of " not in row]) == count, argv
    by_setting = local.ok("list", terminal=True, env={"TODO_PAGE_SIZE": "3"}).out.splitlines()
    assert by_setting[5:] == ["3 of 30 · more: todo list --limit 3 --page 2"]


def test_json_of_a_part_says_beside_it_how_many_there_are(busy: Todo) -> None:
    part = busy.ok("list", "-P", "work", "--limit", "1", "--json")
    assert (len(part.json), part.err) == (1, "1 of 2\n")
    assert busy.ok("list", "--limit", "4", "--json").err == ""
    assert busy.ok("list", "--limit", "1").err == ""


def test_done_tasks_alone_are_listed_by_when_they_were_done(todo: Todo) -> None:
    todo.ok("add", "-", stdin="a\nb\nc\nd\ne")
    for numbers in (["2"], ["4", "1"], ["3"]):
        todo.later(hours=1)
        todo.ok("done", *numbers)
    for argv in ("list --done", "list is:done", "list --all done:week", "search is:done"):
        assert todo.ok(*argv.split(), "-q").out.split() == ["3", "1", "4", "2"], argv
        lines = todo.ok(*argv.split(), terminal=True).out.splitlines()
        assert lines[0].split() == ["#", "done", "title"]
        assert lines[2].split() == ["3", "✓", "today", "16:00", "c"]
    sorted_otherwise = todo.ok("list", "--done", "--sort", "title", "-q").out.split()
    assert sorted_otherwise == ["1", "2", "3", "4"]
    by_setting = todo.ok("list", "--done", "-q", env={"TODO_SORT": "title"}).out.split()
    assert by_setting == ["3", "1", "4", "2"]
    assert "done" not in todo.ok("list", "--all", terminal=True).out.splitlines()[0]


def test_a_setting_groups_pending_tasks_by_when_they_are_due(busy: Todo) -> None:
    env = {"TODO_GROUP": "due"}
    for argv in ("", "list", "list is:pending", "list --sort due,title"):
        lines = busy.ok(*argv.split(), terminal=True, env=env).out.splitlines()
        headings = [line for line in lines[2:] if not line[0].isdigit()]
        assert headings == ["overdue", "today", "this week", "no date"], argv
    for argv in ("list --all", "list --sort title", "search e", "list -q", "list --json"):
        plain = busy.ok(*argv.split(), terminal=True)
        assert busy.ok(*argv.split(), terminal=True, env=env) == plain
    assert busy.ok("list", env=env) == busy.ok("list")
    assert busy("list", env={"TODO_GROUP": "project"}).code == 2


@pytest.mark.parametrize(
    "argv",
    ["--count --limit 3", "--count --page 1", "--limit 0 --page 2", "--json --table"],
)
def test_options_that_contradict_each_other_are_refused(local: Todo, argv: str) -> None:
    refused = local("list", *argv.split())
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 2)
