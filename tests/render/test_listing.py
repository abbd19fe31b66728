"""What gives way where a table is wider than the terminal, and the four forms of any listing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.render.inspection import print_status
from neontodo.render.listing import Column, Listing, Mode, print_listing, print_pairs
from tests.render.support import (
    HOSTILE,
    HOSTILE_SHOWN,
    Screen,
    odd_text,
    screen,
    unescaped,
    widest,
)

Person = tuple[str, str, str, int]

PEOPLE: list[Person] = [
    ("ann@example.com", "Ann", "2026-11-20", 3),
    ("bartholomew@example.com", "Bartholomew Longname", "2026-11-21", 12),
]

LISTING: Listing[Person] = Listing(
    columns=[
        Column("member", lambda each: each[0], "bold", is_main=True),
        Column("name", lambda each: each[1], rank=2, can_shrink=True),
        Column("tasks", lambda each: str(each[3]), is_number=True),
        Column("since", lambda each: each[2], rank=1),
    ],
    to_json=lambda each: {"email": each[0], "tasks": each[3]},
    to_fields=lambda each: (*each, None, True, ["a", "b"]),
    name=lambda each: each[0],
    none_found="nobody",
    next_step="`todo member add` invites somebody",
)


def printed(people: list[Person], mode: Mode = "table", width: int = 80, **more: Any) -> Screen:
    there = screen(width, terminal=mode == "table")
    print_listing(there.output(mode), people, replace(LISTING, **more))
    return there


def test_a_table_has_heads_a_rule_and_a_foot() -> None:
    assert printed(PEOPLE, foot="{} of 9".format).out == (
        "member                   name                  tasks  since\n"
        f"{'─' * 64}\n"
        "ann@example.com          Ann                       3  2026-11-20\n"
        "bartholomew@example.com  Bartholomew Longname     12  2026-11-21\n"
        "2 of 9\n"
    )


def test_the_highest_rank_shrinks_and_goes_first() -> None:
    heads = [printed(PEOPLE, width=width).lines[0].split() for width in (64, 59, 46, 43, 36)]
    assert heads == [
        ["member", "name", "tasks", "since"],
        ["member", "name", "tasks", "since"],
        ["member", "tasks", "since"],
        ["member", "tasks", "since"],
        ["member", "tasks"],
    ]
    assert "Bartholomew Lo… " in printed(PEOPLE, width=59).out


def test_a_column_that_is_empty_is_left_out() -> None:
    nameless = [(email, "", since, tasks) for email, _, since, tasks in PEOPLE]
    assert printed(nameless).lines[0].split() == ["member", "tasks", "since"]


@pytest.mark.parametrize(
    ("mode", "out", "err"),
    [
        ("table", "", "nobody\nhint: `todo member add` invites somebody\n"),
        ("lines", "", ""),
        ("quiet", "", ""),
        ("json", "[]\n", ""),
    ],
)
def test_nothing_to_list(mode: Mode, out: str, err: str) -> None:
    nothing = printed([], mode)
    assert (nothing.out, nothing.err) == (out, err)


def test_values_in_lines_are_those_of_json() -> None:
    assert printed(PEOPLE[:1], "lines").out == (
        "ann@example.com\tAnn\t2026-11-20\t3\t\ttrue\ta,b\n"
    )
    assert printed(PEOPLE[:1], "quiet").out == "ann@example.com\n"
    assert json.loads(printed(PEOPLE, "json").out)[1] == {"email": PEOPLE[1][0], "tasks": 12}


@given(odd_text, odd_text, st.integers(40, 200))
def test_odd_text_fits_and_reads_back(email: str, name: str, width: int) -> None:
    people = [(email, name, "2026-11-20", 2**53)]
    assert widest(printed(people, width=width).lines) <= width
    fields = printed(people, "lines").out[:-1].split("\t")
    assert [unescaped(field) for field in fields[:2]] == [email, name]


@given(odd_text, st.integers(1, 39))
def test_a_tiny_terminal_is_no_error(name: str, width: int) -> None:
    assert printed([(name, name, name, 1)], width=width).out


def test_pairs_are_what_a_person_or_a_script_reads() -> None:
    facts = {"name": HOSTILE, "email": None, "accepted": True}
    shown = [("name", HOSTILE), ("accepted", "yes")]
    forms = {}
    for mode in ("table", "lines", "json"):
        there = screen(terminal=mode == "table")
        print_pairs(there.output(mode), facts, shown=shown)
        forms[mode] = there.out
    assert forms["table"] == f"name      {HOSTILE_SHOWN}\naccepted  yes\n"
    assert forms["lines"].endswith("\nemail\t\naccepted\ttrue\n")
    assert json.loads(forms["json"]) == facts


def test_the_status_of_an_agent_is_figures_for_a_script_and_words_for_a_person() -> None:
    status = {
        "pid": 7,
        "version": "0.1.0",
        "uptime": 7300.0,
        "commands": 12,
        "memory": None,
        "workers": 1,
        "busy": 0,
        "connections": 1,
    }
    pipe, terminal = screen(terminal=False), screen()
    print_status(pipe.output("lines"), status)
    print_status(terminal.output(), status)
    assert pipe.out == (
        "pid\t7\nversion\t0.1.0\nuptime\t7300.0\ncommands\t12\nmemory\t\nworkers\t1\nbusy\t0\nconnections\t1\n"
    )
    assert terminal.lines == [
        "process     7, todo 0.1.0",
        "uptime      2 hours",
        "commands    12",
        "state       idle",
        "connection  open",
        "",
    ]
