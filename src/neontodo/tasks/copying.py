"""A user's tasks and log carried whole into another store, for a user who has none there yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from neontodo.models import Change
from neontodo.tasks.queries import changes, tasks, users


@dataclass(frozen=True)
class Owner:
    """A user in a store, and the key of this machine there."""

    user_id: str
    key_id: str


@dataclass(frozen=True)
class Copied:
    """How much went over."""

    tasks: int
    changes: int


async def copy(
    source: AsyncSession, old: Owner, session: AsyncSession, new: Owner
) -> Copied | None:
    """Copy numbers, tasks and log as they are; None if the new user ever had a task.

    What this machine did in the old store it did in the new one too, so `undo` still goes back.
    Both sessions must hold still: one transaction each.
    """
    counters = await users.counters(source, old.user_id)
    if not await users.claim_unused(session, new.user_id, *counters):
        return None
    copied_tasks = copied_changes = 0
    async for found in tasks.everything(source, old.user_id):
        await tasks.add(session, [_row(task, new) for task in found])
        copied_tasks += len(found)
    async for logged in changes.everything(source, old.user_id):
        await changes.add(session, [_logged(change, old, new) for change in logged])
        copied_changes += len(logged)
    return Copied(copied_tasks, copied_changes)


def _row(stored: SQLModel, new: Owner) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in type(stored).model_fields} | {
        "user_id": new.user_id
    }


def _logged(change: Change, old: Owner, new: Owner) -> dict[str, Any]:
    row = _row(change, new)
    return row | {"key_id": new.key_id} if change.key_id == old.key_id else row
