"""Tags and projects with their counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.render.charts import print_counts
from neontodo.render.listing import Mode
from neontodo.tasks.results import Count
from tests.render.support import HOSTILE, HOSTILE_SHOWN, Screen, odd_text, screen, unescaped, widest

COUNTS = [Count("house", 3, 14), Count("家の仕事", 12, 0)]


def printed(counts: list[Count], mode: Mode = "table", width: int = 80) -> Screen:
    there = screen(width, terminal=mode == "table")
    print_counts(there.output(mode), counts, name="project")
    return there


def test_a_terminal_gets_a_table() -> None:
    assert printed(COUNTS).out == (
        "project   pending  done\n"
        "───────────────────────\n"
        "house           3    14\n"
        "家の仕事       12     0\n"
    )


@pytest.mark.parametrize(
    ("mode", "out"),
    [
        ("lines", "house\t3\t14\n家の仕事\t12\t0\n"),
        ("quiet", "house\n家の仕事\n"),
        (
            "json",
            '[\n{"name": "house", "pending": 3, "done": 14},\n'
            '{"name": "\\u5bb6\\u306e\\u4ed5\\u4e8b", "pending": 12, "done": 0}\n]\n',
        ),
    ],
)
def test_a_pipe_gets_data(mode: Mode, out: str) -> None:
    assert printed(COUNTS, mode).out == out


@pytest.mark.parametrize(
    ("mode", "out", "err"),
    [
        ("table", "", "no projects\n"),
        ("lines", "", ""),
        ("quiet", "", ""),
        ("json", "[]\n", ""),
    ],
)
def test_nothing_to_count(mode: Mode, out: str, err: str) -> None:
    nothing = printed([], mode)
    assert (nothing.out, nothing.err) == (out, err)


def test_a_hostile_name_stays_text() -> None:
    assert HOSTILE_SHOWN in printed([Count(HOSTILE, 1, 1)]).out


@given(odd_text, st.integers(40, 200))
def test_odd_names_fit_and_read_back(name: str, width: int) -> None:
    counts = [Count(name, 1, 2)]
    assert widest(printed(counts, width=width).lines) <= width
    line = printed(counts, "lines").out
    assert [unescaped(column) for column in line[:-1].split("\t")] == [name, "1", "2"]
