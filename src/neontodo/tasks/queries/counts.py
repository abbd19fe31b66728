"""Statements that count a user's tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from neontodo.columns import Instant
from neontodo.fields import PRIORITIES, Priority
from neontodo.models import Task
from neontodo.tasks.filters import EVERY, Condition, build_waiting
from neontodo.tasks.queries.filter_sql import build_flag, build_where
from neontodo.tasks.results import Count, Stats

WEEKS_SHOWN = 8


async def count_tags(
    session: AsyncSession, user_id: str, condition: Condition = EVERY
) -> list[Count]:
    """Return each tag with the number of tasks that carry it, by name."""
    statement = (
        select(Task.tags, Task.completed, func.count())
        .where(col(Task.tags) != "", *build_where(user_id, condition))
        .group_by(col(Task.tags), col(Task.completed))
    )
    counts: Counter[tuple[str, bool]] = Counter()
    for names, completed, number in (await session.execute(statement)).all():
        # A comma stands for tags that are none.
        for name in names if names != (",",) else ():
            counts[name, completed] += number
    names = sorted({name for name, _ in counts})
    return [Count(name, counts[name, False], counts[name, True]) for name in names]


async def count_projects(
    session: AsyncSession, user_id: str, condition: Condition = EVERY
) -> list[Count]:
    """Return each project with the number of its tasks, by name."""
    done = func.count().filter(col(Task.completed))
    statement = (
        select(Task.project, func.count() - done, done)
        .where(col(Task.project).is_not(None), *build_where(user_id, condition))
        .group_by(col(Task.project))
        .order_by(col(Task.project))
    )
    rows = (await session.execute(statement)).all()
    return [Count(*row) for row in rows if row[0] and isinstance(row[0], str)]


async def fetch_names_in_use(session: AsyncSession, user_id: str) -> dict[str, set[str]]:
    """Return the projects and the tags that tasks have, by the names of these fields."""
    statement = select(Task.project, Task.tags).where(col(Task.user_id) == user_id).distinct()
    projects, tags = set(), set()
    for project, names in (await session.execute(statement)).all():
        if isinstance(project, str):
            projects.add(project)
        tags.update(names)
    return {"project": projects, "tags": tags}


async def fetch_stats(
    session: AsyncSession, user_id: str, now: datetime, tz: tzinfo, condition: Condition = EVERY
) -> Stats:
    """Count all tasks, and what was done and added in the last weeks, by one statement."""
    today = now.astimezone(tz).date()
    first = today - timedelta(days=today.weekday() + 7 * (WEEKS_SHOWN - 1))
    weeks = [first + timedelta(days=7 * n) for n in range(WEEKS_SHOWN)]
    pending = sa.not_(col(Task.completed))
    late = sa.case(
        (col(Task.due_at).is_not(None), col(Task.due_at) < now),
        else_=col(Task.due_on) < today,
    )
    waiting = build_flag(build_waiting(now.astimezone(tz)))
    counted = [
        *(func.count().filter(pending, col(Task.priority) == int(p)) for p in Priority),
        func.count().filter(pending, late),
        func.count().filter(pending, sa.not_(late), col(Task.due_on) == today),
        func.count().filter(col(Task.completed)),
        func.count().filter(pending, waiting),
        *(_count_created(week, tz) for week in weeks),
    ]
    mine = build_where(user_id, condition)
    totals = sa.select(sa.cast(sa.null(), Instant), *counted).where(*mine)
    moments = sa.select(col(Task.completed_at), *[sa.literal(0)] * len(counted)).where(
        *mine, col(Task.completed), col(Task.completed_at) >= datetime.combine(first, time(), tz)
    )
    rows: Sequence[Any] = (await session.execute(sa.union_all(totals, moments))).all()
    numbers = next(row[1:] for row in rows if row[0] is None)
    *by_priority, overdue, due_today, done, waits = numbers[:-WEEKS_SHOWN]
    completions = (row[0] for row in rows if isinstance(row[0], datetime))
    per_day = Counter(moment.astimezone(tz).date() for moment in completions)
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    per_week = [sum(per_day[day] for day in days[n : n + 7]) for n in range(0, len(days), 7)]
    return Stats(
        pending=sum(by_priority),
        overdue=overdue,
        due_today=due_today,
        done=done,
        done_per_day=tuple((day, per_day[day]) for day in days),
        done_per_week=tuple(zip(weeks, per_week, strict=True)),
        added_per_week=tuple(zip(weeks, numbers[-WEEKS_SHOWN:], strict=True)),
        by_priority=tuple(reversed(list(zip(PRIORITIES, by_priority, strict=True)))),
        waiting=waits,
    )


def _count_created(monday: date, tz: tzinfo) -> sa.ColumnElement[int]:
    """Count what was created in a week of the user's calendar."""
    start, end = (datetime.combine(day, time(), tz) for day in (monday, monday + timedelta(days=7)))
    return func.count().filter(col(Task.created_at) >= start, col(Task.created_at) < end)
