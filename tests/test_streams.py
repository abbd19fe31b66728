"""What is known of the other end of the standard streams."""

from __future__ import annotations

import pytest

from neontodo.streams import is_colour_wanted


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
