"""The file of a backup: an embedded store with one user, no key, and a seal.

The seal is the SHA-256 of the file. It stands in the file, in a table of its own, and counts as
zeros there: one changed byte anywhere, or one that is missing or added, does not fit it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from neontodo import __version__
from neontodo.columns import write_json
from neontodo.db import embedded, errors_sqlite, verified_copy
from neontodo.db.bulk import convert_columns
from neontodo.db.engine import CACHE_KIB
from neontodo.db.schema import VERSION_TABLE, FirstUser
from neontodo.errors import BadValue, Refused
from neontodo.models import HISTORY, Change, Task, format_instant

Model = type[SQLModel]

MAKE_SEAL = """
CREATE TABLE backup (
    made_at TEXT NOT NULL, program TEXT NOT NULL, tasks INTEGER NOT NULL,
    changes INTEGER NOT NULL, sha256 TEXT NOT NULL
)
"""
READ_SEAL = f"""
SELECT users.id AS user_id, version_num AS version, made_at, tasks, changes, last_number, last_seq,
    sha256
FROM backup, users, {VERSION_TABLE}
"""
SHA256 = re.compile(r"[0-9a-f]{64}")
CHUNK = 1 << 20
OLDER = "take another backup"

_DIALECT = sqlite.dialect(json_serializer=write_json)


@dataclass(frozen=True)
class Backup:
    """A file that was read and found to be what was written.

    Attributes:
        version: that of its schema.
        sha256: that of the whole file, as other programs compute it.
    """

    path: Path
    user_id: str
    version: str
    made_at: str
    tasks: int
    changes: int
    last_number: int
    last_seq: int
    sha256: str


@contextmanager
def explain_failure(path: Path) -> Iterator[None]:
    """Raise Refused in place of what the system or SQLite says of writing a file."""
    try:
        yield
    except (OSError, SQLAlchemyError, sqlite3.Error) as error:
        what, hint = errors_sqlite.find_meaning(error, str(path)) or ("cannot be written", None)
        if isinstance(error, OSError) and error.strerror:
            what = f"cannot be written: {error.strerror.lower()}"
        raise Refused(f"the backup {path} {what}", hint=hint or None) from error


class BackupDraft:
    """A backup that is being written; `finish` gives it its name."""

    def __init__(self, draft: Path, path: Path) -> None:
        self._draft = draft
        self._path = path
        # Nobody sees the draft, and what fails is made anew: no journal is needed.
        self._connection = sqlite3.connect(draft, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN")
        self._digests = {model: verified_copy.Digest() for model in HISTORY}

    def insert(self, model: Model, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows that name all columns."""
        names, table = tuple(model.model_fields), model.__table__  # type: ignore[attr-defined]
        columns = convert_columns(table, names, rows, _DIALECT) if rows else []
        values = list(zip(*columns, strict=True))
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
        with explain_failure(self._path):
            self._connection.executemany(statement, values)
        self._digests[model].add(values)

    def finish(self, made_at: datetime, last_number: int, last_seq: int) -> Backup:
        """Seal the draft, read it back, compare it with what was inserted, and name it.

        Raises:
            Refused: it is not the same, or there is a file of that name by now.
        """
        placeholder = secrets.token_hex(32)
        counts = [self._digests[model].rows for model in (Task, Change)]
        sealed = (format_instant(made_at), __version__, *counts, placeholder)
        with explain_failure(self._path):
            counters = (last_number, last_seq)
            self._connection.execute("UPDATE users SET last_number = ?, last_seq = ?", counters)
            self._connection.execute(MAKE_SEAL)
            self._connection.execute("INSERT INTO backup VALUES (?, ?, ?, ?, ?)", sealed)
            self._connection.execute("COMMIT")
            self.close()
            _write_seal(self._draft, placeholder)
            backup = check(self._draft, self._path)
            written = {model: digest.result() for model, digest in self._digests.items()}
            if _digest_file(self._draft) != written:
                raise _damaged(self._path, "it does not hold what was read")
            if not verified_copy.name_draft(self._draft, self._path):
                raise exists_error(self._path)
        return replace(backup, path=self._path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@asynccontextmanager
async def open_draft(path: Path, user: FirstUser) -> AsyncIterator[BackupDraft]:
    """Make a store for one user beside a path; without `finish` it is removed again.

    Raises:
        Refused: it cannot be written.
    """
    with explain_failure(path), verified_copy.open_draft(path) as file:
        await embedded.migrate_file(file, lambda: user)
        with closing(BackupDraft(file, path)) as draft:
            yield draft


def exists_error(path: Path) -> Refused:
    """Return the error for a file that is not overwritten."""
    return Refused(f"{path} already exists", hint="name another file, or a folder")


def check(path: Path, name: Path | str | None = None) -> Backup:
    """Return what a backup holds, after a look at every byte of it.

    Args:
        path: the file.
        name: what it is called in messages.

    Raises:
        BadValue: it cannot be read.
        Refused: it is no backup, or not what was written.
    """
    name = name or path
    try:
        return _check(path, name)
    except (sqlite3.DatabaseError, UnicodeError) as error:
        # What SQLite says of a damaged schema quotes it.
        if _begins_as_database(path) and "no such table" not in str(error):
            raise _damaged(name, "SQLite cannot read it") from None
        raise Refused(f"{name} is not a backup", hint="`todo backup` makes one") from None


def open_file(path: Path, name: Path | str) -> BinaryIO:
    """Open a file for reading; BadValue if it is none, or not to be read."""
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a usable name").lower()
        raise BadValue(f"{name} cannot be read: {reason}") from None


def _check(path: Path, name: Path | str) -> Backup:
    open_file(path, name).close()
    with closing(verified_copy.open_unchanged(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(READ_SEAL).fetchall()
        if len(rows) != 1 or not SHA256.fullmatch(str(rows[0]["sha256"])):
            raise _damaged(name, "its checksum is missing")
        found: dict[str, Any] = dict(rows[0])
        hashed = _hash_file(path, found["sha256"])
        if len(hashed.places) != 1 or hashed.around != found["sha256"]:
            raise _damaged(name, "its checksum does not fit")
        if not verified_copy.is_sound(connection):
            raise _damaged(name, "its tables and indexes do not fit each other")
    return Backup(path, **found | {"sha256": hashed.whole})


def _damaged(name: Path | str, why: str) -> Refused:
    return Refused(f"the backup {name} is damaged or was changed: {why}", hint=OLDER)


def _begins_as_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _write_seal(path: Path, placeholder: str) -> None:
    """Put the file's own digest where its placeholder is."""
    hashed = _hash_file(path, placeholder)
    with path.open("r+b") as file:
        file.seek(hashed.places[0])
        file.write(hashed.around.encode())


class Hashed(NamedTuple):
    """The digest of a file, that of the file with zeros for its seal, and where that is."""

    whole: str
    around: str
    places: list[int]


def _hash_file(path: Path, seal: str) -> Hashed:
    whole, around, mark = hashlib.sha256(), hashlib.sha256(), seal.encode()
    places, start, rest = [], 0, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            whole.update(chunk)
            content = rest + chunk
            if (place := content.find(mark)) >= 0:
                places += [start + place] * content.count(mark)
                content = content.replace(mark, b"0" * len(mark))
            # A seal may lie across two chunks.
            keep = len(content) - len(mark) + 1
            around.update(content[:keep])
            start, rest = start + keep, content[keep:]
    around.update(rest)
    return Hashed(whole.hexdigest(), around.hexdigest(), places)


def _digest_file(path: Path) -> dict[Model, tuple[int, str]]:
    found = {}
    with closing(verified_copy.open_unchanged(path)) as connection:
        for model, order in HISTORY.items():
            names, table = ", ".join(model.model_fields), model.__tablename__
            statement = f"SELECT {names} FROM {table} ORDER BY {', '.join(order)}"
            rows = connection.execute(statement)
            found[model] = verified_copy.Digest(rows).result()
    return found
