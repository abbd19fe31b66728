"""Many processes that start the same thing at once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack


def race(script: str, *arguments: str, processes: int = 16) -> list[str]:
    """Run a script in many processes, held at their `input()`; return what each printed."""
    with ExitStack() as stack:
        runners = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", script, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(processes)
        ]
        for runner in runners:
            assert runner.stdout
            runner.stdout.readline()
        for runner in runners:
            assert runner.stdin
            runner.stdin.write("\n")
            runner.stdin.flush()
        answers = [runner.communicate()[0].strip() for runner in runners]
    assert [runner.returncode for runner in runners] == [0] * processes
    return answers
