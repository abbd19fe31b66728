"""A worker: a process forked from the agent that runs one command after the other, as `todo` would.

It is told each command by the agent on its control socket, answers the exit code to the launcher
itself, and tells the agent that it is idle before it does.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from neontodo.agent.keeping import RELEASED_AFTER, Kept, Replaced
from neontodo.agent.process_state import Impossible, posing
from neontodo.cli.exits import Exit
from neontodo.launcher import protocol
from neontodo.launcher.protocol import Command

DONE, OPEN, CLOSED, RETIRING = b"d", b"o", b"c", b"x"
"""What a worker tells the agent: that the command has ended, whether a connection is open, and that
it wants no more commands. It ends when the agent lets it: a command may be on its way to it."""

Runner = Callable[[list[str], Kept], int]


@dataclass(frozen=True)
class Span:
    """When a worker has done its share, and after how long a pause it lets go of a file."""

    commands: int = 1000
    seconds: float = 1800.0
    memory: int = 400_000_000
    pause: float = 1.0


class Worker:
    """One worker's work, until the agent has gone or the worker has done its share."""

    def __init__(self, control: socket.socket, runner: Runner, span: Span) -> None:
        self._control = control
        self._runner = runner
        self._kept = Kept()
        self._span = span
        self._ends_at = time.monotonic() + span.seconds
        self._left = span.commands
        self._like: Command | None = None

    def work(self, warm: Command | None) -> None:
        """Serve commands; with the environment of an earlier one, be ready for its like first.

        Raises:
            Replaced: the store was replaced; the process must end without closing it.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if warm is not None:
            self._like = warm
            self._warm_up(warm)
            self._tell(self._state())
        self._wait()
        while (job := self._receive()) is not None:
            self._serve(*job)
            self._wait()

    def _warm_up(self, like: Command) -> None:
        """Open the store that the command opened, and read from it what most commands do."""
        from neontodo.agent.warming import warm_up

        descriptors = [os.open(os.devnull, os.O_RDWR) for _ in range(3)]
        with suppress(Exception), posing(like, [*descriptors, os.open("/", os.O_RDONLY)]):
            warm_up(self._kept)
        self._kept.tidy()

    def _wait(self) -> None:
        """Wait for news of the agent, and meanwhile hold less and less."""
        if self._has_news(self._span.pause):
            return
        if self._kept.rest(self._control) and self._like is not None:
            self._warm_up(self._like)
        gc.collect()
        self._tell(self._state())
        if self._has_news(RELEASED_AFTER):
            return
        self._kept.release()
        self._tell(self._state())
        if not self._has_news(self._ends_at - time.monotonic()):
            self._tell(RETIRING)

    def _has_news(self, seconds: float) -> bool:
        return bool(select.select([self._control], [], [], max(0.0, seconds))[0])

    def _receive(self) -> tuple[Command, list[int]] | None:
        """The next command, with the launcher's connection and its descriptors."""
        count = protocol.DESCRIPTORS + 1
        body, descriptors, _, _ = socket.recv_fds(self._control, protocol.LARGEST + 4, count)
        if not body:
            return None
        while len(body) < 4 + int.from_bytes(body[:4], "big"):
            body += self._control.recv(protocol.LARGEST)
        return Command.decode(body[4:]), descriptors

    def _serve(self, command: Command, descriptors: list[int]) -> None:
        launcher, *streams = descriptors
        self._like = command
        try:
            self._kept.renew()
        except Replaced:
            # The launcher runs the command itself, as soon as this process has ended.
            with socket.socket(fileno=launcher) as connection, suppress(OSError):
                connection.sendall(protocol.UNBEGUN)
            raise
        answer = self._answer(command, streams)
        self._kept.tidy()
        self._left -= 1
        is_spent = (
            self._left <= 0
            or time.monotonic() > self._ends_at
            or answer[1] == Exit.INTERRUPTED
            or _memory() > self._span.memory
            or not self._kept.is_clean()
        )
        # The agent is told first: it takes a launcher that goes away before for one that was
        # killed, and ends its command.
        self._tell((RETIRING if is_spent else b"") + self._state() + DONE)
        with socket.socket(fileno=launcher) as connection, suppress(OSError):
            connection.sendall(answer)

    def _answer(self, command: Command, streams: list[int]) -> bytes:
        try:
            with posing(command, streams):
                code = self._run(command.words())
        except Impossible:
            return protocol.UNBEGUN
        except KeyboardInterrupt:
            code = Exit.INTERRUPTED
        return protocol.ENDED + bytes([code & 0xFF])

    def _run(self, argv: list[str]) -> int:
        try:
            return self._runner(argv, self._kept)
        except Exception:
            # As an interpreter would end.
            traceback.print_exc()
            self._left = 0
            return 1

    def _state(self) -> bytes:
        return OPEN if self._kept.is_connected else CLOSED

    def _tell(self, words: bytes) -> None:
        # Without an agent, too, a command that was begun is brought to its end.
        with suppress(OSError):
            self._control.sendall(words)


def _memory() -> int:
    """The most bytes that this process has ever taken."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
