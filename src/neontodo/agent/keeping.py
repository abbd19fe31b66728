"""The event loop and the store that a worker keeps open from one command to the next."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neontodo.agent.store import KeptDatabase
from neontodo.db import write_ahead_log
from neontodo.db.url import SqliteTarget
from neontodo.resources import Resources

if TYPE_CHECKING:
    from neontodo.db.connect import Announce
    from neontodo.db.database import Database
    from neontodo.db.founding import Founder
    from neontodo.db.retry import Limits
    from neontodo.db.url import Target

RELEASED_AFTER = 240.0
"""Idle seconds until connections are closed; a compute on Neon suspends after 300 and cuts them."""

# What the drivers look at when they connect, beside the target.
NETWORK = ("PG", "SSL_CERT")


class Replaced(Exception):
    """The store was replaced while it was open, and its log is still there.

    SQLite would write the log into the new file when the connection is closed: the process must end
    instead.
    """


class Kept(Resources):
    """Resources that outlive a command; `renew` and `tidy` stand between two of them."""

    def __init__(self) -> None:
        super().__init__()
        self._key: object = None
        self._left: list[Database | None] = []
        self._file: tuple[int, ...] | None = None
        self._last_used = time.time()
        self._awake = _awake()

    @property
    def is_connected(self) -> bool:
        return self._database is not None and self._database.connections[0] > 0

    def database(
        self,
        target: Target,
        founder: Callable[[], Founder],
        limits: Limits,
        announce: Announce,
        notify: Callable[[str], None],
    ) -> Database:
        key = (target, limits, _network())
        if self._database is None or key != self._key:
            # A command asks for its store while the loop runs, which cannot close another now.
            self._left.append(self._database)
            self._key = key
            self._database = KeptDatabase(target, founder, limits=limits, announce=announce)
        self._database.lend(founder, announce, notify)
        return self._database

    def close(self) -> None:
        """The command has ended; all stays as it is."""

    def renew(self) -> None:
        """Before a command: drop what may have died, or been replaced, since the last one.

        Raises:
            Replaced: the store was, and cannot be closed.
        """
        slept = abs(_awake() - self._awake) > 1.0
        if slept or time.time() - self._last_used > RELEASED_AFTER or self._is_replaced():
            self.release()

    def tidy(self) -> None:
        """After a command: leave things as a process that ends does, as far as others see them."""
        while self._left:
            self._close(self._left.pop())
        path = self._path()
        if path is not None and _size(path.with_name(f"{path.name}-wal")):
            # Closing puts SQLite's log into the file: whoever copies that alone, or puts a backup
            # in its place, counts on it.
            self.release()
        self._last_used, self._awake = time.time(), _awake()
        self._file = self._identity()

    def release(self) -> None:
        """Close the connections; the next command makes new ones.

        Raises:
            Replaced: the store cannot be closed.
        """
        path = self._path()
        # To look at the file takes this process's locks on it away, which closing does anyway.
        if path is not None and self.is_connected and not write_ahead_log.belongs(path):
            raise Replaced
        self._close(self._database)

    def _close(self, database: Database | None) -> None:
        if database is not None:
            with suppress(Exception):
                self.run(database.close())

    def is_clean(self) -> bool:
        """Whether the command has left nothing running and no connection in use."""
        if self._runner is not None and asyncio.all_tasks(self._runner.get_loop()):
            return False
        return self._database is None or self._database.connections[1] == 0

    def rest(self, until: socket.socket) -> bool:
        """After a while without a command: leave a file alone, or open a faster way to a server.

        That is given up at once if there is something to be read from `until`. True if there is a
        faster way now.
        """
        if self._path() is not None:
            self.release()
        elif isinstance(self._database, KeptDatabase) and self._database.can_be_faster:
            with suppress(Exception):
                return self.run(_unless_read(until, self._database.hasten()))
        return False

    def _path(self) -> Path | None:
        if self._database is None or not isinstance(self._database.target, SqliteTarget):
            return None
        return self._database.target.path

    def _identity(self) -> tuple[int, ...] | None:
        if (path := self._path()) is None:
            return None
        try:
            status = os.stat(path)
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size

    def _is_replaced(self) -> bool:
        return self._identity() != self._file


async def _unless_read(until: socket.socket, work: Coroutine[Any, Any, bool]) -> bool:
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work)
    loop.add_reader(until, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return False
    finally:
        loop.remove_reader(until)


def _network() -> tuple[tuple[str, str], ...]:
    environment = os.environ.items()  # noqa: TID251
    return tuple(sorted(item for item in environment if item[0].startswith(NETWORK)))


def _awake() -> float:
    """Grows by as much as the machine sleeps: one of the two clocks stands still then."""
    return time.time() - time.monotonic()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
