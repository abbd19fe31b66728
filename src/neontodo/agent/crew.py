"""The agent's workers: forked when they are needed, told what to do, and seen off."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from neontodo.agent.conversation import Conversation
from neontodo.agent.descriptors import close_others
from neontodo.agent.worker import CLOSED, DONE, OPEN, RETIRING
from neontodo.launcher.protocol import Command

Work = Callable[[socket.socket, Command | None], None]

MOST = 8
"""Workers at a time; who comes when all are busy waits a little, then runs the command itself."""

SURPLUS_AFTER = 15.0
"""Seconds that a second idle worker is kept."""


class Member:
    """One worker as the agent sees it; `client` is whose command it runs."""

    def __init__(self, pid: int, control: socket.socket, *, is_ready: bool) -> None:
        control.setblocking(False)
        self.pid = pid
        self.control = control
        self.client: Conversation | None = None
        self.is_ready = is_ready
        self.is_connected = False
        self.is_retiring = False
        self.since = time.monotonic()

    @property
    def is_idle(self) -> bool:
        return self.is_ready and self.client is None and not self.is_retiring

    def give(self, client: Conversation) -> None:
        """Hand over a client and its command."""
        message = len(client.body).to_bytes(4, "big") + client.body
        self.client = client
        self.control.setblocking(True)
        # A worker that has just died is noticed by its closed socket, as one that dies later is.
        with suppress(OSError):
            descriptors = [client.connection.fileno(), *client.descriptors]
            sent = socket.send_fds(self.control, [message], descriptors)
            self.control.sendall(memoryview(message)[sent:])
        self.control.setblocking(False)
        client.let_go()

    def listen(self) -> bool:
        """Take note of what the worker says; True if its command has ended.

        Raises:
            EOFError: the worker has.
        """
        try:
            words = self.control.recv(64)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            raise EOFError from None
        if not words:
            raise EOFError
        self.is_ready = True
        self.is_retiring = self.is_retiring or RETIRING in words
        if OPEN in words or CLOSED in words:
            self.is_connected = words.rfind(OPEN) > words.rfind(CLOSED)
        if DONE in words:
            self.since = time.monotonic()
        return DONE in words

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Crew:
    """All workers; those that have ended are waited for without waiting."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._ended: list[int] = []
        self.members: list[Member] = []

    @property
    def busy(self) -> list[Member]:
        return [member for member in self.members if member.client is not None]

    def idle(self) -> Member | None:
        """The worker that was busy last: its caches are the warmest."""
        idle = [member for member in self.members if member.is_idle]
        return max(idle, key=lambda member: member.since, default=None)

    def surplus(self) -> Iterator[Member]:
        """Idle workers beside the one that stands ready."""
        before = time.monotonic() - SURPLUS_AFTER
        ready = self.idle()
        for member in self.members:
            if member.is_idle and member is not ready and member.since < before:
                yield member

    def fork(self, warm: Command | None) -> Member:
        """A new worker; with the command of an earlier client, one that makes itself ready."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            self._become_worker(theirs, warm)
        theirs.close()
        member = Member(pid, ours, is_ready=warm is None)
        self.members.append(member)
        return member

    def _become_worker(self, control: socket.socket, warm: Command | None) -> None:
        """In the new process: never comes back, so that nothing of the agent's is torn down."""
        try:
            # Whoever waits for another client's pipe to be closed must not have to wait for us.
            close_others(control.fileno())
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            self._work(control, warm)
        finally:
            os._exit(0)

    def dismiss(self, member: Member) -> None:
        """See a worker off: it ends by itself, or has."""
        self.members.remove(member)
        member.control.close()
        self._ended.append(member.pid)
        self.reap()

    def figures(self) -> dict[str, int | None]:
        """What is shown of the workers."""
        return {
            "memory": _memory([os.getpid(), *(member.pid for member in self.members)]),
            "workers": len(self.members),
            "busy": len(self.busy),
            "connections": sum(member.is_connected for member in self.members),
        }

    def reap(self) -> None:
        """Let the system forget workers that have ended."""
        self._ended = [pid for pid in self._ended if not _has_ended(pid)]


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _memory(pids: list[int]) -> int | None:
    """Bytes that processes take of the machine's memory, shared pages by their share."""
    if sys.platform != "linux":
        return None
    total = 0
    for pid in pids:
        with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            sizes = (line.split() for line in file if line.startswith("Pss:"))
            total += sum(int(size[1]) * 1024 for size in sizes)
    return total
