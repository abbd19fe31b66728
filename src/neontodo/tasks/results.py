"""What reads and writes answer: frozen values that outlive their session.

Tasks are left out of the values' `repr`: Python 3.11 makes one of whatever `asyncio.Runner.run`
answers, as it puts its signal handler back, and for 100,000 tasks that takes seconds.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from neontodo.models import TaskPublic


@dataclass(frozen=True)
class Page:
    """Some tasks in order, and how many there are in all; false if there are none."""

    tasks: tuple[TaskPublic, ...] = field(repr=False)
    total: int

    def __bool__(self) -> bool:
        return bool(self.tasks or self.total)


@dataclass(frozen=True)
class Outcome:
    """What a write did.

    `changed` are the tasks as they are now, or as they last were if removed; `unchanged` those
    that already were as asked; `notes` are further sentences for a person.
    """

    changed: tuple[TaskPublic, ...] = field(repr=False)
    unchanged: tuple[TaskPublic, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogEntry:
    """One change of one task; `title` is its newest known title, `machine` the key's label.

    `before` and `after` hold the changed fields as JSON has them, but tags as added and removed;
    `redo` says whether what it reverts was an undo.
    """

    seq: int
    at: datetime
    command_id: uuid.UUID
    reverts: uuid.UUID | None
    machine: str
    task_id: uuid.UUID
    number: int | None
    title: str
    kind: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    redo: bool = False


@dataclass(frozen=True)
class Count:
    """How many tasks carry a tag, or belong to a project."""

    name: str
    pending: int
    done: int


@dataclass(frozen=True)
class Stats:
    """Counts over all tasks of a user, false if there are none.

    `done_per_day` is gapless, oldest first.
    """

    pending: int
    overdue: int
    due_today: int
    done: int
    done_per_day: tuple[tuple[date, int], ...]
    by_priority: tuple[tuple[str, int], ...]

    def __bool__(self) -> bool:
        return bool(self.pending or self.done)
