"""Commands with more words than either engine takes parameters, or nests conditions."""

from __future__ import annotations

import random

import pytest

from neontodo.tasks.queries.filter_sql import FEW
from tests.harness import Todo

TOO_DEEP = 1100
"""So many conditions joined by OR or AND are refused by SQLite."""

TOO_MANY = 15_000


def test_a_thousand_references_are_taken(todo: Todo) -> None:
    todo.ok("add", "-", stdin="one\ntwo\nthree\n")
    references = [f"1-{n}" for n in range(1, TOO_DEEP)] + ["0" * n + "3" for n in range(TOO_DEEP)]

    for command in (("done",), ("undone",), ("toggle",), ("edit", "-p", "high")):
        assert todo.ok(*command, *references, "-q").out.split() == ["1", "2", "3"]
    assert len(todo.ok("log", *references, "--json").json) == 15
    assert todo.ok("rm", "--yes", *references, "-q").out.split() == ["1", "2", "3"]
    assert len(todo.ok("log", *references, "--json").json) == 18
    todo.ok("undo")
    assert len(todo.tasks()) == 3
    assert "no task 4" in todo("done", *references, "4").err


@pytest.mark.slow
def test_references_by_the_ten_thousand_are_taken(todo: Todo) -> None:
    todo.ok("add", "-", stdin="\n".join(f"task {n}" for n in range(2 * TOO_MANY)))
    chosen = todo.tasks()[::2]
    numbers = [str(task["number"]) for task in chosen]
    ids = [task["id"] for task in chosen]
    mixed = [*numbers[::2], *ids[1::2]]
    random.Random(1).shuffle(mixed)

    for command, references in (
        (("done",), numbers),
        (("edit", "-p", "high"), mixed),
        (("rm", "--yes"), ids),
    ):
        found = todo.ok(*command, *references, "-q").out.split()
        assert sorted(found, key=int) == numbers
    # Added, done, edited and removed.
    assert len(todo.ok("log", *mixed, "--json").json) == 4 * TOO_MANY
    todo.ok("undo")
    assert len(todo.tasks()) == 2 * TOO_MANY


# A filter of as many tags is tried in test_filters.py.
@pytest.mark.parametrize("command", ["search", pytest.param("list", marks=pytest.mark.slow)])
def test_more_words_and_tags_than_conditions_may_be_nested_are_all_looked_for(
    todo: Todo, command: str
) -> None:
    tags = [f"t{n}" for n in range(TOO_DEEP)]
    todo.ok("add", "other", "-t", "t0")
    todo.ok("add", "found", *(word for tag in tags for word in ("-t", tag)))

    before = () if command == "search" else ("-t",)
    words = [command, *(word for tag in tags for word in (*before, tag))]
    assert todo.ok(*words, "--limit", "1", "-q").out.split() == ["2"]
    assert todo.ok(*words, *before, "absent").out == ""


def test_many_words_are_ranked_as_few_are(todo: Todo) -> None:
    words = [first + second for first in "abcdef" for second in "ghijklmnop"]
    todo.ok("add", "in the description", "--description", " ".join(words))
    todo.ok("add", "".join(words))
    todo.ok("add", " ".join(words))

    assert len(words) > FEW
    assert todo.ok("search", *words, "-q").out == todo.ok("search", *words[:9], "-q").out
    assert todo.ok("search", *words, "-q").out.split() == ["3", "2", "1"]
