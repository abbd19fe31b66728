"""What happened, in words and for machines."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.render.listing import Mode
from neontodo.render.log import print_log
from neontodo.tasks.results import LogEntry
from tests.render.support import (
    HOSTILE,
    HOSTILE_SHOWN,
    NOW,
    Screen,
    odd_text,
    screen,
    unescaped,
    widest,
)

COMMANDS = [uuid.UUID(int=number) for number in range(10)]


def entry(seq: int, kind: str = "create", *, command: int = 0, **fields: Any) -> LogEntry:
    given: dict[str, Any] = {
        "at": NOW + timedelta(minutes=seq),
        "reverts": None,
        "machine": "laptop",
        "task_id": uuid.UUID(int=99),
        "number": 12,
        "title": "Buy milk",
        "before": None,
        "after": None,
    }
    return LogEntry(seq=seq, kind=kind, command_id=COMMANDS[command or seq], **given | fields)


def updated(before: dict[str, Any], after: dict[str, Any], **fields: Any) -> LogEntry:
    return entry(1, "update", before=before, after=after, **fields)


def printed(entries: list[LogEntry], mode: Mode = "table", width: int = 80) -> Screen:
    there = screen(width, terminal=mode == "table")
    print_log(there.output(mode), entries, is_asked=True)
    return there


def test_a_table_tells_what_happened_to_which_task() -> None:
    other: dict[str, Any] = {
        "task_id": uuid.UUID(int=98),
        "number": 3,
        "title": "買い物",
        "command": 4,
    }
    entries = [
        entry(5, "update", command=4, before={"completed": False}, after={"completed": True}),
        entry(4, "update", before={"completed": False}, after={"completed": True}, **other),
        entry(2, "delete", before={"title": "Buy milk"}),
        entry(1, after={"title": "Buy milk"}),
    ]
    assert printed(entries, width=60).out == (
        "when               #  task      what\n"
        f"{'─' * 39}\n"
        "2026-11-20 20:35  12  Buy milk  done\n"
        "                   3  買い物    done\n"
        "2026-11-20 20:32  12  Buy milk  removed\n"
        "2026-11-20 20:31  12  Buy milk  added\n"
    )


def test_one_tasks_log_does_not_repeat_its_name() -> None:
    assert printed([entry(1)]).out == (
        "when              what\n───────────────────────\n2026-11-20 20:31  added\n"
    )


def test_several_machines_are_told_apart() -> None:
    lines = printed([entry(2, machine="server"), entry(1)]).lines
    assert lines[2:4] == [
        "2026-11-20 20:32  server   added",
        "2026-11-20 20:31  laptop   added",
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param({"completed": True}, {"completed": False}, ["pending again"], id="pending"),
        pytest.param({"title": "Buy mlk"}, {"title": "Buy milk"}, ["title: Buy mlk → Buy milk"]),
        pytest.param({"project": None}, {"project": "house"}, ["project: none → house"]),
        pytest.param(
            {"priority": "none"}, {"priority": "high"}, ["priority: none → high"], id="priority"
        ),
        pytest.param(
            {"tags": {"added": ["b"], "removed": ["a", "c"]}},
            {"tags": {"added": ["a", "c"], "removed": ["b"]}},
            ["+a +c -b"],
            id="tags",
        ),
        pytest.param({"due": "2026-11-20"}, {"due": None}, ["due: 2026-11-20 → none"], id="due"),
        pytest.param(
            {"due": "2026-11-20"},
            {"due": "2026-11-20T16:00:00Z"},
            ["due: 2026-11-20 → 2026-11-20 17:00"],
            id="due-time",
        ),
        pytest.param({"extra": None}, {"extra": {"k": 1}}, ["extra changed"], id="extra"),
        pytest.param({"number": 1}, {"number": 2}, ["changed"], id="anything-else"),
        pytest.param(
            {"title": "a", "priority": "low"},
            {"title": HOSTILE, "priority": "none"},
            [rf"title: a → {HOSTILE_SHOWN}", "priority: low → none"],
            id="hostile",
        ),
    ],
)
def test_changes_are_told_field_by_field(
    before: dict[str, Any], after: dict[str, Any], told: list[str]
) -> None:
    lines = printed([updated(before, after)], width=100).lines[2:-1]
    assert [line[18:] for line in lines] == told


def test_undo_and_redo_are_told() -> None:
    entries = [
        entry(4, reverts=COMMANDS[3]),
        entry(3, "delete", reverts=COMMANDS[9], redo=True),
        entry(2, reverts=COMMANDS[9]),
    ]
    assert [line[18:] for line in printed(entries).lines[2:-1]] == [
        "undo: restored",
        "redo: removed",
        "undo: restored",
    ]


def test_lines_have_five_columns() -> None:
    tags, gone = {"added": ["a"], "removed": []}, {"added": [], "removed": ["a"]}
    entries = [
        entry(3, "delete", number=None, before={"title": "Buy milk"}),
        updated({"title": "a\tb", "tags": gone}, {"title": 'c"\\', "tags": tags}),
    ]
    assert printed(entries, "lines").out == (
        '2026-11-20T19:33:00Z\t3\t\tdelete\t{"title":["Buy milk",null]}\n'
        '2026-11-20T19:31:00Z\t1\t12\tupdate\t{"title":["a\\\\tb","c\\\\"\\\\\\\\"],'
        '"tags":{"added":["a"],"removed":[]}}\n'
    )


def test_json_has_every_field() -> None:
    changed = updated({"title": "a"}, {"title": "b"}, reverts=COMMANDS[7])
    assert printed([changed, changed], "json").out.split("\n")[1] == (
        '{"seq": 1, "at": "2026-11-20T19:31:00Z",'
        ' "command_id": "00000000-0000-0000-0000-000000000001",'
        ' "reverts": "00000000-0000-0000-0000-000000000007", "machine": "laptop",'
        ' "task_id": "00000000-0000-0000-0000-000000000063", "number": 12, "title": "Buy milk",'
        ' "kind": "update", "before": {"title": "a"}, "after": {"title": "b"}},'
    )


@pytest.mark.parametrize(
    ("mode", "out", "err"),
    [
        ("table", "", "nothing has happened yet\n"),
        ("lines", "", ""),
        ("json", "[]\n", ""),
    ],
)
def test_an_empty_log(mode: Mode, out: str, err: str) -> None:
    empty = printed([], mode)
    assert (empty.out, empty.err) == (out, err)


@given(odd_text, odd_text)
def test_lines_read_back(old: str, new: str) -> None:
    line = printed([updated({"title": old}, {"title": new})], "lines").out
    assert json.loads(unescaped(line[:-1].split("\t")[-1])) == {"title": [old, new]}


@given(odd_text, odd_text, odd_text, st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal(old: str, new: str, name: str, width: int) -> None:
    entries = [
        updated({"title": old}, {"title": new}, title=new, machine=name),
        entry(1, task_id=uuid.UUID(int=5), number=2**53, title=old),
    ]
    terminal = printed(entries, width=width)
    assert widest(terminal.lines) <= width
    assert json.loads(printed(entries, "json").out)[0]["title"] == new
