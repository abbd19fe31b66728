"""Tasks in pipes: lines, JSON, numbers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given

from neontodo.fields import Priority
from neontodo.models import TaskPublic
from neontodo.render.listing import Mode
from neontodo.render.tasks import print_tasks
from tests.render.support import (
    HOSTILE,
    NOW,
    Screen,
    due_at,
    everyday,
    odd_name,
    screen,
    task,
    unescaped,
)


def printed(tasks: list[TaskPublic], mode: Mode, *, encoding: str = "utf-8") -> Screen:
    pipe = screen(terminal=False, encoding=encoding)
    print_tasks(pipe.output(mode), iter(tasks))
    return pipe


def test_lines_are_seven_fixed_columns() -> None:
    assert printed(everyday(), "lines").out == (
        "3\tpending\thigh\t2026-11-20\thouse\tshop\tBuy milk\n"
        "12\tpending\tmedium\t2026-11-21T08:30:00Z\thealth\tphone,urgent\t"
        "Call the dentist about the appointment that was moved twice, and ask for the bill\n"
        "14\tpending\tnone\t2026-11-01\t\t\tRenew passport\n"
        "27\tpending\tnone\t\t家\t\t買い物リストを作る（牛乳、卵、パン）それから夕食の準備をする\n"
        "40\tdone\tlow\t\t\t\tPaint the door\n"
        "101\tpending\tlow\t\t\tfun\tFamily 👨‍👩‍👧 day in Ko\u0308ln\n"
    )


def test_a_hostile_title_stays_in_its_column() -> None:
    assert printed([task(title=HOSTILE)], "lines").out == (
        "1\tpending\tnone\t\t\t\t[red]x[/red] \\x1b]0;t\\x07 \\u202eabc\\nnext\\tcol\\\\end\n"
    )


@given(odd_name, odd_name)
def test_lines_read_back(title: str, project: str) -> None:
    line = printed([task(title=title, project=project)], "lines").out
    assert line.endswith("\n")
    columns = [unescaped(column) for column in line[:-1].split("\t")]
    assert columns == ["1", "pending", "none", "", project, "", title]


def test_json_is_an_array_of_a_task_per_line() -> None:
    tasks = [
        task(
            3,
            'Say "hé" \x1b',
            **due_at(datetime(2026, 11, 21, 8, 30, 0, 500, tzinfo=UTC)),
            priority=Priority.HIGH,
            tags=("a", "b"),
            extra={"k": [1]},
        ),
        task(4, due_on=date(2026, 12, 24), completed=True, completed_at=NOW, project="p"),
    ]
    assert printed(tasks, "json").out == (
        "[\n"
        '{"id": "a1b2c3d4-0000-4000-8000-000000000003", "number": 3,'
        ' "title": "Say \\"h\\u00e9\\" \\u001b", "description": null, "completed": false,'
        ' "completed_at": null, "due": "2026-11-21T08:30:00.000500Z", "priority": "high",'
        ' "project": null, "tags": ["a", "b"], "extra": {"k": [1]},'
        ' "created_at": "2026-11-17T19:30:00Z", "updated_at": "2026-11-17T19:30:00Z",'
        ' "start": null, "notes": []},\n'
        '{"id": "a1b2c3d4-0000-4000-8000-000000000004", "number": 4,'
        ' "title": "Buy milk", "description": null, "completed": true,'
        ' "completed_at": "2026-11-20T19:30:00Z", "due": "2026-12-24", "priority": "none",'
        ' "project": "p", "tags": [], "extra": null,'
        ' "created_at": "2026-11-17T19:30:00Z", "updated_at": "2026-11-17T19:30:00Z",'
        ' "start": null, "notes": []}\n'
        "]\n"
    )


@given(odd_name)
def test_json_reads_back_and_is_ascii(title: str) -> None:
    out = printed([task(title=title), task(2)], "json", encoding="ascii").out
    assert [found["title"] for found in json.loads(out)] == [title, "Buy milk"]


def test_quiet_is_a_number_per_line() -> None:
    assert printed(everyday(), "quiet").out == "3\n12\n14\n27\n40\n101\n"


@pytest.mark.parametrize(("mode", "out"), [("lines", ""), ("json", "[]\n"), ("quiet", "")])
def test_a_pipe_gets_no_words_for_an_empty_list(mode: Mode, out: str) -> None:
    empty = printed([], mode)
    assert (empty.out, empty.err) == (out, "")


def test_more_than_one_chunk_of_lines_is_printed_whole() -> None:
    tasks = [task(number) for number in range(1, 2502)]
    assert printed(tasks, "quiet").out.split() == [str(number) for number in range(1, 2502)]
    assert len(json.loads(printed(tasks, "json").out)) == 2501


def test_lines_in_a_poorer_encoding_spell_out_what_it_lacks() -> None:
    assert printed([task(title="Köln 家")], "lines", encoding="ascii").out == (
        "1\tpending\tnone\t\t\t\tK\\xf6ln \\u5bb6\n"
    )
