"""The one agent of a store and version: a lock that only one process holds, and its socket."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket

from neontodo.launcher.socket_path import is_private

BACKLOG = 256


class Taken(Exception):
    """Another agent is there or starting, or the folder is not to be trusted."""


class Claim:
    """The place at `path`, held from the start of an agent to its end."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = _locked(f"{path}.lock")
        self._identity: tuple[int, int] | None = None

    def listen(self) -> socket.socket:
        """Open the socket."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Binding makes the file: nobody else may have it even for a moment.
        before = os.umask(0o177)
        try:
            listener.bind(self.path)
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
        listener.setblocking(False)
        self._identity = _identity(self.path)
        return listener

    def is_held(self) -> bool:
        """Whether a launcher that looks for an agent still comes here."""
        return self._identity is not None and _identity(self.path) == self._identity

    def release(self) -> None:
        """Let another agent take the place."""
        if self.is_held():
            # Whoever has opened the lock meanwhile finds that it is gone, and ends.
            for path in (self.path, f"{self.path}.lock"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        self._identity = None
        os.close(self._lock)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _locked(path: str) -> int:
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError):
        os.mkdir(folder, 0o700)
    if not is_private(folder):
        raise Taken
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        raise Taken from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise Taken from None
    status = os.fstat(lock)
    if _identity(path) != (status.st_dev, status.st_ino):
        # Whoever gave up a silent agent has taken its lock's file away.
        os.close(lock)
        raise Taken
    return lock
