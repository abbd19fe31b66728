"""Sentences beside the output."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.errors import TaskNotFound
from neontodo.models import TaskPublic
from neontodo.render.messages import (
    changed_sentence,
    hint,
    print_error,
    print_outcome,
    say,
    warn,
)
from neontodo.tasks.results import Outcome
from tests.render.support import HOSTILE, HOSTILE_SHOWN, odd_text, screen, task


def tasks(*numbers: int) -> tuple[TaskPublic, ...]:
    return tuple(task(number) for number in numbers)


def test_an_error_has_its_details_and_the_next_step() -> None:
    there = screen()
    error = TaskNotFound(
        "`a1b2` names 2 tasks",
        details=("12  Buy milk", f"14  {HOSTILE}"),
        hint="`todo list --all` shows every task",
    )
    print_error(there.streams, error)
    assert there.err == (
        "error: `a1b2` names 2 tasks\n"
        "  12  Buy milk\n"
        f"  14  {HOSTILE_SHOWN}\n"
        "hint: `todo list --all` shows every task\n"
    )
    assert there.out == ""


def test_labels_are_coloured_on_a_terminal() -> None:
    there = screen(colour=True)
    print_error(there.streams, TaskNotFound("no task 7", hint="`todo list`"))
    warn(there.streams, "the clock is 3 minutes late")
    assert there.err == (
        "\x1b[1;31merror:\x1b[0m no task 7\n"
        "\x1b[1;36mhint:\x1b[0m `todo list`\n"
        "\x1b[1;33mwarning:\x1b[0m the clock is 3 minutes late\n"
    )


def test_a_log_file_gets_no_colours() -> None:
    there = screen(colour=True)
    say(replace(there.streams, err_is_terminal=False), "plain")
    print_error(replace(there.streams, err_is_terminal=False), TaskNotFound("no task 7"))
    assert there.err == "plain\nerror: no task 7\n"


def test_messages_never_obey_text() -> None:
    there = screen(colour=True)
    say(there.streams, HOSTILE)
    assert there.err == f"{HOSTILE_SHOWN}\n"


def test_messages_are_spelled_out_in_a_poor_encoding() -> None:
    there = screen(encoding="latin-1")
    say(there.streams, "naïve 家")
    assert there.err == "naïve \\u5bb6\n"


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        pytest.param(Outcome(tasks(12)), "done 12: Buy milk", id="one"),
        pytest.param(Outcome(tasks(3, 4, 5)), "done 3 tasks: 3–5", id="several"),
        pytest.param(Outcome((), tasks(7)), "already done: 7", id="none"),
        pytest.param(
            Outcome(tasks(3), tasks(7, 8)), "done 3: Buy milk; already done: 7, 8", id="some"
        ),
        pytest.param(Outcome(()), "nothing to change", id="nothing"),
    ],
)
def test_a_change_is_one_sentence(outcome: Outcome, sentence: str) -> None:
    assert changed_sentence("done", outcome) == sentence


def test_what_unchanged_tasks_were_can_be_said() -> None:
    outcome = Outcome((), tasks(7))
    assert changed_sentence("reopened", outcome, already="was pending") == "was pending: 7"


def test_a_range_has_a_plain_dash_where_there_is_no_other() -> None:
    there = screen(terminal=False, encoding="ascii")
    print_outcome(there.streams, "done", Outcome(tasks(*range(2, 32))))
    assert there.err == "done 30 tasks: 2-31\n"


def test_a_long_value_has_plain_signs_where_there_are_no_others() -> None:
    there = screen(terminal=False, encoding="ascii")
    edited = task(1, description="x" * 61)
    print_outcome(there.streams, "edited", Outcome((edited,), before=tasks(1)))
    assert there.err == f"edited 1: Buy milk - description none -> {'x' * 59}~\n"


def test_a_long_hint_wraps_at_words_on_a_terminal() -> None:
    text = "the embedded store is kept; `todo connect --local --forget` removes what is stored"
    there, pipe = screen(40, colour=True), screen(40, terminal=False)
    hint(there.streams, text)
    hint(pipe.streams, text)
    assert there.err == (
        "\x1b[1;36mhint:\x1b[0m the embedded store is kept;\n"
        "`todo connect --local --forget` removes\n"
        "what is stored\n"
    )
    assert pipe.err == f"hint: {text}\n"


@given(odd_text, st.integers(20, 200))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    there, pipe = screen(width), screen(terminal=False)
    say(there.streams, text)
    say(pipe.streams, text)
    assert there.err.split() == pipe.err.split()


def test_an_outcome_is_said_with_its_notes() -> None:
    there = screen(terminal=False)
    print_outcome(there.streams, "added", Outcome(tasks(1), notes=("12 is taken", "so 13")))
    assert there.err == "added 1: Buy milk\n12 is taken\nso 13\n"
