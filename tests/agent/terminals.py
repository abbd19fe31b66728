"""Terminals that somebody looks at, and pipes that somebody reads."""

from __future__ import annotations

import array
import fcntl
import os
import pty
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def terminal(width: int) -> Iterator[tuple[int, int]]:
    """A terminal: the end of whoever looks at it, and that of the program, which gets closed."""
    screen, side = pty.openpty()
    termios.tcsetwinsize(side, (24, width))
    yield screen, side
    os.close(screen)


class Reader(threading.Thread):
    """Takes what comes to a screen until nobody can write to it any more."""

    def __init__(self, screen: int) -> None:
        super().__init__()
        self.data = b""
        self._screen = screen
        self.start()

    def run(self) -> None:
        with suppress(OSError):
            while data := os.read(self._screen, 65536):
                self.data += data


def take() -> None:
    os.setsid()
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


def is_drained(pipe: int) -> bool:
    """Whether all that was written to a pipe has been read."""
    left = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, left)
    return left[0] == 0
