"""Undo and redo: commands taken back whole, as new entries of the log.

An undo reverts a command, a redo reverts an undo. A command that is reverted by a later one which
itself was not reverted counts as taken back.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

from neontodo.errors import Refused
from neontodo.models import Change, Task, TaskPublic
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.queries.changes import LoggedCommand
from neontodo.tasks.results import Outcome
from neontodo.tasks.state import applied, disagreeing, from_change, restored, snapshot
from neontodo.tasks.unit import Unit

CHUNK = 500
DETAILS_SHOWN = 10


async def undo(unit: Unit, *, any_machine: bool = False) -> Outcome:
    """Take back the newest command of this machine, or of any, that still stands.

    Raises:
        Refused: there is none, or something of it was changed since.
    """
    await unit.start()
    async for command in _standing(unit, any_machine):
        if command.reverts is None:
            return await _revert(unit, command, "undo")
    raise Refused(
        "nothing to undo",
        hint=None if any_machine else "`todo undo --any` takes back what other machines did",
    )


async def redo(unit: Unit, *, any_machine: bool = False) -> Outcome:
    """Reapply the newest command that was undone, unless something was changed since.

    Raises:
        Refused: there is none, or something of it was changed since.
    """
    await unit.start()
    async for command in _standing(unit, any_machine):
        if command.reverts is None:
            break
        if await _is_undo(unit, command):
            return await _revert(unit, command, "redo")
    raise Refused("nothing to redo")


async def _standing(unit: Unit, any_machine: bool) -> AsyncIterator[LoggedCommand]:
    """Commands that no later one took back, newest first."""
    taken_back: set[uuid.UUID] = set()
    before_seq = None
    while batch := await changes.commands(
        unit.session, unit.user_id, before_seq=before_seq, limit=CHUNK
    ):
        for command in batch:
            if command.id in taken_back:
                continue
            if command.reverts is not None:
                taken_back.add(command.reverts)
            if any_machine or command.key_id == unit.command.key_id:
                yield command
        before_seq = batch[-1].first_seq


async def _is_undo(unit: Unit, command: LoggedCommand) -> bool:
    """Whether it took back a plain command, and not an undo."""
    assert command.reverts is not None
    first = await changes.of_command(
        unit.session, unit.user_id, command.reverts, after_position=-1, limit=1
    )
    return bool(first) and first[0].reverts is None


async def _revert(unit: Unit, command: LoggedCommand, verb: str) -> Outcome:
    unit.reverts = command.id
    changed: list[TaskPublic] = []
    words: dict[str, list[int]] = {}
    position = -1
    while batch := await changes.of_command(
        unit.session, unit.user_id, command.id, after_position=position, limit=CHUNK
    ):
        found = await tasks.by_ids(unit.session, unit.user_id, [c.task_id for c in batch])
        _refuse_disagreement(batch, found, verb)
        for change in batch:
            changed.append(_inverse(unit, change, found.get(change.task_id)))
            words.setdefault(_words(change), []).append(changed[-1].number)
        await unit.flush()
        position = batch[-1].position
    await unit.finish()
    return Outcome(tuple(changed), notes=tuple(f"{what} {_listed(n)}" for what, n in words.items()))


def _refuse_disagreement(batch: Any, found: dict[uuid.UUID, Task], verb: str) -> None:
    problems = [
        problem for change in batch if (problem := _problem(change, found.get(change.task_id)))
    ]
    if problems:
        raise Refused(
            f"cannot {verb}: something was changed since",
            details=tuple(problems[:DETAILS_SHOWN]),
            hint="`todo log` shows what happened",
        )


def _problem(change: Change, task: Task | None) -> str | None:
    """Why a change cannot be taken back; None if it can."""
    if change.kind == "delete":
        return f"task {task.number} is there again" if task else None
    if task is None:
        return f"the task {str(change.task_id)[:8]} was removed since"
    fields = disagreeing(task, change)
    return f"task {task.number}: {', '.join(fields)} changed since" if fields else None


def _inverse(unit: Unit, change: Change, task: Task | None) -> TaskPublic:
    """Record the opposite of a change; the task as it is then, or as it last was."""
    if task is None:
        columns = restored(change.before or {})
        unit.create(change.task_id, columns)
        return from_change(change)
    if change.kind == "create":
        unit.delete(task)
        return snapshot(task)
    columns = applied(task, change.before or {})
    unit.update(task, columns)
    return snapshot(task).model_copy(update={**columns, "updated_at": unit.now})


def _words(change: Change) -> str:
    match change.kind:
        case "create":
            return "removed"
        case "delete":
            return "brought back"
        case _:
            fields = [name for name in change.before or {} if name != "completed_at"]
            return f"set back {', '.join(fields)} of"


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:8]))
    return f"{shown} and {len(numbers) - 8} more" if len(numbers) > 8 else shown
