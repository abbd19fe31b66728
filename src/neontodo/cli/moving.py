"""The embedded store's tasks, carried over into a connected database."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, BinaryIO

from neontodo.errors import TodoError

if TYPE_CHECKING:
    from neontodo.accounts.connection import Connection
    from neontodo.accounts.machine_key import Machine
    from neontodo.app import App
    from neontodo.db.database import Database
    from neontodo.tasks.copying import Copied, Owner
    from neontodo.tasks.report import Report
    from neontodo.tasks.results import UnreadableTask
    from neontodo.tasks.unit_of_work import UnitOfWork


def offer(app: App) -> None:
    """Say how the embedded store's tasks come along, if it has any."""
    from neontodo.render.messages import hint

    home = _home(app)
    if home is None:
        return
    database, owners = home
    try:
        has_tasks = bool(app.run(_with_tasks(database, owners)))
    except TodoError:
        # `--move` says what is the matter.
        has_tasks = True
    finally:
        app.run(database.close())
    if has_tasks:
        hint(app.streams, "`todo connect --move` carries the embedded store's tasks over")


def move(app: App, database: Database, made: Connection) -> None:
    """Copy the tasks with their numbers and log; or, beside tasks that are there, import them.

    Doing it again adds what is new since. The embedded store keeps what it has.
    """
    from neontodo.render.messages import say

    embedded = _home(app)
    if embedded is None:
        say(app.streams, "nothing to move: there is no embedded store")
        return
    home, owners = embedded
    new = owners[0]
    if app.account is None and made.machine is not None:
        new = _owner(made.machine)
    try:
        having = app.run(_with_tasks(home, owners))
        if not having:
            say(app.streams, "nothing to move: the embedded store is empty")
        for owner in having:
            _move(app, home, owner, database, new)
    finally:
        app.run(home.close())


def _home(app: App) -> tuple[Database, list[Owner]] | None:
    """The embedded store, and who may have tasks in it: who has signed in, this machine's own."""
    from neontodo.accounts import machine_key
    from neontodo.db import embedded
    from neontodo.db.url import SqliteTarget
    from neontodo.environment import STORE
    from neontodo.tasks.copying import Owner

    own = machine_key.load(app.folder)
    path = app.folder.absolute() / STORE
    if own is None or not embedded.is_there(path):
        return None
    owners = [_owner(own)]
    if app.account is not None:
        owners.insert(0, Owner(app.account.user_id, app.account.machine))
    return app.database_at(SqliteTarget(path)), owners


async def _with_tasks(home: Database, owners: list[Owner]) -> list[Owner]:
    return [owner for owner in owners if await had_tasks(home, owner.user_id)]


async def had_tasks(database: Database, user_id: str) -> bool:
    """Whether a user ever had a task in a store."""
    from neontodo.tasks.queries import users

    async with database.read(user_id) as session:
        is_known = await users.fetch_email_and_name(session, user_id) is not None
        return is_known and (await users.fetch_counters(session, user_id))[0] > 0


def _move(app: App, home: Database, old: Owner, database: Database, new: Owner) -> None:
    from neontodo.render.messages import say, warn

    sent: list[Copied] = []
    copied = app.run(_copied(app, home, old, database, new, sent))
    if copied is None:
        report = _imported(app, home, old, database, new)
        if report.added or not sent:
            _say_imported(app, report)
            return
        # Nothing was missing: the try whose answer got lost was saved.
        copied = sent[-1]
    if not (copied.tasks or copied.changes):
        say(app.streams, "nothing to move: the embedded store is empty")
    else:
        say(app.streams, f"moved {_tasks(copied.tasks)} with their numbers and their log")
        if copied.left:
            warn(app.streams, f"rows that cannot be read stay behind: {copied.left}")
        say(app.streams, f"the embedded store keeps its copy: {home.target.display}")


def _owner(machine: Machine) -> Owner:
    from neontodo.tasks.copying import Owner

    return Owner(machine.user_id, machine.key_id)


def _tasks(number: int) -> str:
    return "1 task" if number == 1 else f"{number} tasks"


async def _copied(
    app: App, home: Database, old: Owner, database: Database, new: Owner, sent: list[Copied]
) -> Copied | None:
    """What went over, which `sent` has of every try; None if there are tasks already."""
    from neontodo.db.connect import announced
    from neontodo.streams import Notice
    from neontodo.tasks.copying import copy

    async def attempt() -> Copied | None:
        # Nobody else writes to the embedded store meanwhile; a dry run, so nor do we.
        async with (
            home.write(old.user_id, dry_run=True) as source,
            database.write(new.user_id) as session,
        ):
            copied = await copy(source, old, session, new)
            if copied is not None:
                sent.append(copied)
            return copied

    with announced(Notice(app.streams).show, "moving…"):
        return await database.repeated(attempt)


def _imported(app: App, home: Database, old: Owner, database: Database, new: Owner) -> Report:
    from neontodo import formats
    from neontodo.render.messages import warn_unreadable
    from neontodo.tasks.importing import import_tasks
    from neontodo.tasks.unit_of_work import WriteContext, save_exactly_once

    with tempfile.TemporaryFile() as file:
        warn_unreadable(app.streams, app.run(_write(home, old, file)))
        size = file.tell()

        async def action(unit: UnitOfWork) -> Report:
            file.seek(0)
            records = formats.read(file, "json", tz=app.tz, now=app.now)
            return await import_tasks(
                unit, records, skip_bad=False, size=size, progress=lambda: None
            )

        command = WriteContext(new.user_id, new.key_id, app.now, needs_key=app.account is None)
        return app.run(save_exactly_once(database, command, action))


async def _write(home: Database, old: Owner, file: BinaryIO) -> list[UnreadableTask]:
    """The tasks as `export` writes them; those that cannot be read are answered."""
    from neontodo.tasks.filters import TaskFilter, parse_sort
    from neontodo.tasks.queries import tasks
    from neontodo.tasks.results import UnreadableTask

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


def _say_imported(app: App, report: Report) -> None:
    from neontodo.cli.output import choose_output
    from neontodo.render.import_report import print_report
    from neontodo.render.messages import say

    if not report.added:
        there = report.already_here + report.removed_here
        why = f"{_tasks(there)} went over before" if there else "the embedded store is empty"
        say(app.streams, f"nothing to move: {why}")
        return
    say(app.streams, "there were tasks already, so the log stays behind in the embedded store")
    print_report(choose_output(app), report)
