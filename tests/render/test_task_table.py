"""Tasks on terminals of every width."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.fields import Priority
from neontodo.models import TaskPublic
from neontodo.render.tasks import print_tasks
from tests.render.support import (
    HOSTILE,
    NOW,
    Screen,
    due_at,
    everyday,
    odd_description,
    odd_name,
    odd_tag,
    screen,
    task,
    widest,
)


def drawn(tasks: list[TaskPublic], width: int = 80, **more: Any) -> Screen:
    colour, encoding = more.pop("colour", False), more.pop("encoding", "utf-8")
    terminal = screen(width, colour=colour, encoding=encoding)
    print_tasks(terminal.output(), tasks, **more)
    return terminal


def test_eighty_columns_show_everything() -> None:
    assert drawn(everyday(), 80, total=147).out == (
        "  #       due             project  tags         title\n"
        f"{'─' * 80}\n"
        "  3  !!!  today           house    shop         Buy milk\n"
        " 12  !!   tomorrow 09:30  health   phone urge…  Call the dentist about the\n"
        "                                                appointment that was moved twic…\n"
        " 14       2026-11-01                            Renew passport ¶\n"
        " 27                       家                    買い物リストを作る（牛乳、卵、パ\n"
        "                                                ン）それから夕食の準備をする\n"
        " 40  ✓                                          Paint the door\n"
        "101  !                             fun          Family 👨‍👩‍👧 day in Ko\u0308ln\n"
        "6 of 147 · --page 2 for more\n"
    )


def test_forty_columns_leave_most_of_the_room_to_the_title() -> None:
    assert drawn(everyday(), 40).out == (
        "  #     due        title\n"
        f"{'─' * 40}\n"
        "  3 !!! today      Buy milk\n"
        " 12 !!  tomorrow   Call the dentist\n"
        "                   about the appointmen…\n"
        " 14     2026-11-01 Renew passport ¶\n"
        " 27                買い物リストを作る（\n"
        "                   牛乳、卵、パン）それ…\n"
        " 40 ✓              Paint the door\n"
        "101 !              Family 👨‍👩‍👧 day in Ko\u0308ln\n"
    )


def test_two_hundred_columns_need_no_second_line() -> None:
    lines = drawn(everyday(), 200).lines
    assert lines[3] == (
        " 12  !!   tomorrow 09:30  health   phone urgent"
        "  Call the dentist about the appointment that was moved twice, and ask for the bill"
    )
    assert len(lines) == 2 + len(everyday()) + 1


def test_colours_say_what_is_late_due_today_and_done() -> None:
    tasks = [
        task(1, "Late", due_on=date(2026, 11, 1), priority=Priority.HIGH),
        task(2, "Late since an hour", **due_at(datetime(2026, 11, 20, 18, 30, tzinfo=UTC))),
        task(3, "Tonight", **due_at(datetime(2026, 11, 20, 20, 30, tzinfo=UTC))),
        task(4, "Done", due_on=date(2026, 11, 1), completed=True, completed_at=NOW),
        task(5, "Noted", priority=Priority.LOW, description="More"),
    ]
    assert drawn(tasks, colour=True).out.split("\n")[2:-1] == [
        "1  \x1b[1;31m!!!\x1b[0m  \x1b[31m2026-11-01\x1b[0m   Late",
        "2       \x1b[31mtoday 19:30\x1b[0m  Late since an hour",
        "3       \x1b[33mtoday 21:30\x1b[0m  Tonight",
        "\x1b[2m4\x1b[0m  \x1b[32m✓\x1b[0m    \x1b[2m2026-11-01\x1b[0m   \x1b[2;9mDone\x1b[0m",
        "5  \x1b[36m!\x1b[0m                 Noted\x1b[2m ¶\x1b[0m",
    ]


def test_without_colour_nothing_but_text_is_written() -> None:
    assert "\x1b" not in drawn(everyday()).out


def test_colour_changes_no_letter() -> None:
    assert drawn(everyday(), colour=True).lines == drawn(everyday()).lines


def test_columns_that_would_be_empty_are_left_out() -> None:
    assert drawn([task(1), task(2, "Walk")]).out == (
        "#  title\n───────────\n1  Buy milk\n2  Walk\n"
    )


def test_tags_go_before_the_project_does() -> None:
    crowded = task(
        1,
        "word " * 30,
        project="househunting",
        tags=("urgent", "telephone"),
        due_on=date(2026, 12, 24),
    )
    heads = {tuple(drawn([crowded], width).lines[0].split()) for width in range(40, 201)}
    assert heads == {
        ("#", "due", "title"),
        ("#", "due", "project", "title"),
        ("#", "due", "project", "tags", "title"),
    }


def test_annotations_count_as_more_to_read() -> None:
    noted = task(1, extra={"annotations": [{"entry": "20181002T143604Z", "description": "x"}]})
    assert drawn([noted]).lines[2] == "1  Buy milk ¶"


def test_the_time_of_today_outlives_a_narrow_terminal() -> None:
    tonight = task(1, **due_at(datetime(2026, 11, 20, 20, 30, tzinfo=UTC)))
    assert drawn([tonight], 40).lines[2] == "1 21:30 Buy milk"


def test_a_hostile_title_is_shown_as_it_is_spelled() -> None:
    shown = " ".join(drawn([task(title=HOSTILE, project=HOSTILE)], 200).lines[2].split())
    spelled = r"[red]x[/red] \x1b]0;t\x07 \u202eabc\nnext\tcol\end"
    assert shown == f"1 {spelled} {spelled}"


def test_a_poor_encoding_gets_ascii_signs() -> None:
    tasks = [task(1, "naïve " * 20, completed=True, description="More")]
    assert drawn(tasks, 40, total=9, shown_from=1, encoding="ascii").out == (
        "#   title\n"
        "----------------------------------------\n"
        "1 x na\\xefve na\\xefve na\\xefve\n"
        "    na\\xefve na\\xefve na\\xefve na\\xef~ +\n"
        "2-2 of 9 - --page 3 for more\n"
    )


@pytest.mark.parametrize(
    ("shown", "total", "before", "foot"),
    [
        pytest.param(3, 3, 0, None, id="all"),
        pytest.param(3, None, 0, None, id="not-counted"),
        pytest.param(20, 147, 0, "20 of 147 · --page 2 for more", id="first-page"),
        pytest.param(20, 147, 40, "41–60 of 147 · --page 4 for more", id="third-page"),
        pytest.param(7, 147, 140, "141–147 of 147", id="last-page"),
    ],
)
def test_the_foot_says_how_many_there_are(
    shown: int, total: int | None, before: int, foot: str | None
) -> None:
    tasks = [task(number) for number in range(1, shown + 1)]
    last = drawn(tasks, total=total, shown_from=before).lines[-2]
    assert last == (foot or f"{shown}  Buy milk")


def test_an_empty_list_is_said_beside_the_output() -> None:
    empty = drawn([], total=0)
    assert empty.out == ""
    assert empty.err == 'no tasks\nhint: `todo add "Buy milk"` adds one\n'


def test_what_was_looked_for_in_vain_can_be_said() -> None:
    assert drawn([], none_found="no tasks match", next_step=None).err == "no tasks match\n"


def test_a_page_after_the_last_says_so() -> None:
    assert drawn([], total=3, shown_from=20).err == "no tasks on this page; there are 3 in all\n"


odd_tasks = st.lists(
    st.builds(
        task,
        number=st.integers(1, 2**53),
        title=odd_name,
        project=st.none() | odd_name,
        tags=st.lists(odd_tag, max_size=3).map(tuple),
        description=st.none() | odd_description,
        completed=st.booleans(),
        priority=st.sampled_from(Priority),
        due_on=st.none() | st.dates(),
    ),
    min_size=1,
    max_size=4,
)


@given(odd_tasks, st.integers(40, 200), st.sampled_from(["utf-8", "latin-1", "ascii"]))
def test_no_line_is_wider_than_the_terminal(
    tasks: list[TaskPublic], width: int, encoding: str
) -> None:
    terminal = drawn(tasks, width, encoding=encoding, total=10**6)
    assert widest(terminal.lines) <= width


@given(odd_tasks, st.integers(40, 200))
def test_a_task_takes_two_lines_at_most(tasks: list[TaskPublic], width: int) -> None:
    assert len(drawn(tasks, width).lines) - 3 in range(len(tasks), 2 * len(tasks) + 1)


@given(odd_tasks, st.integers(1, 39))
def test_a_tiny_terminal_is_no_error(tasks: list[TaskPublic], width: int) -> None:
    assert drawn(tasks, width).out
