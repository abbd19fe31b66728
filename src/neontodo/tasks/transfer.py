"""Bring all tasks of a user elsewhere: into another store, or to another user of the same one.

Plain SQL may have written rows that cannot be read; those stay where they are.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from neontodo.models import HISTORY, Change, Dependency, Task, View
from neontodo.tasks.history import find_removed_by_hand
from neontodo.tasks.queries import changes, tasks, users
from neontodo.tasks.queries.views import fetch_views
from neontodo.tasks.state import copy_columns, is_readable_row, name_fields, normalize_row
from neontodo.tasks.unit_of_work import UnitOfWork, WriteContext

CHUNK = 1000
LOGGED_AS = "transfer"
"""The key in the log: no machine's own, so that nobody's plain `undo` takes it back."""


@dataclass(frozen=True)
class Owner:
    """A user in a store, and the key of this machine there."""

    user_id: str
    key_id: str


@dataclass(frozen=True)
class TransferResult:
    """How many tasks and entries of the log went over, and how many rows cannot be read."""

    tasks: int
    changes: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class DifferingTask:
    """A task that was changed in one store in a way that another one does not have.

    Attributes:
        number: its number in the store where it was changed.
        differences: the fields whose values differ, or where it was removed.
    """

    number: int
    title: str
    differences: tuple[str, ...]


async def find_differing_tasks(
    source: AsyncSession,
    here: AsyncSession,
    old: Owner,
    session: AsyncSession,
    new: Owner,
) -> list[DifferingTask]:
    """Return the tasks whose changes in the old store an import into the new one leaves out.

    Commands that are in the new store's log, too, are no such changes, however their tasks went on
    there; nor are those from before a task was imported. `source` must be a snapshot of the old
    store; `here` is another session on it.
    """
    found: dict[uuid.UUID, DifferingTask] = {}
    async for rows in users.stream_rows(source, old.user_id, Change):
        logged = [row for row in rows if is_readable_row({**row})]
        command_ids = {row["command_id"] for row in logged}
        known = await changes.fetch_reverted_commands(session, new.user_id, command_ids)
        changed = {row["task_id"]: row["at"] for row in logged if row["command_id"] not in known}
        created = await changes.fetch_first_creations(session, new.user_id, changed)
        later = [task_id for task_id, at in created.items() if changed[task_id] >= at]
        found |= await _compare_tasks(here, old, session, new, later)
    return sorted(found.values(), key=lambda task: task.number)


async def _compare_tasks(
    here: AsyncSession, old: Owner, session: AsyncSession, new: Owner, task_ids: list[uuid.UUID]
) -> dict[uuid.UUID, DifferingTask]:
    own = await tasks.fetch_by_ids(here, old.user_id, task_ids)
    others = await tasks.fetch_by_ids(session, new.user_id, task_ids)
    missing = [task_id for task_id in own if task_id not in others]
    removals = await changes.fetch_newest_changes(session, new.user_id, missing)
    # What went by an undo comes back.
    removed = await find_removed_by_hand(session, new.user_id, removals)
    found = {}
    for task_id in task_ids:
        task, other = own.get(task_id), others.get(task_id)
        if task is not None and other is not None:
            differences = _list_differences(task, other)
        elif task is not None:
            differences = ["removed there"] if task_id in removed else []
        else:
            differences = ["removed here"] if other is not None else []
        if differences and (shown := task or other):
            found[task_id] = DifferingTask(shown.number, shown.title, tuple(differences))
    return found


def _list_differences(task: Task, other: Task) -> list[str]:
    """Return the fields that people have changed in one of two tasks."""
    values, others = copy_columns(task), copy_columns(other)
    by_program = ("number", "created_at", "updated_at")
    return name_fields(
        column for column in values if column not in by_program and values[column] != others[column]
    )


class Chunk(NamedTuple):
    """Rows of one table as this program writes them, and how many others cannot be read."""

    model: type[SQLModel]
    rows: list[dict[str, Any]]
    unreadable: int


async def stream_history(source: AsyncSession, user_id: str) -> AsyncIterator[Chunk]:
    """Yield all that a user has, table by table, in a session that holds still."""
    unreadable: set[Any] = set()
    for model in HISTORY:
        async for rows in users.stream_rows(source, user_id, model):
            readable = [found for row in rows if (found := _READERS[model]({**row})) is not None]
            if model is Task and len(readable) < len(rows):
                unreadable |= {row["id"] for row in rows} - {row["id"] for row in readable}
            if model is Dependency:
                readable = [row for row in readable if row["task_id"] not in unreadable]
            yield Chunk(model, readable, len(rows) - len(readable))


def _read_change(row: dict[str, Any]) -> dict[str, Any] | None:
    return row if is_readable_row(row) else None


def _read_dependency(row: dict[str, Any]) -> dict[str, Any] | None:
    return row if all(isinstance(row[name], uuid.UUID) for name in HISTORY[Dependency]) else None


def _read_view(row: dict[str, Any]) -> dict[str, Any] | None:
    is_text = isinstance(row["name"], str) and isinstance(row["filter"], str)
    return row if is_text and isinstance(row["sort"], str | None) else None


_READERS: dict[type[SQLModel], Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    Task: normalize_row,
    Dependency: _read_dependency,
    Change: _read_change,
    View: _read_view,
}


async def copy_to_store(
    source: AsyncSession, old: Owner, session: AsyncSession, new: Owner
) -> TransferResult | None:
    """Copy numbers, tasks and log as they are; None if the new user ever had a task.

    Views are copied, too, unless there is one of the same name.
    What this machine did in the old store it did in the new one too, so `undo` still goes back.
    Both sessions must hold still: one transaction each.
    """
    counters = await users.fetch_counters(source, old.user_id)
    if not await users.set_first_counters(session, new.user_id, *counters):
        return None
    counts: Counter[type[SQLModel]] = Counter()
    unreadable = 0
    async for chunk in stream_history(source, old.user_id):
        for row in chunk.rows:
            row["user_id"] = new.user_id
            if chunk.model is Change and row["key_id"] == old.key_id:
                row["key_id"] = new.key_id
        added = chunk.rows
        if chunk.model is View:
            # Somebody who never had a task may have views.
            there = await fetch_views(session, new.user_id)
            added = [row for row in added if row["name"] not in there]
        await users.insert_rows(session, chunk.model, added)
        counts[chunk.model] += len(added)
        unreadable += chunk.unreadable
    return TransferResult(counts[Task], counts[Change], unreadable)


async def give_to_user(
    session: AsyncSession, giver: str, receiver: str, now: datetime
) -> TransferResult:
    """Move every task to another user, with the receiver's next numbers; the caller commits.

    The receiver's log has the tasks created. The giver may have written plain SQL, so neither
    their counters nor their log are relied on.
    """
    units = {
        user_id: UnitOfWork(session, WriteContext(user_id, LOGGED_AS, now, needs_key=False))
        for user_id in (giver, receiver)
    }
    # Two transfers at once must lock the same row first.
    for user_id in sorted(units):
        with _act_for(session, user_id):
            await units[user_id].start()
    moved, last = 0, 0
    while numbers := await _move_some(giver, units[receiver], after=last):
        moved, last = moved + len(numbers), numbers[-1]
    with _act_for(session, receiver):
        await units[receiver].finish()
    with _act_for(session, giver):
        return TransferResult(moved, unreadable=await tasks.count_tasks(session, giver))


async def _move_some(giver: str, receiver: UnitOfWork, after: int) -> list[int]:
    """Move the next tasks, and return what their numbers were."""
    session = receiver.session
    with _act_for(session, giver):
        found = await tasks.fetch_valid_tasks(session, giver, after=after, limit=CHUNK)
        await tasks.delete_tasks(session, giver, found)
    with _act_for(session, receiver.user_id):
        taken = await tasks.fetch_ids_and_numbers(
            session, receiver.user_id, [task.id for task in found], []
        )
        for task in found:
            columns = copy_columns(task) | {"number": receiver.next_number()}
            receiver.create(uuid.uuid4() if task.id in taken else task.id, columns)
        await receiver.flush()
    for task in found:
        session.expunge(task)
    return [task.number for task in found]


@contextmanager
def _act_for(session: AsyncSession, user_id: str) -> Iterator[None]:
    """Let the session be this user's for a while: the only place where one has two."""
    before = session.info["user_id"]
    session.info["user_id"] = user_id
    try:
        yield
    finally:
        session.info["user_id"] = before
