"""The embedded store's tasks, carried over into a connected database."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.db.database import Database
    from neontodo.identity.connection import Connection
    from neontodo.identity.machine import Machine
    from neontodo.tasks.copying import Copied, Owner
    from neontodo.tasks.importing import Report
    from neontodo.tasks.unit import Unit


def move(app: App, database: Database, made: Connection) -> None:
    """Copy the tasks with their numbers and log; or, beside tasks that are there, import them.

    Doing it again adds what is new since. The embedded store keeps what it has.
    """
    from neontodo.context import STORE
    from neontodo.db.database import Database
    from neontodo.db.url import SqliteTarget
    from neontodo.identity import machine
    from neontodo.render.messages import say
    from neontodo.tasks.copying import Owner

    own = machine.load(app.folder)
    path = app.folder.absolute() / STORE
    if own is None or not path.exists():
        say(app.streams, "nothing to move: there is no embedded store")
        return
    target = SqliteTarget(path)
    home = Database(target, app.founder_of(target))
    account = None
    if app.account is not None:
        account = Owner(app.account.user_id, app.account.machine)
    new = account or _owner(made.machine or own)
    try:
        # Whoever has signed in may have had tasks here beside this machine's own user.
        if account is not None and app.run(_is_known(home, account)):
            _move(app, home, account, database, new)
        _move(app, home, _owner(own), database, new)
    finally:
        app.run(home.close())


async def _is_known(home: Database, owner: Owner) -> bool:
    from neontodo.tasks.queries import users

    async with home.read(owner.user_id) as session:
        return await users.told(session, owner.user_id) is not None


def _move(app: App, home: Database, old: Owner, database: Database, new: Owner) -> None:
    from neontodo.render.messages import say

    copied = app.run(_copied(app, home, old, database, new))
    if copied is None:
        _say_imported(app, _imported(app, home, old, database, new))
    elif not (copied.tasks or copied.changes):
        say(app.streams, "nothing to move: the embedded store is empty")
    else:
        say(app.streams, f"moved {_tasks(copied.tasks)} with their numbers and their log")
        say(app.streams, f"the embedded store keeps its copy: {home.target.display}")


def _owner(machine: Machine) -> Owner:
    from neontodo.tasks.copying import Owner

    return Owner(machine.user_id, machine.key_id)


def _tasks(number: int) -> str:
    return "1 task" if number == 1 else f"{number} tasks"


async def _copied(
    app: App, home: Database, old: Owner, database: Database, new: Owner
) -> Copied | None:
    from neontodo.db.connecting import announced
    from neontodo.streams import Notice
    from neontodo.tasks.copying import copy

    async def attempt() -> Copied | None:
        # Nobody else writes to the embedded store meanwhile; a dry run, so nor do we.
        async with (
            home.write(old.user_id, dry_run=True) as source,
            database.write(new.user_id) as session,
        ):
            return await copy(source, old, session, new)

    with announced(Notice(app.streams).show, "moving…"):
        return await database.repeated(attempt)


def _imported(app: App, home: Database, old: Owner, database: Database, new: Owner) -> Report:
    from neontodo import formats
    from neontodo.tasks.importing import import_tasks
    from neontodo.tasks.saving import saved
    from neontodo.tasks.unit import Command

    with tempfile.TemporaryFile() as file:
        app.run(_write(home, old, file))

        async def action(unit: Unit) -> Report:
            file.seek(0)
            records = formats.read(file, "json", tz=app.tz, now=app.now)
            return await import_tasks(unit, records, skip_bad=False, progress=lambda: None)

        command = Command(new.user_id, new.key_id, app.now, needs_key=app.account is None)
        return app.run(saved(database, command, action))


async def _write(home: Database, old: Owner, file: BinaryIO) -> None:
    """The tasks as `export` writes them."""
    from neontodo.tasks.filters import TaskFilter, parse_sort
    from neontodo.tasks.queries import tasks

    everything = TaskFilter(completed=None, sort=parse_sort("number"))
    between = "["
    async with home.snapshot(old.user_id) as session:
        async for task in tasks.stream(session, old.user_id, everything):
            file.write(f"{between}{json.dumps(task.to_json())}".encode())
            between = ","
    file.write(b"]" if between == "," else b"[]")


def _say_imported(app: App, report: Report) -> None:
    from neontodo.render.imported import print_report
    from neontodo.render.messages import say

    if not report.added:
        there = report.already_here + report.removed_here
        say(app.streams, f"nothing to move: {_tasks(there)} went over before")
        return
    say(app.streams, "there were tasks already, so the log stays behind in the embedded store")
    print_report(report, streams=app.streams, as_json=False)
