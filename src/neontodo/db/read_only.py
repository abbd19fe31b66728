"""Reading an embedded store where SQLite cannot put its files beside it, as on a read-only disk.

The locks are in one of these files, so no writer is kept out. One is noticed instead: every write
changes the header of the store or of its log, and what was read meanwhile is refused.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from neontodo.db import write_ahead_log
from neontodo.db.write_ahead_log import DATABASE_HEADER, WAL_HEADER
from neontodo.errors import StoreUnavailable
from neontodo.filesystem import may_access

INDEX_IN_MEMORY = "PRAGMA locking_mode = EXCLUSIVE"
"""What a connection to such a URI runs first: the index of the log is not put beside it either."""


def build_uri(path: Path) -> str:
    """Return the SQLite URI that opens a store for reading, and puts nothing beside it."""
    # A log may be left by a process that was killed: without it the last tasks would be missing.
    how = "mode=ro&vfs=unix-none" if write_ahead_log.has_log(path) else "mode=ro&immutable=1"
    return f"{path.absolute().as_uri()}?{how}"


@contextmanager
def open_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a store's file, so that neither it nor anything beside it is changed.

    What the driver raises is not translated.
    """
    if write_ahead_log.has_log(path) and may_access(path.parent, os.W_OK):
        # Somebody may be writing: locks keep that apart.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as usual:
            yield usual
        return
    with closing(sqlite3.connect(build_uri(path), uri=True)) as connection:
        connection.execute(INDEX_IN_MEMORY)
        yield connection


@contextmanager
def refuse_changes(path: Path) -> Iterator[None]:
    """Raise StoreUnavailable if the store is written to meanwhile."""
    before = _read_headers(path)
    try:
        yield
    finally:
        if _read_headers(path) != before:
            raise StoreUnavailable(
                f"the store {path} was changed while it was read", hint="run the command again"
            )


def _read_headers(path: Path) -> list[bytes]:
    headers = []
    for name, length in ((path.name, DATABASE_HEADER), (f"{path.name}-wal", WAL_HEADER)):
        with suppress(FileNotFoundError), path.with_name(name).open("rb") as file:
            headers.append(file.read(length))
    return headers
