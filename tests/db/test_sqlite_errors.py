"""SQLite's errors, and the system's, in words."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from neontodo.db import errors_sqlite


def of_sqlite(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("text that is not shown")
    error.sqlite_errorname = name
    return error


def of_system(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (of_sqlite("SQLITE_FULL"), "cannot grow: the disk is full"),
        (of_sqlite("SQLITE_IOERR_SHMSIZE"), "cannot grow: the disk is full"),
        (of_sqlite("SQLITE_IOERR_READ"), "could not be read or written"),
        (of_sqlite("SQLITE_READONLY_DBMOVED"), "is read-only"),
        (of_sqlite("SQLITE_CANTOPEN"), "cannot be opened"),
        (of_system(errno.ENOSPC), "cannot grow: the disk is full"),
        (of_system(errno.EDQUOT), "cannot grow: the disk is full"),
        (of_system(errno.EROFS), "is read-only"),
        (of_system(errno.EMFILE), "cannot be opened: too many open files"),
    ],
    ids=lambda value: getattr(value, "sqlite_errorname", None) or str(value),
)
def test_what_the_store_is_said_to_be(tmp_path: Path, error: Exception, said: str) -> None:
    path = tmp_path / "tasks.db"
    path.touch()
    assert errors_sqlite.translate(error, str(path)).message == f"the store {path} {said}"


def test_a_folder_in_the_place_of_the_store_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path)
    error = errors_sqlite.translate(caught.value, str(tmp_path))
    assert (error.message, error.hint) == (
        f"the store {tmp_path} is a folder",
        "move the folder away, or name another file",
    )
