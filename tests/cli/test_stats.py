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
week  09-28   10-05   10-12   10-19   10-26   11-02   11-09   11-16
done  0       0       0       0       0       0       0       2
added 0       0       0       0       0       0       0       6
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
        "done_per_week", "added_per_week",
        "waiting",
    ]  # fmt: skip
    assert [found[name] for name in list(found)[:4]] == [4, 1, 1, 2]
    assert found["by_priority"] == {"high": 1, "medium": 0, "low": 1, "none": 2}
    assert list(found["done_per_day"].items())[-2:] == [("2026-11-19", 1), ("2026-11-20", 1)]
    assert next(iter(found["done_per_day"])) == "2026-09-28"
    assert list(found["done_per_week"].items())[-2:] == [("2026-W46", 0), ("2026-W47", 2)]
    assert list(found["added_per_week"].items())[-2:] == [("2026-W46", 0), ("2026-W47", 6)]
    assert len(found["added_per_week"]) == 8


def test_a_pipe_gets_key_and_value_lines(busy: Todo) -> None:
    rows = busy.ok("stats").rows

    assert rows[:5] == [
        ["pending", "4"],
        ["overdue", "1"],
        ["due_today", "1"],
        ["done", "2"],
        ["by_priority.high", "1"],
    ]
    assert rows[-18] == ["done_per_day.2026-11-20", "1"]
    assert rows[-2:] == [["added_per_week.2026-W47", "6"], ["waiting", "0"]]


def test_an_empty_store_has_zeros_and_no_chart(todo: Todo) -> None:
    out = todo.ok("stats", terminal=True).out
    assert "done per day" not in out
    assert "week" not in out
    assert todo.ok("stats", "--json").json["pending"] == 0
