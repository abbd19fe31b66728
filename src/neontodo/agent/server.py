"""The agent's threads: one accepts launchers, and a short-lived one talks to each of them.

Whoever holds the turn may have its command run by the main thread; the others wait for it a moment
and then run theirs themselves.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from neontodo import __version__
from neontodo.launcher import protocol
from neontodo.launcher.client import is_peer_same_user
from neontodo.launcher.protocol import DESCRIPTORS, HEAD, Garbage, Invocation
from neontodo.resources import Resources

IDLE_EXIT = 600.0
"""Seconds without a command after which the agent ends."""

UNUSED_EXIT = 60.0
"""The same for one that nobody has ever used: many come and go with temporary stores."""

ROUND = 10.0
"""Seconds between two looks at whether the agent is still wanted."""

QUEUE = 0.05
"""Seconds that a launcher waits for another's command; its own would take ten times that."""

PATIENCE = 2.0
"""Seconds that a launcher may take for its request, or to say GO."""

MOST_LAUNCHERS = 100
"""Launchers at a time; the descriptors that a process may have are few."""

BACKLOG = 256


@dataclass
class Job:
    """A command that its launcher has said GO to."""

    connection: socket.socket
    invocation: Invocation
    descriptors: list[int]
    is_interrupted: bool = False


