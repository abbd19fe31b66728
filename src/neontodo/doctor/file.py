"""Checks of the embedded store's file, which is only ever opened for reading."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from neontodo.app import App
from neontodo.db import revisions
from neontodo.db.errors import translated
from neontodo.db.schema import HEAD, VERSION_TABLE
from neontodo.db.url import SqliteTarget
from neontodo.doctor import machine
from neontodo.doctor.finding import Examination, Note
from neontodo.errors import NotSignedIn, SchemaMismatch, StoreUnavailable
from neontodo.identity.tokens import Claims
from neontodo.tasks.queries.users import RESTORE

ROOM = 32 * 1024


def examine(app: App, target: SqliteTarget, found: Examination) -> None:
    """Look at the file, what is in it, and who may use it."""
    if not target.path.exists():
        found.check("file", partial(_place, target))
        found.skip("there is no store yet", "query", "schema", "token", "user")
        return
    if not found.check("file", partial(_file, target)):
        found.skip("the file cannot be used", "query", "schema", "token", "user")
        return
    if found.check("query", partial(_query, target), timed=True):
        has_users = found.check("schema", partial(_schema, target))
    else:
        has_users = False
        found.skip("the store cannot be read", "schema")
    if (claims := machine.token(app, found)) is None:
        found.skip("there is no token", "user")
    elif has_users:
        found.check("user", partial(_user, target, claims))
    else:
        found.skip("the store cannot be asked", "user")


def _place(target: SqliteTarget) -> str:
    """A store that is not there yet needs a folder that can be written."""
    path = target.path
    folder = next(parent for parent in path.parents if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreUnavailable(
            f"the store cannot be made: {folder} is not writable", hint="make the folder yours"
        )
    _need_room(target, folder)
    return Note(f"{path} is not there yet; the first command makes it")


def _file(target: SqliteTarget) -> str:
    path = target.path
    status = path.stat()
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StoreUnavailable(
            f"{path} or its folder is not writable", hint="make them yours and writable"
        )
    _need_room(target, path.parent)
    size = f"{status.st_size / 1024:,.0f} KiB"
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        return Note(f"{size}; others on this machine may read {path}")
    return size


def _need_room(target: SqliteTarget, folder: Path) -> None:
    """Raise StoreUnavailable if no file can grow there, as those beside the store must."""
    if shutil.disk_usage(folder).free < ROOM:
        with translated(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _opened(target: SqliteTarget) -> Iterator[sqlite3.Connection]:
    log = target.path.with_name(f"{target.path.name}-wal")
    # Without a log nobody is writing, and as immutable nothing is put beside the file.
    how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    with translated(target):
        connection = sqlite3.connect(f"{target.path.absolute().as_uri()}?{how}", uri=True)
        with closing(connection):
            yield connection


def _query(target: SqliteTarget) -> str:
    with _opened(target) as connection:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise StoreUnavailable(
            f"the store {target.path} is damaged", hint="restore the newest `.backup` beside it"
        )
    return f"SQLite {sqlite3.sqlite_version}, the file is whole"


def _schema(target: SqliteTarget) -> str:
    with _opened(target) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if VERSION_TABLE not in tables:
            raise SchemaMismatch(
                f"{target.path} has no tables of todo", hint="name another file for the store"
            )
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
    version = None if row is None else str(row[0])
    if version == HEAD:
        return version
    if version is not None and not revisions.is_known(version):
        raise revisions.newer(version, f"the store {target.path}")
    return Note(f"{version}; the next command brings it to {HEAD}")


def _user(target: SqliteTarget, claims: Claims) -> str:
    question = (
        "SELECT name, revoked_at, keys.id FROM users"
        " LEFT JOIN keys ON keys.user_id = users.id AND keys.id = ? WHERE users.id = ?"
    )
    with _opened(target) as connection:
        row = connection.execute(question, (claims.key_id, claims.user_id)).fetchone()
    if claims.by_issuer:
        if row is None:
            return Note("not known to the store yet; the first command sees to it")
        return str(row[0] or claims.user_id)
    if row is None or row[2] is None:
        raise NotSignedIn(
            "the store does not know this user and key",
            hint=RESTORE,
        )
    if row[1] is not None:
        raise NotSignedIn("the key was revoked", hint="make a token with `todo token create`")
    return str(row[0] or claims.user_id)
