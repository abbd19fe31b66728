"""What reads and writes answer: frozen values that outlive their session.

Tasks are left out of the values' `repr`: Python 3.11 makes one of whatever `asyncio.Runner.run`
answers, as it puts its signal handler back, and for 100,000 tasks that takes seconds.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from neontodo.models import NUMBER_MAX, TaskPublic


@dataclass(frozen=True)
class SavedView:
    """A filter by its name, as an expression that may be empty, and the order of its lists."""

    name: str
    filter: str
    sort: str | None


@dataclass(frozen=True)
class UnreadableTask:
    """A row that is no task of this program's: somebody has written it by plain SQL.

    `fields` are those that say so; number and id are as they stand there.
    """

    number: Any
    id: Any
    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """What a reference to it is."""
        has_number = isinstance(self.number, int) and self.number <= NUMBER_MAX
        return str(self.number if has_number else self.id)

    @property
    def problem(self) -> str:
        return f"task {self.name} cannot be read: invalid {', '.join(self.fields)}"

    @property
    def next_step(self) -> str:
        return f"`todo rm {self.name}` removes it"


@dataclass(frozen=True)
class Page:
    """Some tasks in order, and how many there are in all, with those that cannot be read.

    `hidden` are those besides that the filter hides, if they were counted.
    """

    tasks: tuple[TaskPublic, ...] = field(repr=False)
    total: int
    hidden: int = 0
    unreadable: tuple[UnreadableTask, ...] = ()


DESCRIBED_MAX = 5
"""As many changed tasks are described field by field; of more it would be no use."""


@dataclass(frozen=True)
class Outcome:
    """What a write did.

    `changed` are the tasks as they are now, or as they last were if removed; `unchanged` those
    that already were as asked; `notes` are further sentences for a person. `before` has the changed
    tasks as they were, None for a new one, where their fields are to be described.
    """

    changed: tuple[TaskPublic, ...] = field(repr=False)
    unchanged: tuple[TaskPublic, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    before: tuple[TaskPublic | None, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class LogEntry:
    """One change of one task; `title` is its newest known title, `machine` the key's label.

    `before` and `after` hold the changed fields as JSON has them, but tags as added and removed;
    `redo` says whether what it reverts was an undo. Where plain SQL has written something else
    they are None, and `is_readable` is off. `count` is how many changes of a command it stands for
    where they are folded into one; `is_undone` then says whether the command was undone since.
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
    is_readable: bool = True
    count: int = 1
    is_undone: bool = False


@dataclass(frozen=True)
class Count:
    """How many tasks carry a tag, or belong to a project."""

    name: str
    pending: int
    done: int


@dataclass(frozen=True)
class Stats:
    """Counts over all tasks of a user; those of days and weeks are gapless, oldest first.

    A week is named by its Monday. The `waiting` ones are pending, too.
    """

    pending: int
    overdue: int
    due_today: int
    done: int
    by_priority: tuple[tuple[str, int], ...]
    done_per_day: tuple[tuple[date, int], ...]
    done_per_week: tuple[tuple[date, int], ...]
    added_per_week: tuple[tuple[date, int], ...]
    waiting: int = 0
