"""Tasks on terminals of every width."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.fields import Priority
from neontodo.models import TaskPublic
from neontodo.render.tasks import PageLayout, print_tasks
from tests.render.support import (
    HOSTILE,
    NOW,
    Screen,
    due_at,
    everyday,
    note,
    odd_description,
    odd_name,
    odd_tag,
    screen,
    task,
    widest,
)


def drawn(tasks: list[TaskPublic], width: int = 80, **more: Any) -> Screen:
    of_screen = {name: more.pop(name) for name in ("height", "colour", "encoding") if name in more}
    terminal = screen(width, **of_screen)
    print_tasks(terminal.output(), tasks, **more)
    return terminal


def test_eighty_columns_show_everything() -> None:
    assert drawn(everyday(), 80, total=147).out == (
        "  #       due             title                             project  tags\n"
        f"{'─' * 80}\n"
        "  3  !!!  today           Buy milk                          house    shop\n"
        " 12  !!   tomorrow 09:30  Call the dentist about the        health   phone urge…\n"
        "                          appointment that was moved twic…\n"
        " 14       2026-11-01      Renew passport ¶\n"
        " 27                       買い物リストを作る（牛乳、卵、パ  家\n"
        "                          ン）それから夕食の準備をする\n"
        " 40  ✓                    Paint the door\n"
        "101  !                    Family 👨‍👩‍👧 day in Ko\u0308ln                      fun\n"
        "6 of 147\n"
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
        " 12  !!   tomorrow 09:30        "
        "Call the dentist about the appointment that was moved twice, and ask for the bill"
        "  health   phone urgent"
    )
    assert lines[4] == " 14       2026-11-01      -19d  Renew passport ¶"
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
        "1  \x1b[1;31m!!!\x1b[0m  \x1b[31m2026-11-01\x1b[0m   \x1b[31m-19d\x1b[0m  Late",
        "2       \x1b[31mtoday 19:30\x1b[0m  \x1b[31m-1h\x1b[0m   Late since an hour",
        "3       \x1b[33mtoday 21:30\x1b[0m        Tonight",
        "\x1b[2m4\x1b[0m  \x1b[32m✓\x1b[0m    "
        "\x1b[2m2026-11-01\x1b[0m         \x1b[2;9mDone\x1b[0m",
        "5  \x1b[36m!\x1b[0m                       Noted\x1b[2m ¶\x1b[0m",
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
        ("#", "due", "title", "project"),
        ("#", "due", "title", "project", "tags"),
    }


def test_notes_count_as_more_to_read() -> None:
    noted = task(1, notes=(note("x"),))
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
        "2-2 of 9\n"
    )


@pytest.mark.parametrize(
    ("shown", "total", "before", "foot"),
    [
        pytest.param(3, 3, 0, None, id="all"),
        pytest.param(3, None, 0, None, id="not-counted"),
        pytest.param(20, 147, 0, "20 of 147{} · more: todo list 20 2", id="first-page"),
        pytest.param(20, 147, 40, "41–60 of 147{} · more: todo list 20 4", id="third-page"),
        pytest.param(7, 147, 140, "141–147 of 147{}", id="last-page"),
    ],
)
def test_the_foot_says_how_many_there_are(
    shown: int, total: int | None, before: int, foot: str | None
) -> None:
    tasks = [task(number) for number in range(1, shown + 1)]
    layout = PageLayout(spell_page="todo list {} {}".format)
    last = drawn(tasks, total=total, shown_from=before, layout=layout).lines[-2]
    assert last == (foot.format("") if foot else f"{shown}  Buy milk")
    last = drawn(tasks, total=total, shown_from=before, waiting=5, layout=layout).lines[-2]
    assert last == (foot.format(" · 5 waiting") if foot else "5 waiting")


def test_a_start_is_shown_while_a_task_waits_for_it() -> None:
    tasks = [
        task(1, start_on=date(2026, 11, 22)),
        task(2, start_on=date(2026, 11, 20)),
        task(3, start_on=date(2026, 11, 22), completed=True, completed_at=NOW),
    ]
    head, _, *rows = drawn(tasks).lines
    assert head.split() == ["#", "title", "start"]
    assert [row.split()[-1] for row in rows[:3]] == ["sun", "milk", "milk"]
    assert "start" not in drawn(tasks[1:]).lines[0]


def test_an_empty_list_is_said_beside_the_output() -> None:
    empty = drawn([], total=0)
    assert empty.out == ""
    assert empty.err == 'no tasks\nhint: `todo add "Buy milk"` adds one\n'


def test_what_was_looked_for_in_vain_can_be_said() -> None:
    assert drawn([], none_found="no tasks match", next_step=None).err == "no tasks match\n"


def test_a_page_after_the_last_says_so() -> None:
    assert drawn([], total=3, shown_from=20).err == "no tasks on this page; there are 3 in all\n"


LONG = "Call the dentist about the appointment that was moved"
FULL = PageLayout(fills_screen=True, spell_page="todo list --limit {} --page {}".format)


@pytest.mark.parametrize(
    ("height", "count", "total", "title", "shown", "lines"),
    [
        pytest.param(24, 21, 21, "Walk", 21, 23, id="all-without-a-foot"),
        pytest.param(24, 21, 22, "Walk", 20, 23, id="a-foot-takes-a-line"),
        pytest.param(50, 47, 147, "Walk", 46, 49, id="a-tall-screen"),
        pytest.param(24, 21, 21, LONG, 9, 22, id="titles-and-foot-take-two-lines"),
        pytest.param(4, 1, 147, "Walk", 1, 4, id="never-less-than-one"),
    ],
)
def test_a_page_fills_the_screen(
    height: int, count: int, total: int, title: str, shown: int, lines: int
) -> None:
    width = 40 if title == LONG else 80
    tasks = [task(number, title) for number in range(1, count + 1)]
    page = drawn(tasks, width, height=height, total=total, layout=FULL)
    assert sum(title[:4] in line for line in page.lines) == shown
    emulator = pyte.Screen(width, 100)
    pyte.Stream(emulator).feed(page.out.replace("\n", "\r\n"))
    assert emulator.cursor.y == lines


def test_tasks_stand_below_when_they_are_due() -> None:
    tasks = [
        task(1, "Late", due_on=date(2026, 11, 19)),
        task(2, "An hour ago", **due_at(datetime(2026, 11, 20, 18, 30, tzinfo=UTC))),
        task(3, "Tonight", **due_at(datetime(2026, 11, 20, 20, 30, tzinfo=UTC))),
        task(4, "Today", due_on=date(2026, 11, 20)),
        task(5, "In six days", due_on=date(2026, 11, 26)),
        task(6, "In seven days", due_on=date(2026, 11, 27)),
        task(7, "Some day"),
    ]
    layout = PageLayout(is_grouped=True, fills_screen=True, spell_page="{} {}".format)
    assert drawn(tasks, total=7, layout=layout).out == (
        "#  due               title\n"
        f"{'─' * 34}\n"
        "overdue\n"
        "1  yesterday    -1d  Late\n"
        "2  today 19:30  -1h  An hour ago\n"
        "today\n"
        "3  today 21:30       Tonight\n"
        "4  today             Today\n"
        "this week\n"
        "5  thu               In six days\n"
        "later\n"
        "6  2026-11-27        In seven days\n"
        "no date\n"
        "7                    Some day\n"
    )
    cut = drawn(tasks, height=11, total=7, layout=layout).lines
    assert cut[-3:] == ["4  today             Today", "4 of 7 · more: 4 2", ""]


def test_done_tasks_show_when_they_were_done() -> None:
    done = [
        task(1, "Walk", completed=True, completed_at=NOW, due_on=date(2026, 11, 1)),
        task(2, "Run", completed=True, completed_at=NOW - timedelta(days=9)),
    ]
    layout = PageLayout(shows_completion=True)
    assert drawn(done, layout=layout).out == (
        "#     done              due         title\n"
        f"{'─' * 41}\n"
        "1  ✓  today 20:30       2026-11-01  Walk\n"
        "2  ✓  2026-11-11 20:30              Run\n"
    )
    assert drawn(done, 40, layout=layout).lines[2:] == [
        "1 ✓ 20:30      2026-11-01 Walk",
        "2 ✓ 2026-11-11            Run",
        "",
    ]


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