class Server:
    """Everything between the socket and the main thread.

    Args:
        path: where launchers come in; the lock beside it is this process's until it ends.
        resources: what the status tells of.
        is_outdated: whether the program on disk is another one by now.
    """

    def __init__(self, path: str, resources: Resources, is_outdated: Callable[[], bool]) -> None:
        self._path = path
        self._resources = resources
        self._is_outdated = is_outdated
        self._listener = _listen(path)
        self._identity = _identify_file(path)
        self.news, self._to_main = socket.socketpair()
        self._turn = threading.Lock()
        self._turn.acquire()
        self._state = threading.Lock()
        self._job: Job | None = None
        self._is_leaving = False
        self._served = 0
        self._started = self._used = time.monotonic()
        self._main = threading.get_ident()
        # Until `accept_commands` launchers are told to run theirs.
        threading.Thread(target=self._accept_launchers, daemon=True).start()

    # The main thread's side.

    def accept_commands(self) -> None:
        """Begin to hand over commands."""
        self._turn.release()

    def has_news(self, seconds: float) -> bool:
        """Wait so long at the most, and return whether `take_job` would not have to wait."""
        return bool(select.select([self.news], [], [], seconds)[0])

    def take_job(self) -> Job | None:
        """Wait for the next command, and return it; None if the agent is to end."""
        self.news.recv(1)
        return self._job

    def finish(self, job: Job, answer: bytes, *, is_last: bool) -> None:
        """Tell a launcher how its command ended, and let the next one have its turn."""
        if is_last:
            # The launcher's next command must not find this agent any more.
            self.withdraw()
        self._served += 1
        self._used = time.monotonic()
        with self._state:
            # From here on a launcher that goes away is not taken for one that was killed.
            self._job = None
            with suppress(OSError):
                job.connection.sendall(answer)
                job.connection.shutdown(socket.SHUT_RDWR)
        if not is_last:
            self._turn.release()

    def withdraw(self) -> None:
        """Let another agent take this one's place; the command that runs may end."""
        with self._state:
            if not self._is_leaving and self._is_reachable():
                for path in (self._path, f"{self._path}.lock"):
                    with suppress(OSError):
                        os.unlink(path)
            self._is_leaving = True

    # The threads' side.

    def _accept_launchers(self) -> None:
        look_at = time.monotonic() + ROUND
        while True:
            if select.select([self._listener], [], [], max(0.0, look_at - time.monotonic()))[0]:
                self._accept()
            elif self._is_wanted():
                look_at = time.monotonic() + ROUND
            else:
                return self._leave()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.settimeout(PATIENCE)
        if threading.active_count() <= MOST_LAUNCHERS:
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()
            return
        with connection, suppress(OSError):
            connection.sendall(protocol.BUSY)

    def _is_wanted(self) -> bool:
        patience = IDLE_EXIT if self._served else UNUSED_EXIT
        is_used = self._job is not None or time.monotonic() < self._used + patience
        return is_used and self._is_reachable() and not self._is_outdated()

    def _is_reachable(self) -> bool:
        """Return whether a launcher that looks for an agent still finds this one."""
        return _identify_file(self._path) == self._identity

    def _leave(self) -> None:
        """Take no more commands, and end the main thread's work after the one that runs."""
        self.withdraw()
        self._turn.acquire()
        self._to_main.send(b".")

    def _talk(self, connection: socket.socket) -> None:
        """Answer one launcher, from its request to its end."""
        is_leaving = False
        with connection, suppress(OSError, Garbage):
            if not is_peer_same_user(connection):
                return
            kind, length = protocol.parse_head(_receive(connection, HEAD))
            body = _receive(connection, length)
            if kind == protocol.STATUS:
                connection.sendall(json.dumps(self._describe()).encode())
            elif kind == protocol.STOP:
                is_leaving = True
                self.withdraw()
                connection.sendall(str(os.getpid()).encode())
            elif self._is_leaving or self._is_outdated():
                is_leaving = True
                connection.sendall(protocol.LEAVING)
            else:
                self._serve(connection, Invocation.decode(body))
        if is_leaving:
            self._leave()

    def _describe(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "version": __version__,
            "uptime": round(time.monotonic() - self._started, 1),
            "commands": self._served,
            "memory": _memory(),
            # Scripts read this name; there is always one process.
            "workers": 1,
            "busy": int(self._job is not None),
            "connections": int(self._resources.is_connected),
        }

    def _serve(self, connection: socket.socket, invocation: Invocation) -> None:
        """Have a launcher's command run when it is its turn."""
        if not self._turn.acquire(timeout=QUEUE):
            return connection.sendall(protocol.BUSY)
        try:
            connection.sendall(protocol.READY)
            descriptors = _receive_go(connection)
        except (OSError, Garbage) as error:
            self._turn.release()
            if isinstance(error, TimeoutError):
                # It may have said GO this very moment, and must know that nothing was begun.
                connection.sendall(protocol.UNBEGUN)
            return None
        self._job = job = Job(connection, invocation, descriptors)
        self._to_main.send(b".")
        return self._follow(job)

    def _follow(self, job: Job) -> None:
        """Pass on interrupts while a command runs; it ends as its launcher does."""
        job.connection.settimeout(None)
        is_there = True
        while is_there:
            words = b""
            with suppress(OSError):
                words = job.connection.recv(64)
            is_there = bool(words)
            with self._state:
                is_running = self._job is job
                if is_running and protocol.INTERRUPT in words:
                    job.is_interrupted = True
                    # A signal to the process might wake another thread than the one that waits.
                    signal.pthread_kill(self._main, signal.SIGINT)
        if is_running:
            # Without its launcher a command would have been killed by the same signal.
            self.withdraw()
            os._exit(1)


def _listen(path: str) -> socket.socket:
    with suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Binding makes the file: nobody else may have it even for a moment.
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def _identify_file(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more, _, flags, _ = connection.recvmsg(size - len(data))
        # Descriptors come with GO only.
        if not more or flags & socket.MSG_CTRUNC:
            raise Garbage
        data += more
    return data


def _receive_go(connection: socket.socket) -> list[int]:
    """Wait for GO, and return the descriptors that come with it.

    Raises:
        Garbage: something else comes, or not as many descriptors.
        OSError: nothing does.
    """
    words, descriptors, flags, _ = socket.recv_fds(connection, 64, DESCRIPTORS)
    if words == protocol.GO and len(descriptors) == DESCRIPTORS and not flags & socket.MSG_CTRUNC:
        return descriptors
    for descriptor in descriptors:
        os.close(descriptor)
    raise Garbage


def _memory() -> int | None:
    """Return the bytes that this process takes, pages shared with others by their share."""
    if sys.platform != "linux":
        return None
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        sizes = (line.split() for line in file if line.startswith("Pss:"))
        return sum(int(size[1]) * 1024 for size in sizes)
