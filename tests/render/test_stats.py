"""Counts and their chart."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.render.charts import print_stats
from neontodo.render.listing import Mode
from neontodo.tasks.results import Stats
from tests.render.support import Screen, screen, widest

MONDAY = date(2026, 11, 9)
PRIORITIES = (("high", 3), ("medium", 2), ("low", 1), ("none", 17))


def stats(*done: int, first: date = MONDAY) -> Stats:
    days = tuple((first + timedelta(days=n), count) for n, count in enumerate(done))
    sums: Counter[date] = Counter()
    for day, count in days:
        sums[day - timedelta(days=day.weekday())] += count
    weeks = tuple(sums.items())
    return Stats(23, 4, 2, 124, PRIORITIES, days, weeks, tuple((week, 7) for week, _ in weeks))


def printed(shown: Stats, mode: Mode = "table", width: int = 80, encoding: str = "utf-8") -> Screen:
    there = screen(width, terminal=mode == "table", encoding=encoding)
    print_stats(there.output(mode), shown)
    return there


def test_a_terminal_gets_a_chart() -> None:
    assert printed(stats(0, 1, 2, 5, 0, 10, 0, 3, 4), width=40).out == (
        "pending        23  high   !!!       3\n"
        "overdue         4  medium !!        2\n"
        "due today       2  low    !         1\n"
        "done          124  none            17\n"
        "\n"
        "      done per day\n"
        "   10           ██\n"
        "                ██\n"
        "            ▄▄  ██\n"
        "            ██  ██   ▄▄██\n"
        "        ▄▄████  ██   ████\n"
        "    0 ────────────── ──────────────\n"
        "week  11-09          11-16\n"
        "done  18             7\n"
        "added 7              7\n"
    )


def test_days_without_a_done_task_need_no_chart() -> None:
    assert printed(stats(0, 0, 0)).lines[5:] == ["week  11-09", "done  0", "added 7", ""]


@pytest.mark.parametrize(("width", "weeks"), [(40, 4), (60, 6), (80, 8), (132, 8), (200, 8)])
def test_the_newest_weeks_that_fit_are_drawn(width: int, weeks: int) -> None:
    labels = printed(stats(*[1] * 54, first=MONDAY - timedelta(weeks=6)), width=width).lines[-4]
    assert len(labels.split()) == 1 + weeks
    assert labels.endswith("11-16")


def test_ascii_terminals_get_a_chart_too() -> None:
    out = printed(stats(1, 2, 3), encoding="ascii").out
    assert "    3     ##\n" in out
    assert "    0 --------------\n" in out


def test_lines_are_paths_and_numbers() -> None:
    assert printed(stats(0, 1), "lines").out == (
        "pending\t23\noverdue\t4\ndue_today\t2\ndone\t124\n"
        "by_priority.high\t3\nby_priority.medium\t2\nby_priority.low\t1\nby_priority.none\t17\n"
        "done_per_day.2026-11-09\t0\ndone_per_day.2026-11-10\t1\n"
        "done_per_week.2026-W46\t1\nadded_per_week.2026-W46\t7\n"
        "waiting\t0\n"
    )


def test_json_is_one_object() -> None:
    assert json.loads(printed(stats(0, 1), "json").out) == {
        "pending": 23,
        "overdue": 4,
        "due_today": 2,
        "done": 124,
        "by_priority": {"high": 3, "medium": 2, "low": 1, "none": 17},
        "done_per_day": {"2026-11-09": 0, "2026-11-10": 1},
        "done_per_week": {"2026-W46": 1},
        "added_per_week": {"2026-W46": 7},
        "waiting": 0,
    }


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=60),
    st.integers(0, 6),
    st.integers(40, 200),
)
def test_no_line_is_wider_than_the_terminal(done: list[int], start: int, width: int) -> None:
    shown = stats(*done, first=MONDAY + timedelta(days=start))
    assert widest(printed(shown, width=width).lines) <= width
