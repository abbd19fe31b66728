"""A worker: a process forked from the agent that runs one command after the other, as `todo` would.

It is told each command by the agent on its control socket, answers the exit code to the launcher
itself, and tells the agent that it is idle before it does.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from neontodo.agent import protocol
from neontodo.agent.keeping import RELEASED_AFTER, Kept
from neontodo.agent.process import posing
from neontodo.agent.protocol import Command
from neontodo.cli.exits import Exit

IDLE_OPEN, IDLE_CLOSED, RETIRING = b"o", b"c", b"x"
"""What a worker tells the agent: idle with or without a connection, or that it ends."""

Runner = Callable[[list[str], Kept], int]


@dataclass(frozen=True)
class Span:
    """How long a worker works, and how soon after a command it does what can wait."""

    commands: int = 1000
    seconds: float = 1800.0
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

    def work(self, warm: Command | None) -> None:
        """Serve commands; with the environment of an earlier one, be ready for its like first."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if warm is not None:
            self._warm_up(warm)
            self._tell_idle()
        while self._wait():
            job = self._receive()
            if job is None:
                return
            self._serve(*job)
            if self._is_spent():
                return

    def _warm_up(self, like: Command) -> None:
        """Open the store that the command opened, and read from it what most commands do."""
        from neontodo.agent.warming import warm_up

        descriptors = [os.open(os.devnull, os.O_RDWR) for _ in range(3)]
        with suppress(Exception), posing(like, [*descriptors, os.open("/", os.O_RDONLY)]):
            warm_up(self._kept)
        self._kept.tidy()
        gc.collect()

    def _wait(self) -> bool:
        """Wait for a command, and meanwhile put the store in order; False if it is time to end."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if poll.poll(self._span.pause * 1000):
            return True
        self._kept.flush()
        gc.collect()
        if poll.poll(RELEASED_AFTER * 1000):
            return True
        self._kept.release()
        self._tell_idle()
        return bool(poll.poll(max(0.0, self._ends_at - time.monotonic()) * 1000))

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
        self._kept.renew()
        with posing(command, streams):
            code = self._runner(command.words(), self._kept)
        self._left -= 1
        self._kept.tidy()
        # The agent is told first: it takes a launcher that goes away before for one that was
        # killed, and ends its command.
        if code == Exit.INTERRUPTED or not self._kept.is_clean():
            self._left = 0
        if self._is_spent():
            self._control.sendall(RETIRING)
        else:
            self._tell_idle()
        with socket.socket(fileno=launcher) as connection, suppress(OSError):
            connection.sendall(protocol.ENDED + bytes([code & 0xFF]))

    def _is_spent(self) -> bool:
        return self._left <= 0 or time.monotonic() > self._ends_at

    def _tell_idle(self) -> None:
        self._control.sendall(IDLE_OPEN if self._kept.is_connected else IDLE_CLOSED)
