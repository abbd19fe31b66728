"""From the references that people type to the tasks they name."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from neontodo.errors import TaskNotFound
from neontodo.models import Task
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.refs import Last, Number, Prefix, Range, Ref, Refs

CANDIDATES_SHOWN = 10


async def resolve(session: AsyncSession, user_id: str, key_id: str, refs: Refs) -> list[Task]:
    """The tasks that all references name, each once, in the order of the references.

    Raises:
        TaskNotFound: a reference names none, or a UUID prefix several; the candidates are listed.
    """
    last_id = None
    if any(isinstance(ref, Last) for ref in refs.parts):
        last_id = await changes.last_touched(session, user_id, key_id)
    criteria = [_criterion(ref, last_id) for ref in refs.parts]
    rows = await tasks.matching_any(session, user_id, criteria)
    found = [_named(ref, rows, last_id) for ref in refs.parts]
    return list({task.id: task for group in found for task in group}.values())


def _criterion(ref: Ref, last_id: uuid.UUID | None) -> ColumnElement[bool]:
    match ref:
        case Number():
            return col(Task.number) == ref.value
        case Range():
            return col(Task.number).between(ref.first, ref.last)
        case Prefix():
            return col(Task.id).between(ref.low, ref.high)
        case Last():
            return col(Task.id) == last_id


def _named(ref: Ref, rows: Sequence[Task], last_id: uuid.UUID | None) -> list[Task]:
    match ref:
        case Number():
            found = [task for task in rows if task.number == ref.value]
        case Range():
            found = [task for task in rows if ref.first <= task.number <= ref.last]
        case Prefix():
            found = [task for task in rows if ref.low <= task.id <= ref.high]
        case Last():
            found = [task for task in rows if task.id == last_id]
    if not found:
        raise _missing(ref)
    if isinstance(ref, Prefix) and len(found) > 1:
        raise TaskNotFound(
            f"`{ref.text}` is the start of {len(found)} tasks' ids",
            hint="use the number, or more of the id",
            details=tuple(candidates(found)),
        )
    return found


def candidates(found: Iterable[Task]) -> list[str]:
    """A line for each task, and how many more there are."""
    rows = list(found)
    lines = [f"{task.number}  {task.id}  {task.title}" for task in rows[:CANDIDATES_SHOWN]]
    more = len(rows) - CANDIDATES_SHOWN
    return [*lines, f"and {more} more"] if more > 0 else lines


def _missing(ref: Ref) -> TaskNotFound:
    hint = "`todo list --all` shows every task"
    match ref:
        case Last():
            return TaskNotFound("this machine has no last task, or it was removed", hint=hint)
        case Range():
            return TaskNotFound(f"no task has a number in {ref.text}", hint=hint)
        case Prefix():
            return TaskNotFound(f"no task's id starts with `{ref.text}`", hint=hint)
        case Number():
            return TaskNotFound(f"no task {ref.text}", hint=hint)
