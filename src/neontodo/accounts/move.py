"""The embedded store's tasks, moved into a connected database.

One of two modules of accounts that know tasks; the other is `sharing`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from neontodo.accounts import machine_keys
from neontodo.db import embedded
from neontodo.models import Record
from neontodo.tasks.filters import TaskFilter, parse_sort
from neontodo.tasks.importing import Report, import_tasks
from neontodo.tasks.queries import tasks, users
from neontodo.tasks.queries.views import fetch_views
from neontodo.tasks.results import UnreadableTask
from neontodo.tasks.transfer import (
    DifferingTask,
    Owner,
    TransferResult,
    copy_to_store,
    find_differing_tasks,
)
from neontodo.tasks.unit_of_work import UnitOfWork, WriteContext, save_exactly_once
from neontodo.tasks.views import add_missing_views

if TYPE_CHECKING:
    from neontodo.accounts.account_file import Account
    from neontodo.db.database import Database

ReadRecords = Callable[[BinaryIO], Iterable[Record]]
"""Reads tasks from a file of JSON, as `todo import` does."""


@dataclass(frozen=True)
class MoveResult:
    """What became of one user's tasks: copied with their log, or imported beside others.

    Attributes:
        unreadable: tasks that could not be imported, as they are no tasks of this program.
    """

    copied: TransferResult | None
    imported: Report | None
    unreadable: list[UnreadableTask]


def find_owners(folder: Path, store_path: Path, account: Account | None) -> list[Owner]:
    """Return who may have tasks in the embedded store: the account first, this machine's user.

    Nobody has where there is no store.
    """
    if not embedded.has_store(store_path):
        return []
    owners = [] if account is None else [Owner(account.user_id, account.machine)]
    machine_key = machine_keys.load_machine_key(folder)
    if machine_key is not None:
        owners.append(Owner(machine_key.user_id, machine_key.key_id))
    return owners


async def find_owners_with_tasks(home: Database, owners: list[Owner]) -> list[Owner]:
    """Return those who ever had a task in a store."""
    return [owner for owner in owners if await has_had_tasks(home, owner.user_id)]


async def has_had_tasks(database: Database, user_id: str) -> bool:
    """Return whether a user ever had a task in a store."""
    async with database.read(user_id) as session:
        is_known = await users.fetch_email_and_name(session, user_id) is not None
        return is_known and (await users.fetch_counters(session, user_id))[0] > 0


async def find_differences(
    home: Database, old: Owner, database: Database, new: Owner
) -> list[DifferingTask]:
    """Return the tasks whose changes in the embedded store moving would leave out."""

    async def attempt() -> list[DifferingTask]:
        if not await has_had_tasks(database, new.user_id):
            return []
        async with (
            home.snapshot(old.user_id) as source,
            home.read(old.user_id) as here,
            database.read(new.user_id) as session,
        ):
            return await find_differing_tasks(source, here, old, session, new)

    return await database.run_with_retries(attempt)


async def move_tasks(
    home: Database,
    old: Owner,
    database: Database,
    new: Owner,
    *,
    needs_key: bool,
    read_records: ReadRecords,
    now: datetime,
) -> MoveResult:
    """Copy a user's tasks with their numbers and log; or, beside tasks that are there, import them.

    Views go over, too, unless there is one of the same name.

    Doing it again adds what is new since. The embedded store keeps what it has.
    """
    sent: list[TransferResult] = []

    async def copy() -> TransferResult | None:
        # Nobody else writes to the embedded store meanwhile; a dry run, so nor do we.
        async with (
            home.write(old.user_id, dry_run=True) as source,
            database.write(new.user_id) as session,
        ):
            copied = await copy_to_store(source, old, session, new)
            if copied is not None:
                sent.append(copied)
            return copied

    copied = await database.run_with_retries(copy)
    if copied is not None:
        return MoveResult(copied, None, [])
    # There are tasks already.
    context = WriteContext(new.user_id, new.key_id, now, needs_key=needs_key)
    report, unreadable = await _import(home, old, database, context, read_records)
    if report.added or not sent:
        return MoveResult(None, report, unreadable)
    # Nothing was missing: the try whose answer got lost was saved.
    return MoveResult(sent[-1], None, unreadable)


async def _import(
    home: Database, old: Owner, database: Database, context: WriteContext, read_records: ReadRecords
) -> tuple[Report, list[UnreadableTask]]:
    with tempfile.TemporaryFile() as file:
        unreadable = await _export(home, old, file)
        size = file.tell()
        async with home.read(old.user_id) as session:
            saved = await fetch_views(session, old.user_id)

        async def action(unit: UnitOfWork) -> Report:
            file.seek(0)
            report = await import_tasks(
                unit, read_records(file), skip_bad=False, size=size, progress=lambda: None
            )
            await add_missing_views(unit, saved)
            return report

        return await save_exactly_once(database, context, action), unreadable


async def _export(home: Database, old: Owner, file: BinaryIO) -> list[UnreadableTask]:
    """Write the tasks as `todo export` does; returns those that cannot be read."""
    everything = TaskFilter(completed=None, sort=parse_sort("number"))
    between, unreadable = "[", []
    async with home.snapshot(old.user_id) as session:
        async for task in tasks.stream_tasks(session, old.user_id, everything):
            if isinstance(task, UnreadableTask):
                unreadable.append(task)
                continue
            file.write(f"{between}{json.dumps(task.to_json())}".encode())
            between = ","
    file.write(b"]" if between == "," else b"[]")
    return unreadable
