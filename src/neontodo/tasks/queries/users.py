"""Statements on a user's own row, with the lock and counters of every write, and on all rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, delete, select, update

from neontodo.db import bulk
from neontodo.db.schema import STORED_VERSION
from neontodo.errors import KeyNotAccepted
from neontodo.models import HISTORY, Change, Key, Task, User, View

if TYPE_CHECKING:
    from neontodo.tasks.unit_of_work import WriteContext

UNSYNCHRONIZED = {"synchronize_session": False}


class UnknownUser(KeyNotAccepted):
    """The store does not have the user of this run."""

    def __init__(self) -> None:
        super().__init__(
            "you are not a user of this store",
            hint="`todo whoami` shows who you are; `todo connect` or `todo login` adds you",
        )


async def begin_write(
    session: AsyncSession, context: WriteContext, *, numbers: int, changes: int
) -> tuple[int, int, str | None, int, int] | None:
    """Lock the user's row while raising its counters.

    Returns:
        The last number and seq, the schema's version, whether the key is accepted, and whether the
        command was applied before; None if there is no such user.
    """
    user_id = context.user_id
    key = select(func.count()).where(
        col(Key.user_id) == user_id, col(Key.id) == context.key_id, col(Key.revoked_at).is_(None)
    )
    applied = select(func.count()).where(
        col(Change.user_id) == user_id,
        col(Change.command_id) == context.command_id,
        col(Change.position) == sa.literal_column("0"),
    )
    statement = (
        update(User)
        .where(col(User.id) == user_id)
        .values(last_number=col(User.last_number) + numbers, last_seq=col(User.last_seq) + changes)
        .returning(
            col(User.last_number),
            col(User.last_seq),
            STORED_VERSION.scalar_subquery(),
            key.scalar_subquery(),
            applied.scalar_subquery(),
        )
        .execution_options(**UNSYNCHRONIZED)
    )
    return (await session.execute(statement)).first()


async def require_user(session: AsyncSession, user_id: str) -> None:
    """Raise UnknownUser if the store has no such user."""
    if await session.scalar(select(col(User.id)).where(col(User.id) == user_id)) is None:
        raise UnknownUser


async def fetch_email_and_name(
    session: AsyncSession, user_id: str
) -> tuple[str | None, str | None] | None:
    """Fetch the user's e-mail address and name; None if there is no such user."""
    statement = select(User.email, User.name).where(col(User.id) == user_id)
    return (await session.execute(statement)).first()


async def set_counters(
    session: AsyncSession, user_id: str, last_number: int, last_seq: int
) -> None:
    """Set the counters of a user whose row this transaction holds."""
    await session.execute(
        update(User)
        .where(col(User.id) == user_id)
        .values(last_number=last_number, last_seq=last_seq)
        .execution_options(**UNSYNCHRONIZED)
    )


async def stream_rows(
    session: AsyncSession, user_id: str, model: Any
) -> AsyncIterator[Sequence[sa.RowMapping]]:
    """Yield all columns of one of the tables of `HISTORY`, in its order, a thousand rows at a time.

    The search column is left out. The session must hold still.
    """
    columns = [getattr(model, name) for name in model.model_fields if name != "search_text"]
    order = [getattr(model, name) for name in HISTORY[model]]
    statement = sa.select(*columns).where(col(model.user_id) == user_id).order_by(*order)
    async for chunk in (await session.stream(statement)).mappings().partitions(1000):
        yield chunk


async def insert_rows(session: AsyncSession, model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows to one of the tables of `HISTORY`; every row names its user, and all columns."""
    await bulk.insert_rows(session, model, rows)


async def delete_history(session: AsyncSession, user_id: str) -> None:
    """Remove all that a user has, counters set back; a member's login role may not."""
    for model in (Task, Change, View):
        statement = delete(model).where(col(model.user_id) == user_id)
        await session.execute(statement.execution_options(**UNSYNCHRONIZED))
    await set_counters(session, user_id, 0, 0)


async def fetch_counters(session: AsyncSession, user_id: str) -> tuple[int, int]:
    """Fetch the user's last number and last seq; UnknownUser if there is no such user."""
    statement = select(User.last_number, User.last_seq).where(col(User.id) == user_id)
    row = (await session.execute(statement)).first()
    if row is None:
        raise UnknownUser
    return row[0], row[1]


async def set_first_counters(
    session: AsyncSession, user_id: str, last_number: int, last_seq: int
) -> bool:
    """Lock and set the counters of a user who never had a task; False if the user had one."""
    statement = (
        update(User)
        .where(col(User.id) == user_id, col(User.last_number) == 0, col(User.last_seq) == 0)
        .values(last_number=last_number, last_seq=last_seq)
        .returning(col(User.id))
        .execution_options(**UNSYNCHRONIZED)
    )
    return await session.scalar(statement) is not None
