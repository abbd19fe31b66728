"""What is known of the other end of the standard streams."""

from __future__ import annotations

import os
import pty
import termios

import pytest

from neontodo.streams import is_colour_wanted, open_process_streams


@pytest.mark.parametrize(
    ("env", "terminal", "pipe"),
    [
        ({"TERM": "xterm"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": ""}, False, False),
        ({}, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "3", "TERM": "dumb"}, True, True),
        ({"CLICOLOR_FORCE": "yes"}, True, True),
        ({"CLICOLOR_FORCE": "0", "FORCE_COLOR": "", "TERM": "xterm"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}, False, False),
    ],
    ids=str,
)
def test_colour_is_what_the_usual_variables_say(
    env: dict[str, str], terminal: bool, pipe: bool
) -> None:
    assert is_colour_wanted(env, is_terminal=True) is terminal
    assert is_colour_wanted(env, is_terminal=False) is pipe


def test_the_size_is_what_the_variables_say_else_that_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen, side = pty.openpty()
    termios.tcsetwinsize(side, (7, 33))
    # Where standard output is a pipe, messages may still go to a terminal.
    stderr = os.dup(2)
    os.dup2(side, 2)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    monkeypatch.setattr("sys.__stdout__", None)
    try:
        found = open_process_streams()
        monkeypatch.setenv("LINES", "50")
        told = open_process_streams()
    finally:
        os.dup2(stderr, 2)
        for descriptor in (screen, side, stderr):
            os.close(descriptor)
    assert (found.width, found.height) == (33, 7)
    assert (told.width, told.height) == (33, 50)
