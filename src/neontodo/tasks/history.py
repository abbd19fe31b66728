"""Undo and redo commands in one step, as new entries of the log.

An undo reverts a command, a redo reverts an undo. A command counts as reverted unless what reverts
it was itself reverted.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, tzinfo

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.errors import Refused, limit_lines
from neontodo.models import Change, Task, TaskPublic
from neontodo.tasks.dates import describe_when
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.queries.changes import LoggedCommand
from neontodo.tasks.results import Outcome
from neontodo.tasks.state import (
    UnreadableChange,
    apply_update,
    find_later_changes,
    is_readable_row,
    name_fields,
    read_before,
    read_change,
    restore_columns,
    take_snapshot,
)
from neontodo.tasks.unit_of_work import UnitOfWork
from neontodo.wording import list_numbers, pluralize

CHUNK = 500
COMMANDS_PER_QUERY = 50
"""Mostly the newest one is what is looked for."""
DETAILS_SHOWN = 10

_WORDS = {"due": "due date", "start": "start date", "completed": "status"}


async def undo(unit: UnitOfWork, *, any_machine: bool = False, tz: tzinfo = UTC) -> Outcome:
    """Undo the newest command of this machine, or of any, that no later one has reverted.

    The notes say in the zone `tz` when that was.

    Raises:
        Refused: there is none, or something of it was changed since.
    """
    await unit.start()
    async for command in _find_unreverted(unit, any_machine):
        if command.reverts is None and (outcome := await _revert(unit, command, "undo", tz)):
            return outcome
    raise Refused(
        "nothing to undo",
        hint=None if any_machine else "`todo undo --any` undoes what other machines did",
    )


async def redo(unit: UnitOfWork, *, any_machine: bool = False, tz: tzinfo = UTC) -> Outcome:
    """Reapply the newest undone command; Refused if there is none, or something changed since."""
    await unit.start()
    async for command in _find_unreverted(unit, any_machine):
        if command.reverts is None:
            break
        if not await _is_undo(unit, command):
            continue
        if outcome := await _revert(unit, command, "redo", tz):
            return outcome
    raise Refused("nothing to redo")


async def _find_unreverted(unit: UnitOfWork, any_machine: bool) -> AsyncIterator[LoggedCommand]:
    """Yield the commands that no later one has reverted, newest first."""
    reverted: set[uuid.UUID] = set()
    before_seq = None
    while batch := await changes.fetch_commands(
        unit.session, unit.user_id, before_seq=before_seq, limit=COMMANDS_PER_QUERY
    ):
        for command in batch:
            if command.id in reverted:
                continue
            if command.reverts is not None:
                reverted.add(command.reverts)
            if any_machine or command.key_id == unit.key_id:
                yield command
        before_seq = batch[-1].first_seq


async def find_removed_by_hand(
    session: AsyncSession, user_id: str, removals: Mapping[uuid.UUID, Change]
) -> set[uuid.UUID]:
    """Return the tasks that no undo has removed; who takes back an undo removes them again."""
    undoing = [change.reverts for change in removals.values() if change.reverts]
    undone = await changes.fetch_reverted_commands(session, user_id, undoing) if undoing else {}
    return {
        task_id
        for task_id, change in removals.items()
        if change.reverts is None or undone.get(change.reverts) is not None
    }


async def _is_undo(unit: UnitOfWork, command: LoggedCommand) -> bool:
    assert command.reverts is not None
    first = await changes.fetch_command_changes(
        unit.session, unit.user_id, command.reverts, limit=1
    )
    return bool(first) and first[0].reverts is None


async def _revert(
    unit: UnitOfWork, command: LoggedCommand, verb: str, tz: tzinfo
) -> Outcome | None:
    """Record the opposite of a command; None if plain SQL has written it, so that it has none.

    Raises:
        Refused: something of it was changed since, or only its beginning can be read.
    """
    unit.reverts = command.id
    changed: list[TaskPublic] = []
    by_sentence: dict[str, list[TaskPublic]] = {}
    last = None
    while True:
        batch = await changes.fetch_command_changes(
            unit.session, unit.user_id, command.id, after=last, limit=CHUNK
        )
        if not all(map(_can_revert, batch)):
            if last is None:
                return None
            raise Refused(f"cannot {verb}: a part of the command cannot be read")
        if last is None:
            when = describe_when(batch[0].at, now=unit.now, tz=tz)
        found = await tasks.fetch_by_ids(unit.session, unit.user_id, [c.task_id for c in batch])
        await _require_unchanged(unit, batch, found, verb)
        for change in batch:
            changed.append(_record_inverse(unit, change, found.get(change.task_id)))
            by_sentence.setdefault(_describe_inverse(change, verb), []).append(changed[-1])
        if len(batch) < CHUNK:
            break
        await unit.flush()
        last = batch[-1].seq
    await unit.finish()
    notes = (_name_tasks(*each, when) for each in by_sentence.items())
    return Outcome(tuple(changed), notes=tuple(notes))


def _can_revert(change: Change) -> bool:
    """Return whether a change can be read, and the whole task if it was created or removed."""
    try:
        if change.kind != "update":
            read_change(change)
    except UnreadableChange:
        return False
    return is_readable_row(vars(change))


async def _require_unchanged(
    unit: UnitOfWork, batch: Sequence[Change], found: dict[uuid.UUID, Task], verb: str
) -> None:
    """Raise Refused if something of the tasks was changed since."""
    problems = [(c, why) for c in batch if (why := _explain_conflict(c, found.get(c.task_id)))]
    if not problems:
        return
    shown = problems[:DETAILS_SHOWN]
    last = await changes.fetch_newest_changes(
        unit.session, unit.user_id, [c.task_id for c, _ in shown]
    )
    details = (why.format(_find_number(last[c.task_id], found)) for c, why in shown)
    raise Refused(
        f"cannot {verb}: something was changed since",
        details=limit_lines(details, len(problems)),
        hint="`todo log` shows what happened",
    )


def _find_number(last: Change, found: dict[uuid.UUID, Task]) -> int | None:
    """Return the number of a task, also of one that was removed."""
    if task := found.get(last.task_id):
        return task.number
    return read_before(last).get("number")


def _explain_conflict(change: Change, task: Task | None) -> str | None:
    """Return why a change cannot be reverted, with `{}` for the task; None if it can."""
    if change.kind == "delete":
        return "task {} is there again" if task else None
    if task is None:
        return "task {} was removed since"
    fields = name_fields(find_later_changes(task, change))
    return f"task {{}}: {_list_fields(fields)} changed since" if fields else None


def _record_inverse(unit: UnitOfWork, change: Change, task: Task | None) -> TaskPublic:
    """Record the opposite of a change, and return the task as it is then, or as it last was."""
    if task is None:
        unit.create(change.task_id, restore_columns(change.before or {}))
        return read_change(change)
    if change.kind == "create":
        unit.delete(task)
        return take_snapshot(task)
    columns = apply_update(task, change.before or {})
    unit.update(task, columns)
    return take_snapshot(task, **columns, updated_at=unit.now)


def _describe_inverse(change: Change, verb: str) -> str:
    """Return what becomes of a task whose change is reverted, and what the change was.

    `{tasks}` stands for the tasks, `{when}` for the time of the change.
    """
    past = "undone" if verb == "undo" else "redone"
    fields = name_fields(change.before or {})
    if change.kind != "update":
        now, was = ("removed", "added") if change.kind == "create" else ("restored", "removed")
        text = f"{{tasks}} {now}"
    elif fields == ["completed"]:
        is_done = (change.before or {})["completed"]
        now, was = ("done", "marked pending") if is_done else ("pending", "done")
        text = f"{{tasks}} {now} again"
    elif {"notes"} <= {*fields} <= {"notes", "extra"}:
        change_of_notes = (change.before or {})["notes"]
        is_back = bool(change_of_notes["added"])
        count = pluralize(len(change_of_notes["added" if is_back else "removed"]), "note")
        now, was = ("restored", "removed") if is_back else ("removed", "noted")
        text = f"{count} of {{tasks}} {now}"
    else:
        again, was = "restored" if verb == "undo" else "changed again", "edited"
        text = f"{_list_fields(fields)} of {{tasks}} {again}"
    return f"{past}: {text} ({was if verb == 'undo' else 'undone'} {{when}})"


def _list_fields(fields: list[str]) -> str:
    return ", ".join(_WORDS.get(name, name) for name in fields)


def _name_tasks(sentence: str, affected: list[TaskPublic], when: str) -> str:
    """Return the sentence with the tasks' numbers, and the title of a single one."""
    title = f" ({affected[0].title})" if len(affected) == 1 else ""
    names = list_numbers(task.number for task in affected) + title
    return sentence.format(tasks=names, when=when)
