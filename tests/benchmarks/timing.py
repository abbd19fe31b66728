"""The time that whole processes take, as whoever waits for them sees it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Argv = tuple[str, ...]
SLOWEST = 20.0
"""Seconds that one command may take."""


class TooSlow(Exception):
    """It had not ended in time."""


class Failed(Exception):
    """It ended with an exit code that is no success."""


def clock(argv: Argv, env: Mapping[str, str], limit: float = SLOWEST) -> float:
    """Run a program with nothing to read and nobody who reads, and give the seconds it took.

    Raises:
        TooSlow: it was ended after `limit` seconds.
        Failed: it did not succeed.
    """
    null = os.devnull
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, null, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, null, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, null, os.O_WRONLY, 0),
    ]
    with _alarm(limit):
        start = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, env, file_actions=actions, setpgroup=0)
        try:
            _, status = os.waitpid(pid, 0)
        except TooSlow:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise TooSlow(f"more than {limit:.0f} s") from None
        seconds = time.perf_counter() - start
    if code := os.waitstatus_to_exitcode(status):
        raise Failed(f"`{os.path.basename(argv[0])} {' '.join(argv[1:])}` ended with {code}")
    return seconds


@contextmanager
def _alarm(limit: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
