"""One task in full."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.fields import Priority
from neontodo.models import TaskPublic
from neontodo.render.card import print_task
from neontodo.render.listing import Mode
from tests.render.support import (
    HOSTILE,
    NOW,
    Screen,
    due_at,
    note,
    odd_name,
    screen,
    task,
    unescaped,
    widest,
)

FULL = task(
    12,
    "Call the dentist",
    **due_at(datetime(2026, 11, 21, 8, 30, tzinfo=UTC)),
    priority=Priority.MEDIUM,
    project="health",
    tags=("phone", "urgent"),
    description="Ask about\n\t- the bill\n\t- the appointment that was moved twice\n",
    completed=True,
    completed_at=NOW,
    updated_at=NOW,
    extra={"taskwarrior": {"urgency": 2.6}},
    notes=(note("see https://example.org"), note("a\nb", "2018-10-03T14:36:04Z")),
)


def printed(shown: TaskPublic, mode: Mode = "table", width: int = 80, **more: Any) -> Screen:
    there = screen(width, terminal=mode == "table", **more)
    print_task(there.output(mode), shown)
    return there


def test_a_card_shows_everything() -> None:
    assert printed(FULL).out == (
        "Call the dentist\n"
        "\n"
        "number             12\n"
        "status             ✓ done\n"
        "due                2026-11-21 09:30 (tomorrow)\n"
        "priority           medium !!\n"
        "project            health\n"
        "tags               phone urgent\n"
        "created            2026-11-17 20:30\n"
        "updated            2026-11-20 20:30\n"
        "done               2026-11-20 20:30\n"
        "id                 a1b2c3d4-0000-4000-8000-000000000012\n"
        'extra.taskwarrior  {"urgency": 2.6}\n'
        "\n"
        "Ask about\n"
        "    - the bill\n"
        "    - the appointment that was moved twice\n"
        "\n"
        "1  2018-10-02 16:36  see https://example.org\n"
        "2  2018-10-03 16:36  a\n"
        "                     b\n"
    )


def test_a_card_leaves_out_what_is_not_there() -> None:
    assert printed(task(7), width=40).out == (
        "Buy milk\n\nnumber   7\nstatus   pending\ncreated  2026-11-17 20:30\nid       a1b2c3d4\n"
    )


def test_a_card_has_colours() -> None:
    late = task(7, due_on=date(2026, 11, 1), priority=Priority.HIGH)
    lines = printed(late, colour=True).out.split("\n")
    assert lines[0] == "\x1b[1mBuy milk\x1b[0m"
    assert lines[4:6] == [
        "\x1b[2mdue\x1b[0m       \x1b[31m2026-11-01 (19 days ago)\x1b[0m",
        "\x1b[2mpriority\x1b[0m  \x1b[1;31mhigh !!!\x1b[0m",
    ]


@pytest.mark.parametrize(
    ("due", "shown"),
    [
        (date(2026, 11, 1), "2026-11-01 (19 days ago)"),
        (date(2026, 11, 19), "2026-11-19 (yesterday)"),
        (date(2026, 11, 20), "2026-11-20 (today)"),
        (date(2026, 11, 24), "2026-11-24 (tue)"),
        (date(2026, 12, 24), "2026-12-24 (in 34 days)"),
    ],
    ids=str,
)
def test_a_due_day_is_shown_with_its_distance(due: date, shown: str) -> None:
    assert f"due      {shown}" in printed(task(due_on=due)).lines


def test_a_hostile_description_stays_text() -> None:
    out = printed(task(description=HOSTILE, project=HOSTILE, extra={HOSTILE: HOSTILE})).out
    assert r"[red]x[/red] \x1b]0;t\x07 \u202eabc" in out
    assert not set(out) & set("\x1b\x07\u202e\t")


def test_a_note_that_was_cut_is_shown_whole() -> None:
    whole = note("word " * 500)
    cut = {**whole, "text": whole["text"][:1999] + "…"}
    lines = printed(task(notes=(cut,), extra={"notes": [whole]})).lines
    assert " ".join(lines[6:]).count("word") == 500


def test_lines_are_the_json_fields_with_their_values() -> None:
    first, second = (each["id"] for each in FULL.notes)
    assert printed(FULL, "lines").out == (
        "id\ta1b2c3d4-0000-4000-8000-000000000012\n"
        "number\t12\n"
        "title\tCall the dentist\n"
        "description\tAsk about\\n\\t- the bill\\n\\t- the appointment that was moved twice\\n\n"
        "completed\ttrue\n"
        "completed_at\t2026-11-20T19:30:00Z\n"
        "due\t2026-11-21T08:30:00Z\n"
        "priority\tmedium\n"
        "project\thealth\n"
        "tags\tphone,urgent\n"
        'extra\t{"taskwarrior":{"urgency":2.6}}\n'
        "created_at\t2026-11-17T19:30:00Z\n"
        "updated_at\t2026-11-20T19:30:00Z\n"
        "start\t\n"
        f'notes\t[{{"id":"{first}","at":"2018-10-02T14:36:04Z","text":"see https://example.org"}},'
        f'{{"id":"{second}","at":"2018-10-03T14:36:04Z","text":"a\\\\nb"}}]\n'
    )


@given(odd_name)
def test_lines_read_back(text: str) -> None:
    out = printed(task(title=text, extra={"k": text}), "lines").out
    pairs = dict(line.split("\t") for line in out[:-1].split("\n"))
    assert unescaped(pairs["title"]) == text
    assert json.loads(unescaped(pairs["extra"])) == {"k": text}


def test_json_is_one_object() -> None:
    out = printed(FULL, "json").out
    assert out.startswith('{\n  "id": "a1b2c3d4-0000-4000-8000-000000000012",\n  "number": 12,\n')
    assert '  "updated_at": "2026-11-20T19:30:00Z",\n  "start": null,\n  "notes": [\n' in out
    assert json.loads(out) == FULL.to_json()


def test_quiet_is_the_number() -> None:
    assert printed(FULL, "quiet").out == "12\n"


@given(odd_name, odd_name, st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal(title: str, text: str, width: int) -> None:
    notes = (note(text),) if text else ()
    odd = task(title=title, description=text, project=text, extra={text: text}, notes=notes)
    assert widest(printed(odd, width=width).lines) <= width
