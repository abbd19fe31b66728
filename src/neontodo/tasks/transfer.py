"""All tasks of one user given to another: by the database's owner, in one transaction.

They get the receiver's next numbers. The giver's log has them deleted, the receiver's created.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from neontodo.models import Task
from neontodo.tasks.queries import tasks
from neontodo.tasks.state import columns_of
from neontodo.tasks.unit import Command, Unit

CHUNK = 1000
LOGGED_AS = "transfer"
"""The key in both logs: no machine's own, so that nobody's plain `undo` takes it back."""


async def transfer(session: AsyncSession, giver: str, receiver: str, now: datetime) -> int:
    """Move every task, and answer how many these were; nothing counts before the commit."""
    units = {
        user_id: Unit(session, Command(user_id, LOGGED_AS, now, needs_key=False))
        for user_id in (giver, receiver)
    }
    # Two transfers at once must lock the same row first.
    for user_id in sorted(units):
        with _acting_for(session, user_id):
            await units[user_id].start()
    moved = 0
    last = units[giver].last_number
    for first in range(1, last + 1, CHUNK):
        moved += await _move(units[giver], units[receiver], first, first + CHUNK - 1)
    for user_id, unit in units.items():
        with _acting_for(session, user_id):
            await unit.finish()
    return moved


async def _move(giver: Unit, receiver: Unit, first: int, last: int) -> int:
    session = giver.session
    with _acting_for(session, giver.user_id):
        numbered = col(Task.number).between(first, last)
        found = await tasks.matching_any(session, giver.user_id, [numbered])
        for task in found:
            giver.delete(task)
        await giver.flush()
    with _acting_for(session, receiver.user_id):
        taken = await tasks.known(session, receiver.user_id, [task.id for task in found], [])
        for task in found:
            columns = columns_of(task) | {"number": receiver.next_number()}
            receiver.create(uuid.uuid4() if task.id in taken else task.id, columns)
        await receiver.flush()
    for task in found:
        session.expunge(task)
    return len(found)


@contextmanager
def _acting_for(session: AsyncSession, user_id: str) -> Iterator[None]:
    """Let the session be this user's for a while: the only place where one has two."""
    before = session.info["user_id"]
    session.info["user_id"] = user_id
    try:
        yield
    finally:
        session.info["user_id"] = before
