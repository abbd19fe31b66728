"""One command's write to a store, tried until it is known to be saved exactly once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from neontodo.db.database import Database
from neontodo.tasks.unit_of_work import AlreadyApplied, Command, Unit

T = TypeVar("T")


async def saved(
    database: Database,
    command: Command,
    action: Callable[[Unit], Awaitable[T]],
    *,
    dry_run: bool = False,
) -> T:
    """Run an action in one transaction of the command's user; a dry run rolls it back.

    It runs again if the connection breaks, until its changes are known to be saved once. The
    answer is that of the run which was saved, even if the network took the server's own.
    """
    answers: list[T] = []

    async def attempt() -> T:
        try:
            async with database.write(command.user_id, dry_run=dry_run) as session:
                unit = Unit(session, command, sent_before=bool(answers))
                answers.append(await action(unit))
        except AlreadyApplied:
            pass
        return answers[-1]

    return await database.repeated(attempt)
