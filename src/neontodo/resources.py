"""The event loop and the open store of a command; an agent's worker keeps them for the next one."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

    from neontodo.db.connect import Announce
    from neontodo.db.database import Database
    from neontodo.db.founding import Founder
    from neontodo.db.retry import Limits
    from neontodo.db.url import Target

T = TypeVar("T")

DESCRIPTORS = 8


class Resources:
    """One event loop, and the one store that was opened on it: an engine knows no other loop."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._database: Database | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the event loop."""
        if self._runner is None:
            _need_descriptors()
            # asyncio takes longer to import than all that `--help` needs.
            import asyncio

            self._runner = asyncio.Runner()
        return self._runner.run(work)

    def database(
        self,
        target: Target,
        founder: Callable[[], Founder],
        limits: Limits,
        announce: Announce,
        notify: Callable[[str], None],
    ) -> Database:
        """The store of that name."""
        from neontodo.db.database import Database

        self._database = Database(target, founder, limits=limits, announce=announce, notify=notify)
        return self._database

    def close(self) -> None:
        """The command has ended: let go of connections and of the event loop."""
        if self._runner is None:
            return
        if self._database is not None:
            self._runner.run(self._database.close())
        self._runner.run(_let_go())
        self._runner.close()


def _need_descriptors() -> None:
    """Raise OSError if a loop and a store could get only some of the descriptors they need.

    Half a loop leaves a traceback behind, and SQLite does not say what it lacked.
    """
    found: list[int] = []
    try:
        while len(found) < DESCRIPTORS:
            found.append(os.dup(2))
    finally:
        for descriptor in found:
            os.close(descriptor)


async def _let_go() -> None:
    """Drop what a driver gave up while connecting; it does not wait for the other side to agree."""
    import asyncio

    given_up = getattr(asyncio.get_running_loop(), "_transports", {})
    for transport in list(given_up.values()):
        transport.abort()
    await asyncio.sleep(0)
