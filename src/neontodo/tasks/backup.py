"""Backups of a user's tasks and log: taken from either engine, restored into either.

A backup holds one moment of the store, and no key and no token.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.db import backup_file
from neontodo.db.backup_file import Backup
from neontodo.db.database import Database
from neontodo.db.schema import HEAD, FirstUser
from neontodo.db.url import SqliteTarget
from neontodo.errors import Conflict, Refused, explain_os_error
from neontodo.tasks.queries import users
from neontodo.tasks.transfer import Owner, TransferResult, copy_to_store, stream_history
from neontodo.tasks.unit_of_work import AlreadyApplied, UnitOfWork

NAME = re.compile(r"neontodo-(\d{4}-\d\d-\d\dT\d{6}Z)(?:-(\d+))?\.db")
"""What backups are called in a folder: by the moment, and a number from the second of it on."""


async def take_backup(
    database: Database, user_id: str, path: Path, now: datetime
) -> tuple[Backup, int]:
    """Write what a user has to a new file, which is read back before it gets its name.

    Returns:
        The backup, and how many rows of the store cannot be read and are not in it.

    Raises:
        Refused: the file cannot be written, or is there already.
        StoreUnavailable: the store cannot be read.
    """
    owner = FirstUser(user_id, None, at=now)

    async def attempt() -> tuple[Backup, int]:
        unreadable = 0
        async with backup_file.open_draft(path, owner) as draft:
            async with database.snapshot(user_id) as session:
                counters = await users.fetch_counters(session, user_id)
                async for chunk in stream_history(session, user_id):
                    draft.insert(chunk.model, chunk.rows)
                    unreadable += chunk.unreadable
            return draft.finish(now, *counters), unreadable

    return await database.run_with_retries(attempt)


def choose_name(folder: Path, now: datetime) -> Path:
    """Return the path of a new backup in a folder, named by the moment."""
    stem = f"neontodo-{now:%Y-%m-%dT%H%M%SZ}"
    path, count = folder / f"{stem}.db", 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{count}.db"
    return path


def remove_old(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest backups that `choose_name` has named; return those removed."""
    found = [
        (match[1], int(match[2] or 1), path)
        for path in folder.iterdir()
        if (match := NAME.fullmatch(path.name)) and path.is_file() and not path.is_symlink()
    ]
    removed = [path for _, _, path in sorted(found)[:-keep]]
    for path in removed:
        try:
            path.unlink()
        except OSError as error:
            raise Refused(
                f"the old backup {path} cannot be removed: {explain_os_error(error)}",
                hint="the new one is complete",
            ) from None
    return removed


@asynccontextmanager
async def open_backup(path: Path, name: str) -> AsyncIterator[tuple[Backup, AsyncSession]]:
    """Check a copy of a backup, bring that to this program's schema, and open it for reading.

    Raises:
        BadValue, Refused: as `backup_file.check`.
        SchemaMismatch: a newer program has made it.
    """
    # What is no backup may have no end.
    backup_file.check(path, name)
    with tempfile.TemporaryDirectory(prefix="todo-") as folder:
        copy = Path(folder) / "backup.db"
        with backup_file.open_file(path, name) as source:
            try:
                with copy.open("xb") as made:
                    shutil.copyfileobj(source, made)
            except OSError as error:
                reason = explain_os_error(error)
                raise Refused(
                    f"{name} cannot be copied to {folder}: {reason}",
                    hint="set TMPDIR to a folder with more space",
                ) from None
        backup = backup_file.check(copy, name)
        if backup.version != HEAD:
            from neontodo.db import migrations

            migrations.require_known(backup.version, f"the backup {name}")
        database = Database(SqliteTarget(copy), _make_no_user)
        try:
            async with database.snapshot(backup.user_id) as session:
                yield backup, session
        finally:
            await database.close()


def _make_no_user() -> FirstUser:
    raise AssertionError("a backup has a user")


async def restore_backup(
    unit: UnitOfWork, backup: Backup, source: AsyncSession, replaced_seq: int | None
) -> TransferResult:
    """Put a backup in the place of what a user has: tasks keep their numbers, the log its seqs.

    `replaced_seq` is the last seq of what may be replaced, as it is in a backup; None if nothing
    may be.

    Raises:
        AlreadyApplied: an earlier try was saved.
        Refused: there are tasks or changes that may not be replaced.
        Conflict: what was to be replaced is not what was backed up any more.
    """
    await unit.start()
    there = (unit.last_number, unit.seq)
    if there != (0, 0):
        if unit.seq != replaced_seq:
            # The log has nothing of a restore, by which `start` would find out.
            if unit.sent_before and there == (backup.last_number, backup.last_seq):
                raise AlreadyApplied
            raise _explain_refusal(replaced_seq)
        await users.delete_history(unit.session, unit.user_id)
    # Which machine did what stays as it was.
    old, new = Owner(backup.user_id, unit.key_id), Owner(unit.user_id, unit.key_id)
    copied = await copy_to_store(source, old, unit.session, new)
    assert copied is not None
    return copied


def _explain_refusal(replaced_seq: int | None) -> Refused:
    if replaced_seq is not None:
        return Conflict(
            "the tasks were changed meanwhile, so nothing was replaced", hint="try again"
        )
    return Refused(
        "there are tasks already, or a log of them",
        hint="`--replace` backs them up first and replaces them; `--profile NAME` restores into "
        "another profile",
    )
