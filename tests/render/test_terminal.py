"""What a real terminal makes of it, and what a pipe need not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyte
import pytest

from neontodo.render.tasks import print_tasks
from tests.render.support import HOSTILE, HOSTILE_SHOWN, NOW, TZ, everyday, screen, task

ROOT = Path(__file__).parents[2]

PIPES = """
import io, sys
from tests.render.support import NOW, TZ, screen, task
from neontodo.render import counts, details, log, mode, stats, tasks
from neontodo.tasks.results import Count, Stats

heavy = lambda: {name for name in sys.modules if name.partition(".")[0] == "rich"}
assert heavy(), "the support module loads Rich"
for name in heavy():
    del sys.modules[name]
pipe = screen(terminal=False).streams
for mode in ("lines", "json", "quiet"):
    tasks.print_tasks([task()], streams=pipe, mode=mode, now=NOW, tz=TZ)
    details.print_task(task(), streams=pipe, mode=mode, now=NOW, tz=TZ)
    log.print_log([], streams=pipe, mode=mode, tz=TZ)
    stats.print_stats(Stats(0, 0, 0, 0, (), ()), streams=pipe, mode=mode)
    counts.print_counts([Count("a", 1, 1)], streams=pipe, mode=mode, name="tag")
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


@pytest.mark.parametrize("name", ["messages", "text", "mode", "tasks", "details", "log", "stats"])
def test_importing_costs_neither_rich_nor_sqlmodel(name: str) -> None:
    code = f"import sys, neontodo.render.{name}\nprint({{'rich', 'sqlmodel'}} & set(sys.modules))"
    assert run(code) == "set()\n"


@pytest.mark.parametrize("width", [40, 80, 132])
def test_no_line_wraps_on_a_real_terminal(width: int) -> None:
    there = screen(width, colour=True)
    print_tasks(everyday()[:5], streams=there.streams, mode="table", now=NOW, tz=TZ, total=147)
    emulator = pyte.Screen(width, 24)
    pyte.Stream(emulator).feed(there.out.replace("\n", "\r\n"))
    assert emulator.cursor.y == there.out.count("\n")


def test_a_hostile_title_does_nothing_to_a_real_terminal() -> None:
    there = screen(200, colour=True)
    print_tasks([task(title=HOSTILE)], streams=there.streams, mode="table", now=NOW, tz=TZ)
    emulator = pyte.Screen(200, 5)
    pyte.Stream(emulator).feed(there.out.replace("\n", "\r\n"))
    assert emulator.title == ""
    assert emulator.display[2].rstrip() == f"1  {HOSTILE_SHOWN}"
