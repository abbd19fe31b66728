"""Check the embedded store's file, which is only ever opened for reading."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import SQLModel

from neontodo.accounts.tokens import Claims
from neontodo.app import App
from neontodo.db import embedded, migrations, read_only, write_ahead_log
from neontodo.db.database import translate_errors
from neontodo.db.errors_sqlite import restore_hint, translate
from neontodo.db.schema import HEAD, VERSION_TABLE
from neontodo.db.url import SqliteTarget
from neontodo.doctor import Note
from neontodo.errors import KeyNotAccepted, SchemaMismatch, StoreUnavailable
from neontodo.filesystem import explain_denial

ROOM = 32 * 1024
TABLES = frozenset(
    name
    for name, table in SQLModel.metadata.tables.items()
    if table.info.get("engine") in (None, "sqlite")
)


def check_place(app: App, target: SqliteTarget) -> str:
    """Make sure that a store which is not there yet can be made."""
    path = target.path
    if path.exists() or app.profile.has_lost_store(path):
        raise embedded.lost_store_error(path)
    folder = next(parent for parent in path.parents if parent.exists())
    if (denial := explain_denial(path, os.W_OK)) is not None:
        raise StoreUnavailable(f"the store cannot be created: {denial[0]}", hint=denial[1])
    _need_room(target, folder)
    return Note(f"{path} does not exist yet; the first command creates it")


def check_file(app: App, target: SqliteTarget) -> str:
    """Make sure that the file can be read and can grow, and return its size."""
    path = target.path
    status = path.stat()
    if (denial := explain_denial(path, os.R_OK)) is not None:
        raise StoreUnavailable(denial[0], hint=denial[1])
    if (denial := explain_denial(path, os.W_OK)) is None:
        _need_room(target, path.parent)
    # An agent may have the store open, and has looked before that.
    if not app.database.count_connections()[0] and not write_ahead_log.has_matching_log(path):
        raise StoreUnavailable(
            f"{path} was replaced: the log beside it, {path.name}-wal, belongs to another file",
            hint="the next command moves that log aside",
        )
    size = f"{status.st_size / 1024:,.0f} KiB"
    notes = [f"read-only, tasks can be listed, not changed: {denial[0]}"] if denial else []
    notes += _list_dangers(path, status) if os.name == "posix" else []
    return Note("; ".join([size, *notes])) if notes else size


def _list_dangers(path: Path, status: os.stat_result) -> list[str]:
    """Return what other users of this machine may do with the store."""
    folder = path.parent.stat()
    dangers = []
    if status.st_mode & 0o077:
        dangers.append(f"others on this machine may read {path}")
    if folder.st_mode & 0o022:
        dangers.append(f"others on this machine may replace it: {path.parent} is writable for them")
    if folder.st_uid not in (os.geteuid(), 0):
        dangers.append(f"{path.parent} belongs to another user (uid {folder.st_uid})")
    return dangers


def _need_room(target: SqliteTarget, folder: Path) -> None:
    """Make sure that files can grow there, as those beside the store must."""
    if shutil.disk_usage(folder).free < ROOM:
        raise translate(OSError(errno.ENOSPC, ""), target.display)


@contextmanager
def _open_for_reading(target: SqliteTarget) -> Iterator[sqlite3.Connection]:
    with translate_errors(target), read_only.open_for_reading(target.path) as connection:
        yield connection


def check_content(target: SqliteTarget) -> str:
    """Make sure that the file is whole."""
    with _open_for_reading(target) as connection:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        hint = restore_hint(target.path)
        raise StoreUnavailable(f"the store {target.path} is damaged", hint=hint)
    return f"SQLite {sqlite3.sqlite_version}, the file is whole"


def check_schema(target: SqliteTarget) -> str:
    """Make sure that the tables are of this program's version, or can be brought to it."""
    with _open_for_reading(target) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if VERSION_TABLE not in tables:
            hint = "name another file for the store"
            raise SchemaMismatch(f"{target.path} has no todo tables", hint=hint)
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
        version = None if row is None else str(row[0])
        if version == HEAD or (version is None and tables & TABLES):
            missing = ", ".join(sorted(TABLES - tables))
            if missing or version is None:
                no_version = f"has no version: {VERSION_TABLE} has no row"
                what = f"lacks tables: {missing}" if missing else no_version
                hint = restore_hint(target.path)
                raise SchemaMismatch(f"the store {target.path} {what}", hint=hint)
            _check_counters(target, connection)
            return HEAD
    migrations.require_known(version, f"the store {target.path}")
    return Note(f"{version}; the next command brings it to {HEAD}")


def _check_counters(target: SqliteTarget, connection: sqlite3.Connection) -> None:
    """Make sure that nothing is added with a number that is taken."""
    behind = connection.execute(
        "SELECT id FROM users WHERE"
        " last_number < (SELECT max(number) FROM tasks WHERE user_id = users.id)"
        " OR last_seq < (SELECT max(seq) FROM changes WHERE user_id = users.id)"
    ).fetchone()
    if behind is not None:
        raise StoreUnavailable(
            f"the store {target.path} is damaged: the counters of user {behind[0]} are behind",
            hint=restore_hint(target.path),
        )


def check_user(app: App, target: SqliteTarget, claims: Claims) -> str:
    """Make sure that the store knows the user and the key, and return the user's name."""
    question = (
        "SELECT name, revoked_at, keys.id FROM users"
        " LEFT JOIN keys ON keys.user_id = users.id AND keys.id = ? WHERE users.id = ?"
    )
    with _open_for_reading(target) as connection:
        row = connection.execute(question, (claims.key_id, claims.user_id)).fetchone()
    if claims.is_signed_by_issuer:
        if row is None:
            return Note("not in the store yet; the first command adds you")
    elif row is None or row[2] is None:
        raise app.explain_refusal(KeyNotAccepted("the store does not know this user and key"))
    elif row[1] is not None:
        raise app.explain_refusal(KeyNotAccepted("the key was revoked"))
    return str(row[0] or claims.user_id)
