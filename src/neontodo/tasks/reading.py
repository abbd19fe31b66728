"""Answers that are put together from what statements find."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.columns import INSTANTS
from neontodo.fields import Priority
from neontodo.models import Change
from neontodo.tasks.queries import changes, counts
from neontodo.tasks.results import LogEntry, Stats
from neontodo.tasks.state import UnreadableChange, publish_state, read_before

WEEKS_SHOWN = 8


async def compute_stats(session: AsyncSession, user_id: str, now: datetime, tz: tzinfo) -> Stats:
    """Counts over all tasks, and what was done on each day of the last weeks."""
    today = now.astimezone(tz).date()
    first = today - timedelta(days=today.weekday() + 7 * (WEEKS_SHOWN - 1))
    since = datetime.combine(first, time(), tz)
    found = await counts.count_all(session, user_id, today, now, since)
    per_day = Counter(moment.astimezone(tz).date() for moment in found.completions)
    return Stats(
        pending=sum(found.pending.values()),
        overdue=found.overdue,
        due_today=found.due_today,
        done=found.done,
        done_per_day=tuple((day, per_day[day]) for day in _days(first, today)),
        by_priority=tuple((p.label, found.pending[p]) for p in reversed(Priority)),
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


async def fetch_log(
    session: AsyncSession,
    user_id: str,
    *,
    task_ids: Sequence[uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[LogEntry]:
    """What happened to some tasks, or to all, newest first."""
    entries = await changes.fetch_newest(session, user_id, task_ids=task_ids, limit=limit)
    gone = list({entry.task_id for entry in entries if entry.number is None})
    last = await changes.fetch_last_of_tasks(session, user_id, gone) if gone else {}
    return [_entry(entry, last.get(entry.task_id)) for entry in entries]


def _entry(entry: LogEntry, last: Change | None) -> LogEntry:
    """As people know it: with their words for its fields, and the name of a removed task."""
    known = _read(entry)
    if entry.number is not None:
        return known
    state = read_before(last)
    return replace(known, number=state.get("number"), title=state.get("title", ""))


def _read(entry: LogEntry) -> LogEntry:
    try:
        if not (isinstance(entry.at, datetime) and isinstance(entry.title, str)):
            raise UnreadableChange
        return replace(entry, before=publish_state(entry.before), after=publish_state(entry.after))
    except UnreadableChange:
        at = entry.at if isinstance(entry.at, datetime) else INSTANTS[0]
        return replace(entry, at=at, title="", before=None, after=None, is_readable=False)
