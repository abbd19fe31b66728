"""A user's tasks and log carried whole into another store, for a user who has none there yet."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.tasks.queries import changes, tasks, users
from neontodo.tasks.state import is_readable_row, normalize_row


@dataclass(frozen=True)
class Owner:
    """A user in a store, and the key of this machine there."""

    user_id: str
    key_id: str


@dataclass(frozen=True)
class Copied:
    """How much went over, and how many rows cannot be read and stayed."""

    tasks: int
    changes: int
    left: int = 0


async def copy(
    source: AsyncSession, old: Owner, session: AsyncSession, new: Owner
) -> Copied | None:
    """Copy numbers, tasks and log as they are; None if the new user ever had a task.

    What this machine did in the old store it did in the new one too, so `undo` still goes back.
    Both sessions must hold still: one transaction each.
    """
    counters = await users.fetch_counters(source, old.user_id)
    if not await users.set_first_counters(session, new.user_id, *counters):
        return None
    copied_tasks = copied_changes = left = 0
    mine, keys = {"user_id": new.user_id}, {old.key_id: new.key_id}
    async for found in tasks.stream_rows(source, old.user_id):
        sound = [columns for row in found if (columns := normalize_row({**row})) is not None]
        await tasks.insert_tasks(session, [{**columns, **mine} for columns in sound])
        copied_tasks += len(sound)
        left += len(found) - len(sound)
    async for logged in changes.stream_rows(source, old.user_id):
        known = [row for row in logged if is_readable_row({**row})]
        await changes.insert_changes(
            session,
            [{**row, **mine, "key_id": keys.get(row["key_id"], row["key_id"])} for row in known],
        )
        copied_changes += len(known)
        left += len(logged) - len(known)
    return Copied(copied_tasks, copied_changes, left)
