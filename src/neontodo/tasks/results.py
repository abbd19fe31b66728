"""What reads and writes answer: frozen values that outlive their session."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from neontodo.models import TaskPublic


@dataclass(frozen=True)
class Page:
    """Some tasks in order, and how many there are in all; false if there are none."""

    tasks: tuple[TaskPublic, ...]
    total: int

    def __bool__(self) -> bool:
        return bool(self.tasks or self.total)


@dataclass(frozen=True)
class Outcome:
    """What a write did.

    `changed` are the tasks as they are now, or as they last were if removed; `unchanged` those
    that already were as asked; `notes` are further sentences for a person.
    """

    changed: tuple[TaskPublic, ...]
    unchanged: tuple[TaskPublic, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogEntry:
    """One change of one task; `title` is its newest known title, `machine` the key's label.

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
