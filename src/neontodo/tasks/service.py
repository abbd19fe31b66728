"""What each change of tasks means; every function runs inside one unit, all or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from neontodo.columns import EXTRA_MAX_BYTES, write_json
from neontodo.errors import BadValue, Conflict, Refused
from neontodo.fields import COLUMN_TYPES
from neontodo.models import (
    CUT,
    TITLE_MAX,
    Task,
    TaskCreate,
    TaskPublic,
    TaskUpdate,
    add_notes,
    cut_text,
    read_whole_title,
)
from neontodo.tasks.lookup import Chosen, resolve_chosen
from neontodo.tasks.queries import tasks
from neontodo.tasks.results import DESCRIBED_MAX, Outcome
from neontodo.tasks.state import WHEN, Unreadable, take_snapshot
from neontodo.tasks.unit_of_work import UnitOfWork

NO_MATCH = "no tasks match"
_PLAIN = tuple(name for name in COLUMN_TYPES if name in TaskCreate.model_fields)


@dataclass(frozen=True)
class Edit:
    """Fields to set, and tags to add to or take from what each task has."""

    fields: TaskUpdate
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


def build_columns(task: TaskCreate, number: int, now: datetime) -> dict[str, Any]:
    """Return all columns of a new task, with a sensible value for what an import leaves out."""
    created = task.created_at or now
    updated = task.updated_at or created
    given = vars(task)
    columns = dict.fromkeys(COLUMN_TYPES) | {name: given[name] for name in _PLAIN}
    columns |= {
        "number": number,
        "description": task.description or None,
        "completed_at": (task.completed_at or updated) if task.completed else None,
        "priority": int(task.priority),
        "created_at": created,
        "updated_at": updated,
    }
    for name in WHEN:
        columns |= _split_when(name, given[name])
    return columns


def _split_when(name: str, when: date | datetime | None) -> dict[str, Any]:
    """Return the columns of a field: the day where the user is, and the instant if there is one."""
    if isinstance(when, datetime):
        return {f"{name}_on": when.date(), f"{name}_at": when.astimezone(UTC)}
    return {f"{name}_on": when, f"{name}_at": None}


async def add(unit: UnitOfWork, new: Sequence[TaskCreate]) -> Outcome:
    """Add tasks with the next numbers, in order."""
    await unit.start(numbers=len(new), changed=len(new))
    added = []
    for task in new:
        columns = build_columns(task, unit.next_number(), unit.now)
        task_id = task.id or uuid.uuid4()
        unit.create(task_id, columns)
        added.append(TaskPublic(id=task_id, **columns))
    await unit.finish()
    return Outcome(tuple(added), before=_keep_few([None] * len(added)))


async def edit(unit: UnitOfWork, chosen: Chosen, wanted: Edit) -> Outcome:
    """Set fields of tasks; those that already have the values are left alone."""
    return await _change_tasks(unit, chosen, lambda task: _edit_columns(task, wanted, unit.now))


def _edit_columns(task: Task, wanted: Edit, now: datetime) -> dict[str, Any]:
    columns = {name: getattr(wanted.fields, name) for name in wanted.fields.model_fields_set}
    for name in columns.keys() & {*WHEN}:
        columns |= _split_when(name, columns.pop(name))
    if "description" in columns:
        columns["description"] = columns["description"] or None
    if "extra" not in columns:
        columns |= _keep_rest(task, columns.get("title"))
    if "priority" in columns:
        columns["priority"] = int(columns["priority"] or 0)
    if "completed" in columns:
        columns |= _complete_columns(task, bool(columns.pop("completed")), now)
    tags = set(columns.get("tags", task.tags) or ())
    columns["tags"] = tuple(sorted((tags | set(wanted.add_tags)) - set(wanted.remove_tags)))
    return columns


def _keep_rest(task: Task, title: str | None) -> dict[str, Any]:
    """Return the columns of a new title that ends where the old one was cut: the rest stays."""
    old, whole = task.title, read_whole_title(task.title, task.extra).strip()
    if title is None or whole == old or not (title.endswith(CUT) and old.endswith(CUT)):
        return {}
    rest = whole[len(old) - len(CUT) :]
    return store_whole_title(title.removesuffix(CUT) + rest, task.extra)


def store_whole_title(title: str, extra: dict[str, Any] | None) -> dict[str, Any]:
    """Return the columns of a title of any length; `extra` has it if it is cut.

    Raises:
        BadValue: there is no room for it.
    """
    rest = {key: value for key, value in (extra or {}).items() if key != "title"}
    if (short := cut_text(title.strip(), TITLE_MAX)) != title:
        rest["title"] = title
        if len(write_json(rest).encode()) > EXTRA_MAX_BYTES:
            raise BadValue("the title is too long: there is no room for the part that is cut")
    return {"title": short, "extra": rest or None}


def _complete_columns(task: Task, done: bool, now: datetime) -> dict[str, Any]:
    if done == task.completed:
        return {}
    return {"completed": done, "completed_at": now if done else None}


async def note(unit: UnitOfWork, chosen: Chosen, texts: Sequence[str]) -> Outcome:
    """Add notes to tasks."""

    def columns(task: Task) -> dict[str, Any]:
        return {"notes": add_notes(task.id, task.notes, texts, unit.now)}

    return await _change_tasks(unit, chosen, columns)


async def remove_note(unit: UnitOfWork, chosen: Chosen, note_id: str) -> Outcome:
    """Remove a note of a task, also what `extra` keeps of it."""

    def columns(task: Task) -> dict[str, Any]:
        columns: dict[str, Any] = {"notes": _omit_note(task.notes, note_id)}
        if task.extra and isinstance(kept := task.extra.get("notes"), list):
            rest = {name: value for name, value in task.extra.items() if name != "notes"}
            if left := _omit_note(kept, note_id):
                rest["notes"] = [*left]
            columns["extra"] = rest or None
        return columns

    return await _change_tasks(unit, chosen, columns)


def _omit_note(notes: Sequence[Any], note_id: str) -> tuple[Any, ...]:
    return tuple(n for n in notes if not (isinstance(n, dict) and n.get("id") == note_id))


async def complete(unit: UnitOfWork, chosen: Chosen, completed: bool | None) -> Outcome:
    """Mark tasks done or pending; None toggles each."""

    def columns(task: Task) -> dict[str, Any]:
        done = not task.completed if completed is None else completed
        return _complete_columns(task, done, unit.now)

    return await _change_tasks(unit, chosen, columns)


async def remove(unit: UnitOfWork, chosen: Chosen) -> Outcome:
    """Remove tasks; their last state stays in the log."""
    await unit.start(changed=len(chosen.numbers))
    found = await resolve_chosen(unit.session, unit.user_id, unit.key_id, chosen)
    removed: list[TaskPublic] = []
    notes = [] if found else [NO_MATCH]
    for task in found:
        unit.delete(task)
        try:
            removed.append(take_snapshot(task))
        except Unreadable as error:
            notes.append(f"removed task {error.row.name}, which could not be read")
    await unit.finish()
    return Outcome(tuple(removed), notes=tuple(notes))


async def _change_tasks(unit: UnitOfWork, chosen: Chosen, columns: Any) -> Outcome:
    await unit.start(changed=len(chosen.numbers))
    found = await resolve_chosen(unit.session, unit.user_id, unit.key_id, chosen)
    changed, unchanged = [], []
    before: list[TaskPublic | None] = []
    for task in found:
        read = take_snapshot(task)
        wanted = columns(task)
        if unit.update(task, wanted):
            changed.append(take_snapshot(task, **wanted, updated_at=unit.now))
            if len(before) <= DESCRIBED_MAX:
                before.append(read)
        else:
            unchanged.append(read)
    await unit.finish()
    notes = () if found else (NO_MATCH,)
    return Outcome(tuple(changed), tuple(unchanged), notes, _keep_few(before))


def _keep_few(before: Sequence[TaskPublic | None]) -> tuple[TaskPublic | None, ...]:
    return tuple(before) if len(before) <= DESCRIBED_MAX else ()


async def replace(unit: UnitOfWork, read: TaskPublic, wanted: TaskUpdate) -> Outcome:
    """Save what a person made of a task that they read a while ago.

    Raises Conflict if the task was changed meanwhile, Refused if it was removed.
    """
    await unit.start(changed=1)
    task = (await tasks.fetch_by_ids(unit.session, unit.user_id, [read.id])).get(read.id)
    if task is None:
        raise Refused(
            f"task {read.number} was removed while you were editing it",
            hint="`todo undo --any` may bring it back",
        )
    if take_snapshot(task) != read:
        raise Conflict(f"task {read.number} was changed elsewhere while you were editing it")
    columns = _edit_columns(task, Edit(wanted), unit.now)
    changed = unit.update(task, columns)
    await unit.finish()
    if not changed:
        return Outcome((), (read,))
    return Outcome((take_snapshot(task, **columns, updated_at=unit.now),), before=(read,))
