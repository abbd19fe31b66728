"""The event loop and the open store of a command; the agent keeps them for the next one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from neontodo.filesystem import identify_file

if TYPE_CHECKING:
    import asyncio
    import socket
    from pathlib import Path

    from neontodo.db.connector import Announce
    from neontodo.db.database import Database
    from neontodo.db.retry import TimeLimits
    from neontodo.db.schema import FirstUser
    from neontodo.db.url import Target

T = TypeVar("T")

RELEASED_AFTER = 240.0
"""Idle seconds until connections are closed; a compute on Neon suspends after 300 and cuts them."""

# What the drivers look at when they connect, beside the target.
NETWORK = ("PG", "SSL_CERT")


class Replaced(Exception):
    """The store was replaced while it was open, and its log is still there.

    SQLite would write that into the new file on closing: the process must end instead.
    """


class Resources:
    """One event loop, and the one store that is open on it: an engine knows no other loop.

    Args:
        outlive_command: whether they stay open for the next command. `renew` is then called before
            each one, and `clean_up` after it.
    """

    def __init__(self, *, outlive_command: bool = False) -> None:
        self._outlive_command = outlive_command
        self._runner: asyncio.Runner | None = None
        self._database: Database | None = None
        self._key: object = None
        self._outdated: list[Database] = []
        self._file: tuple[int, ...] | None = None
        self._last_used = time.time()
        self._awake = _awake()

    @property
    def is_connected(self) -> bool:
        return self._database is not None and self._database.count_connections()[0] > 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the event loop."""
        if self._runner is None:
            # asyncio takes longer to import than all that `--help` needs.
            import asyncio

            runner = asyncio.Runner()
            # Made now: a loop that lacks descriptors must not be closed either.
            runner.get_loop()
            self._runner = runner
        return self._runner.run(work)

    def database(
        self,
        target: Target,
        make_first_user: Callable[[], FirstUser],
        limits: TimeLimits | None,
        announce: Announce,
        notify: Callable[[str], None],
    ) -> Database:
        """Return the store of a target: the one that is open, if it is the same."""
        key = (target, limits, _network())
        if self._database is None or key != self._key:
            if self._database is not None:
                # A command asks for its store while the loop runs, which cannot close another now.
                self._outdated.append(self._database)
            self._key = key
            from neontodo.db.database import Database

            made: type[Database] = Database
            if self._outlive_command:
                from neontodo.agent.warm_database import WarmDatabase

                made = WarmDatabase
            self._database = made(target, make_first_user, limits=limits)
        self._database.reuse_for_next_command(make_first_user, announce, notify)
        return self._database

    def close(self) -> None:
        """End a command: let go of connections and of the event loop, unless they outlive it."""
        if not self._outlive_command:
            self.close_all()

    def close_all(self) -> None:
        """Let go of connections and of the event loop."""
        if self._runner is None:
            return
        if self._database is not None:
            self._runner.run(self._database.close())
        self._runner.run(_abort_transports())
        self._runner.close()

    # Between two commands.

    def renew(self) -> None:
        """Drop what may have died, or been replaced, since the last command; raise as `release`."""
        slept = abs(_awake() - self._awake) > 1.0
        is_old = time.time() - self._last_used > RELEASED_AFTER
        if slept or is_old or self._identify_file() != self._file:
            self.release()

    def clean_up(self) -> None:
        """Leave things as a process that ends does, as far as others see; raise as `release`."""
        while self._outdated:
            self._close(self._outdated.pop())
        path = self._path()
        if path is not None and _size(path.with_name(f"{path.name}-wal")):
            # Closing puts SQLite's log into the file: whoever copies that alone, or puts a backup
            # in its place, counts on it.
            self.release()
        self._last_used, self._awake = time.time(), _awake()
        self._file = self._identify_file()

    def release(self) -> None:
        """Close the connections, or raise Replaced; the next command makes new ones."""
        path = self._path()
        if path is not None and self.is_connected:
            from neontodo.db import write_ahead_log

            # To look at the file takes this process's locks on it away, which closing does anyway.
            if not write_ahead_log.has_matching_log(path):
                raise Replaced
        if self._database is not None:
            self._close(self._database)

    def _close(self, database: Database) -> None:
        with suppress(Exception):
            self.run(database.close())

    def is_clean(self) -> bool:
        """Return whether the command has left nothing running and no connection in use."""
        import asyncio

        if self._runner is not None and asyncio.all_tasks(self._runner.get_loop()):
            return False
        return self._database is None or self._database.count_connections()[1] == 0

    def release_when_idle(self, until: socket.socket) -> bool:
        """Close the file after a while without a command, or open a faster way to a server.

        Opening it is given up at once if there is something to be read from `until`. Return whether
        there is a faster way now.
        """
        from neontodo.agent.warm_database import WarmDatabase

        if self._path() is not None:
            self.release()
        elif isinstance(self._database, WarmDatabase):
            with suppress(Exception):
                return self.run(_run_until_readable(until, self._database.open_fast_connection()))
        return False

    def _path(self) -> Path | None:
        """Return the embedded store's file; None if another store is open, or none."""
        from neontodo.db.url import SqliteTarget

        if self._database is None or not isinstance(self._database.target, SqliteTarget):
            return None
        return self._database.target.path

    def _identify_file(self) -> tuple[int, ...] | None:
        path = self._path()
        return None if path is None else identify_file(path)


async def _abort_transports() -> None:
    """Drop what a driver gave up while connecting; it does not wait for the other side to agree."""
    import asyncio

    given_up = getattr(asyncio.get_running_loop(), "_transports", {})
    for transport in list(given_up.values()):
        transport.abort()
    await asyncio.sleep(0)


async def _run_until_readable(until: socket.socket, work: Coroutine[Any, Any, bool]) -> bool:
    import asyncio

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
    """Return what grows by as much as the machine sleeps: one of two clocks stands still then."""
    return time.time() - time.monotonic()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
