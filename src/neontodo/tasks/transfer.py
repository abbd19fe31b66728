"""All tasks of one user given to another: by the database's owner, in one transaction.

They get the receiver's next numbers, and the receiver's log has them created. Whoever gives may
have written to the database with plain SQL, so neither their counters nor their log are relied on,
and rows that no task of this program can be are left behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.tasks.queries import tasks
from neontodo.tasks.state import copy_columns
from neontodo.tasks.unit_of_work import UnitOfWork, WriteContext

CHUNK = 1000
LOGGED_AS = "transfer"
"""The key in the log: no machine's own, so that nobody's plain `undo` takes it back."""


class Transferred(NamedTuple):
    """How many tasks went over, and how many rows were left, as they are no tasks."""

    moved: int
    left: int


async def transfer(session: AsyncSession, giver: str, receiver: str, now: datetime) -> Transferred:
    """Move every task; nothing counts before the commit."""
    units = {
        user_id: UnitOfWork(session, WriteContext(user_id, LOGGED_AS, now, needs_key=False))
        for user_id in (giver, receiver)
    }
    # Two transfers at once must lock the same row first.
    for user_id in sorted(units):
        with _acting_for(session, user_id):
            await units[user_id].start()
    moved, last = 0, 0
    while numbers := await _move(giver, units[receiver], after=last):
        moved, last = moved + len(numbers), numbers[-1]
    with _acting_for(session, receiver):
        await units[receiver].finish()
    with _acting_for(session, giver):
        return Transferred(moved, await tasks.count_tasks(session, giver))


async def _move(giver: str, receiver: UnitOfWork, after: int) -> list[int]:
    """Move the next tasks by their numbers, which are answered."""
    session = receiver.session
    with _acting_for(session, giver):
        found = await tasks.fetch_valid(session, giver, after=after, limit=CHUNK)
        await tasks.delete_tasks(session, giver, found)
    with _acting_for(session, receiver.user_id):
        taken = await tasks.fetch_ids_and_numbers(
            session, receiver.user_id, [task.id for task in found], []
        )
        for task in found:
            columns = copy_columns(task) | {"number": receiver.next_number()}
            receiver.create(uuid.uuid4() if task.id in taken else task.id, columns)
        await receiver.flush()
    for task in found:
        session.expunge(task)
    return [task.number for task in found]


@contextmanager
def _acting_for(session: AsyncSession, user_id: str) -> Iterator[None]:
    """Let the session be this user's for a while: the only place where one has two."""
    before = session.info["user_id"]
    session.info["user_id"] = user_id
    try:
        yield
    finally:
        session.info["user_id"] = before
