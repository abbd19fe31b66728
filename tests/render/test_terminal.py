"""What a real terminal makes of it, and what a pipe need not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyte
import pytest

from neontodo.render.tasks import print_tasks
from tests.render.support import HOSTILE, HOSTILE_SHOWN, everyday, screen, task

ROOT = Path(__file__).parents[2]

PIPES = """
import io, sys
from tests.render.support import screen, task
from neontodo.render import card, charts, log, tasks
from neontodo.tasks.results import Count, Stats

heavy = lambda: {name for name in sys.modules if name.partition(".")[0] == "rich"}
assert heavy(), "the support module loads Rich"
for name in heavy():
    del sys.modules[name]
pipe = screen(terminal=False)
for mode in ("lines", "json", "quiet"):
    output = pipe.output(mode)
    tasks.print_tasks(output, [task()])
    card.print_task(output, task())
    log.print_log(output, [])
    charts.print_stats(output, Stats(0, 0, 0, 0, (), (), (), ()))
    charts.print_counts(output, [Count("a", 1, 1)], name="tag")
print(sorted(heavy()), any("render.terminal" in name for name in sys.modules))
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pipes_load_no_rich() -> None:
    assert run(PIPES) == "[] False\n"


@pytest.mark.parametrize("name", ["messages", "text", "listing", "tasks", "card", "log", "charts"])
def test_importing_costs_neither_rich_nor_sqlmodel(name: str) -> None:
    code = f"import sys, neontodo.render.{name}\nprint({{'rich', 'sqlmodel'}} & set(sys.modules))"
    assert run(code) == "set()\n"


@pytest.mark.parametrize("width", [40, 80, 132])
def test_no_line_wraps_on_a_real_terminal(width: int) -> None:
    there = screen(width, colour=True)
    print_tasks(there.output(), everyday()[:5], total=147)
    emulator = pyte.Screen(width, 24)
    pyte.Stream(emulator).feed(there.out.replace("\n", "\r\n"))
    assert emulator.cursor.y == there.out.count("\n")


def test_a_hostile_title_does_nothing_to_a_real_terminal() -> None:
    there = screen(200, colour=True)
    print_tasks(there.output(), [task(title=HOSTILE)])
    emulator = pyte.Screen(200, 5)
    pyte.Stream(emulator).feed(there.out.replace("\n", "\r\n"))
    assert emulator.title == ""
    assert emulator.display[2].rstrip() == f"1  {HOSTILE_SHOWN}"
