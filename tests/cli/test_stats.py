"""`todo stats`."""

from __future__ import annotations

import pytest

from tests.harness import Result, Todo

CHART = """\
pending         4  high   !!!       1
overdue         1  medium !!        0
due today       1  low    !         1
done            2  none             2

    done per day
  1                                                            ██
                                                               ██
                                                               ██
                                                               ██
                                                               ██
  0 ─────── ─────── ─────── ─────── ─────── ─────── ─────── ───────
    09-28   10-05   10-12   10-19   10-26   11-02   11-09   11-16
"""


@pytest.fixture
def busy(todo: Todo) -> Todo:
    """A person with six tasks, of which one was done yesterday and one today."""
    todo.ok("add", "late", "--due", "2026-11-19", "-p", "high")
    todo.ok("add", "today", "--due", "today", "-p", "low")
    todo.ok("add", "-", stdin="one\ntwo\nthree\nfour\n")
    todo.ok("done", "5")
    todo.later(days=-1)
    todo.ok("done", "6")
    todo.later(days=1)
    return todo


def test_a_terminal_gets_counts_and_a_chart(busy: Todo) -> None:
    assert busy("stats", terminal=True, width=72) == Result(0, CHART, "")


def test_json_has_every_count_and_each_day_of_eight_weeks(busy: Todo) -> None:
    found = busy.ok("stats", "--json").json

    assert list(found) == [
        "pending", "overdue", "due_today", "done", "by_priority", "done_per_day",
    ]  # fmt: skip
    assert [found[name] for name in list(found)[:4]] == [4, 1, 1, 2]
    assert found["by_priority"] == {"high": 1, "medium": 0, "low": 1, "none": 2}
    assert list(found["done_per_day"].items())[-2:] == [("2026-11-19", 1), ("2026-11-20", 1)]
    assert next(iter(found["done_per_day"])) == "2026-09-28"


def test_a_pipe_gets_key_and_value_lines(busy: Todo) -> None:
    rows = busy.ok("stats").rows

    assert rows[:5] == [
        ["pending", "4"],
        ["overdue", "1"],
        ["due_today", "1"],
        ["done", "2"],
        ["by_priority.high", "1"],
    ]
    assert rows[-1] == ["done_per_day.2026-11-20", "1"]


def test_an_empty_store_has_zeros_and_no_chart(todo: Todo) -> None:
    assert "done per day" not in todo.ok("stats", terminal=True).out
    assert todo.ok("stats", "--json").json["pending"] == 0
