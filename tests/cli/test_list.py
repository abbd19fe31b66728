"""Lists narrowed by options."""

from __future__ import annotations

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
