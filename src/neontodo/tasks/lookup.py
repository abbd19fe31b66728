"""From the references that people type to the tasks they name."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from neontodo.errors import TaskNotFound, limit_lines
from neontodo.models import Change, Task, TaskPublic
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.references import Last, Number, Prefix, Range, Ref, Refs
from neontodo.tasks.state import UnreadableChange, read_change

AnyTask = TypeVar("AnyTask", bound=Task | TaskPublic)
_Columns = tuple[Any, Any]

OF_TASKS: _Columns = (col(Task.number), col(Task.id))
OF_DELETIONS: _Columns = (changes.logged_number(col(Change.before)), col(Change.task_id))
"""Where number and id of a task stand: in its row, or in the log of its removal."""

CANDIDATES_SHOWN = 10


async def resolve_refs(session: AsyncSession, user_id: str, key_id: str, refs: Refs) -> list[Task]:
    """Return the tasks that all references name, each once, in the order of the references.

    Raises:
        TaskNotFound: a reference names none, or a UUID prefix several; the candidates are listed.
    """
    last_id = await _fetch_last_id(session, user_id, key_id, refs)
    criteria = [_build_criterion(ref, OF_TASKS, last_id) for ref in refs.parts]
    rows = await tasks.fetch_matching_tasks(session, user_id, criteria)
    return _pick_named(refs, rows, last_id)


async def resolve_one(session: AsyncSession, user_id: str, key_id: str, refs: Refs) -> Task:
    """Return the one task that the references name; TaskNotFound if they name none, or several."""
    found = await resolve_refs(session, user_id, key_id, refs)
    if len(found) > 1:
        raise TaskNotFound(
            f"give exactly one task, not {len(found)}",
            hint="use the number of one of these",
            details=list_candidates(found),
        )
    return found[0]


async def resolve_ids(
    session: AsyncSession, user_id: str, key_id: str, refs: Refs
) -> list[uuid.UUID]:
    """Return the ids of the tasks that the references name, also removed ones; or TaskNotFound."""
    last_id = await _fetch_last_id(session, user_id, key_id, refs)
    criteria = [_build_criterion(ref, OF_TASKS, last_id) for ref in refs.parts]
    rows: list[Task | TaskPublic] = [*await tasks.fetch_matching_tasks(session, user_id, criteria)]
    # To look through the log takes long where it is long; a range may span what is gone.
    unsure = [
        ref for ref in refs.parts if isinstance(ref, Range) or not _match_rows(ref, rows, last_id)
    ]
    if unsure:
        there = {task.id for task in rows}
        criteria = [_build_criterion(ref, OF_DELETIONS, last_id) for ref in unsure]
        gone: dict[uuid.UUID, TaskPublic] = {}
        for change in await changes.fetch_deletions(session, user_id, criteria):
            with suppress(UnreadableChange):
                gone[change.task_id] = read_change(change)
        rows += [task for task_id, task in gone.items() if task_id not in there]
    return [task.id for task in _pick_named(refs, rows, last_id)]


async def _fetch_last_id(
    session: AsyncSession, user_id: str, key_id: str, refs: Refs
) -> uuid.UUID | None:
    if any(isinstance(ref, Last) for ref in refs.parts):
        return await changes.fetch_last_touched(session, user_id, key_id)
    return None


def _build_criterion(ref: Ref, columns: _Columns, last_id: uuid.UUID | None) -> Any:
    number, task_id = columns
    match ref:
        case Number():
            return number == ref.value
        case Range():
            return number.between(ref.first, ref.last)
        case Prefix():
            return task_id.between(ref.low, ref.high)
        case Last():
            return task_id == last_id


def _pick_named(refs: Refs, rows: Sequence[AnyTask], last_id: uuid.UUID | None) -> list[AnyTask]:
    named: dict[uuid.UUID, AnyTask] = {}
    for ref in refs.parts:
        found = _match_rows(ref, rows, last_id)
        if not found:
            raise _explain_missing(ref)
        if isinstance(ref, Prefix) and len(found) > 1:
            raise TaskNotFound(
                f"`{ref.text}` is the start of {len(found)} tasks' ids",
                hint="use the number, or more of the id",
                details=list_candidates(found),
            )
        named |= {task.id: task for task in found}
    return list(named.values())


def _match_rows(ref: Ref, rows: Iterable[AnyTask], last_id: uuid.UUID | None) -> list[AnyTask]:
    match ref:
        case Number():
            return [task for task in rows if task.number == ref.value]
        case Range():
            numbered = (task for task in rows if isinstance(task.number, int))
            return [task for task in numbered if ref.first <= task.number <= ref.last]
        case Prefix():
            named = (task for task in rows if isinstance(task.id, uuid.UUID))
            return [task for task in named if ref.low <= task.id <= ref.high]
        case Last():
            return [task for task in rows if task.id == last_id]


def list_candidates(found: Iterable[Task | TaskPublic]) -> tuple[str, ...]:
    """Return a line for each task, and how many more there are."""
    rows = list(found)
    shown = (f"{task.number}  {task.id}  {task.title}" for task in rows[:CANDIDATES_SHOWN])
    return limit_lines(shown, len(rows))


def _explain_missing(ref: Ref) -> TaskNotFound:
    hint = "`todo list --all` shows every task"
    match ref:
        case Last():
            return TaskNotFound("this machine has no last task, or it was removed", hint=hint)
        case Range():
            return TaskNotFound(f"no task has a number in {ref.text}", hint=hint)
        case Prefix() if ref.low == ref.high:
            return TaskNotFound(f"no task has the id {ref.text}", hint=hint)
        case Prefix():
            return TaskNotFound(f"no task's id starts with `{ref.text}`", hint=hint)
        case Number():
            return TaskNotFound(f"no task {ref.text}", hint=hint)
