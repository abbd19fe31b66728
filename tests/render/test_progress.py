"""The bar of a long command: late, on a terminal only, and gone at the end."""

from __future__ import annotations

import pyte

from neontodo.render.progress import PATIENCE, Bar
from tests.render.support import Screen, screen


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def worked(on: Screen, seconds: float) -> Bar:
    """A bar after half of the work, which took so long."""
    clock = Clock()
    bar = Bar(on.streams, "importing", 200, clock)
    clock.now += seconds
    bar.show(100)
    return bar


def test_quick_work_has_no_bar() -> None:
    on = screen()
    with worked(on, PATIENCE - 0.1):
        pass

    assert (on.err, on.out) == ("", "")


def test_long_work_shows_how_far_it_is_and_cleans_up() -> None:
    on = screen(60)
    terminal = pyte.Screen(60, 3)
    with worked(on, PATIENCE + 0.1):
        pyte.Stream(terminal).feed(on.err.replace("\n", "\r\n"))
        assert terminal.display[0].startswith("importing ━━━━━━━━━━")
        assert terminal.display[0].rstrip().endswith(" 50%")
    terminal.reset()
    pyte.Stream(terminal).feed(on.err.replace("\n", "\r\n"))

    assert "".join(terminal.display).strip() == ""
    assert on.out == ""


def test_without_a_terminal_there_is_none() -> None:
    on = screen(terminal=False)
    with worked(on, PATIENCE * 100):
        pass

    assert on.err == ""


def test_a_terminal_that_knows_ascii_only_gets_ascii() -> None:
    on = screen(60, encoding="ascii")
    with worked(on, PATIENCE + 0.1):
        assert "importing -----" in on.err
