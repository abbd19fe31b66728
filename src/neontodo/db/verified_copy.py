"""Copies of a store: written beside their place, read back, and only then given their name."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from neontodo.errors import StoreUnavailable
from neontodo.filesystem import (
    clear_temporary_folders,
    make_file,
    open_temporary_folder,
    publish,
    sync,
)

DRAFT = "draft.db"
"""The name of an unfinished copy, in a temporary folder."""


@contextmanager
def open_draft(path: Path) -> Iterator[Path]:
    """Make an empty file in a folder beside a path; what has not been given a name goes again."""
    clear_temporary_folders(path.parent, DRAFT)
    with open_temporary_folder(path.parent) as folder:
        draft = folder / DRAFT
        make_file(draft)
        yield draft


def name_draft(draft: Path, path: Path) -> bool:
    """Put a finished draft on the disk under its name; False if there is a file of that name."""
    sync(draft)
    is_named = publish(draft, path)
    sync(path.parent)
    return is_named


def open_unchanged(path: Path) -> sqlite3.Connection:
    """Open a file of SQLite that nobody writes to; nothing is put beside it."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def is_sound(connection: sqlite3.Connection) -> bool:
    """Return whether SQLite finds nothing wrong with a file."""
    return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


class Digest:
    """What rows come to, in their order; equal for equal rows only."""

    def __init__(self, rows: Iterable[tuple[Any, ...]] = ()) -> None:
        self.rows = 0
        self._hash = hashlib.sha256()
        self.add(rows)

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows as SQLite stores them."""
        for row in rows:
            self._hash.update(repr(row).encode())
            self.rows += 1

    def result(self) -> tuple[int, str]:
        """Return how many rows there were, and their digest."""
        return self.rows, self._hash.hexdigest()


def copy_store(source: sqlite3.Connection, path: Path) -> None:
    """Copy a store as it is, keys and all, and compare every table with what is read back.

    Raises:
        StoreUnavailable: the copy is not the same, or there is a file of its name.
    """
    with open_draft(path) as draft:
        with closing(sqlite3.connect(draft)) as destination:
            source.backup(destination)
        with closing(open_unchanged(draft)) as copy:
            if not is_sound(copy) or _digest_tables(copy) != _digest_tables(source):
                raise StoreUnavailable(
                    f"the copy {path} is damaged, so nothing was changed",
                    hint="`todo doctor` checks the store; check the disk, too",
                )
        if not name_draft(draft, path):
            raise StoreUnavailable(f"there already is a file {path}", hint="try again")


def _digest_tables(connection: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    found = {}
    # Not every text is UTF-8 in a store that other programs have written to.
    connection.text_factory = bytes
    for (name,) in tables:
        quoted = name.replace('"', '""')
        found[name] = Digest(connection.execute(f'SELECT * FROM "{quoted}"')).result()
    connection.text_factory = str
    return found
