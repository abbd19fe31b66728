"""What a reader says of one task of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from neontodo.models import TaskCreate


class Record(NamedTuple):
    """A task, or why there is none: exactly one of `task`, `problem` and `skipped` is set.

    `where` names the place for a person (`line 7`, `record 3, line 12`). `key` is the stable
    source text of a task without an id, from which the importer derives one; else empty.
    """

    where: str
    task: TaskCreate | None = None
    problem: str | None = None
    skipped: str | None = None
    key: str = ""


class BadRecord(ValueError):
    """A record cannot become a task; says which field and why."""
