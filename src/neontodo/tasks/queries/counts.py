"""Statements that count a user's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from neontodo.models import Task
from neontodo.tasks.results import Count


async def tags(session: AsyncSession, user_id: str) -> list[Count]:
    """Each tag with the number of tasks that carry it, by name."""
    statement = (
        select(Task.tags, Task.completed, func.count())
        .where(col(Task.user_id) == user_id, col(Task.tags) != "")
        .group_by(col(Task.tags), col(Task.completed))
    )
    pending: dict[str, int] = {}
    done: dict[str, int] = {}
    for names, completed, number in (await session.execute(statement)).all():
        for name in names:
            counts = done if completed else pending
            counts[name] = counts.get(name, 0) + number
    return [Count(n, pending.get(n, 0), done.get(n, 0)) for n in sorted(pending | done)]


async def projects(session: AsyncSession, user_id: str) -> list[Count]:
    """Each project with the number of its tasks, by name."""
    done = func.count().filter(col(Task.completed))
    statement = (
        select(Task.project, func.count() - done, done)
        .where(col(Task.user_id) == user_id, col(Task.project).is_not(None))
        .group_by(col(Task.project))
        .order_by(col(Task.project))
    )
    return [Count(*row) for row in (await session.execute(statement)).all()]


async def totals(
    session: AsyncSession, user_id: str, today: date, now: datetime
) -> tuple[int, int, int, int]:
    """How many are pending, overdue, due today, and done."""
    pending = sa.not_(col(Task.completed))
    late = sa.case(
        (col(Task.due_at).is_not(None), col(Task.due_at) < now),
        else_=col(Task.due_on) < today,
    )
    statement = select(
        func.count().filter(pending),
        func.count().filter(pending, late),
        func.count().filter(pending, sa.not_(late), col(Task.due_on) == today),
        func.count().filter(col(Task.completed)),
    ).where(col(Task.user_id) == user_id)
    row = (await session.execute(statement)).one()
    return (row[0], row[1], row[2], row[3])


async def pending_by_priority(session: AsyncSession, user_id: str) -> dict[int, int]:
    """How many pending tasks there are of each priority."""
    statement = (
        select(Task.priority, func.count())
        .where(col(Task.user_id) == user_id, sa.not_(col(Task.completed)))
        .group_by(col(Task.priority))
    )
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def completions_since(
    session: AsyncSession, user_id: str, since: datetime
) -> Sequence[datetime]:
    """When each task that was done since then was done."""
    statement = select(Task.completed_at).where(
        col(Task.user_id) == user_id, col(Task.completed), col(Task.completed_at) >= since
    )
    return [moment for moment in (await session.scalars(statement)).all() if moment]
