"""Whether the write-ahead log beside an embedded store is the store's own.

SQLite replays `tasks.db-wal` onto whatever file is called `tasks.db`. After a kill or a power cut
the log stays; a backup that is then copied over the store would get the newer pages of the old one.

Every write leaves a mark in the file's header, at no cost but one more page in the log: a random
number (`user_version`), and in `application_id` what `state_of` made of the header before. So the
first header in a log names the state that the log was begun on, and the file is in that state, or
in one of those in the log itself if some of it has been written back.
"""

from __future__ import annotations

import secrets
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import aiosqlite

from neontodo.errors import StoreUnavailable

if sys.platform != "win32":
    import fcntl

MAGIC = b"SQLite format 3\0"
WAL_HEADER, FRAME_HEADER, DATABASE_HEADER = 32, 24, 100
FIRST_PAGE = b"\0\0\0\1"
SHARED_LOCK = 0x4000_0002, 510
"""Where whoever has a store open holds a lock: SQLite's file format says so."""

ATTEMPTS = 5
PATIENCE = 5.0
"""Seconds until a store that another program holds open is given up."""

_MASK = 0xFFFF_FFFF
_STATE = "SELECT user_version, schema_version FROM pragma_user_version, pragma_schema_version"


@dataclass(frozen=True)
class Header:
    """The part of a store's first page that tells which state the store is in.

    A copy by VACUUM INTO has another schema version: its pages are ordered differently.
    """

    user_version: int
    application_id: int
    schema_version: int

    @classmethod
    def parse(cls, page: bytes) -> Header:
        (schema,), (user,), (application,) = (
            struct.unpack_from(">I", page, offset) for offset in (40, 60, 68)
        )
        return cls(user, application, schema)

    def follows(self, before: Header) -> bool:
        """Tell whether this may be the next state: marked as such, or not marked at all."""
        if self.application_id == state_of(before.user_version, before.schema_version):
            return True
        return self == replace(before, schema_version=self.schema_version)


def state_of(user_version: int, schema_version: int) -> int:
    """Return the number that names a state of the store in the header of the next one."""
    return (user_version + schema_version) & 0x7FFF_FFFF


async def begin_writing(driver: aiosqlite.Connection) -> None:
    """Begin a transaction that writes, and mark the state that it leads to."""
    await driver.execute_fetchall("BEGIN IMMEDIATE")
    ((user, schema),) = await driver.execute_fetchall(_STATE)
    await driver.execute_fetchall(f"PRAGMA application_id = {state_of(user, schema)}")
    await driver.execute_fetchall(f"PRAGMA user_version = {secrets.randbits(31)}")


def set_foreign_log_aside(path: Path, notify: Callable[[str], None]) -> None:
    """Rename a log that is not the store's, and say so.

    This process must not have the store open: closing any descriptor of a file takes away all locks
    that the process has on it.

    Raises:
        StoreUnavailable: a program that uses the log still has the store open.
    """
    deadline = time.monotonic() + PATIENCE
    while not has_matching_log(path):
        with _lock_out_others(path) as is_alone:
            if is_alone:
                if not has_matching_log(path) and (aside := set_log_aside(path)) is not None:
                    log = f"the previous store's log is now {aside.name}"
                    notify(f"{path} was replaced: {log}")
                return
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"the store {path} was replaced while another program had it open",
                hint="stop that program, copy the file there again, and retry",
            )
        time.sleep(0.02)


def set_log_aside(path: Path) -> Path | None:
    """Rename the log of a store that nobody has open to `NAME-wal.TIME.old`, and return that."""
    log = path.with_name(f"{path.name}-wal")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = log.with_name(f"{log.name}.{stamp}.old")
    # The log's index, which SQLite makes anew; without its log it would mean nothing.
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    try:
        log.rename(aside)
    except FileNotFoundError:
        return None
    return aside


def has_log(path: Path) -> bool:
    """Tell whether there is anything in the log."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def has_matching_log(path: Path) -> bool:
    """Tell whether the log, if it holds anything, was begun on the store as it is."""
    log_path = path.with_name(f"{path.name}-wal")
    for _ in range(ATTEMPTS):
        try:
            if log_path.stat().st_size <= WAL_HEADER:
                return True
            with open(log_path, "rb") as log:
                begun = log.read(WAL_HEADER)
                if (before := _read_header(path)) is None or _is_begun_on(log, begun, before):
                    return True
            with open(log_path, "rb") as log:
                # Else another program has begun a new log meanwhile, which says nothing.
                if log.read(WAL_HEADER) == begun:
                    return False
        except FileNotFoundError:
            return True
    return True


def _read_header(path: Path) -> Header | None:
    """Return the header in the store's own file; None if it is not SQLite's."""
    with open(path, "rb") as file:
        page = file.read(DATABASE_HEADER)
    whole = len(page) == DATABASE_HEADER and page.startswith(MAGIC)
    return Header.parse(page) if whole else None


def _is_begun_on(log: BinaryIO, begun: bytes, before: Header) -> bool:
    # The store's header in each state that the log has, in their order.
    headers = (
        Header.parse(page)
        for frame, page in _read_frames(log, begun, DATABASE_HEADER)
        if frame[:4] == FIRST_PAGE and len(page) == DATABASE_HEADER
    )
    first = next(headers, None)
    if first is None or first.follows(before) or before in (first, *headers):
        return True
    return not _is_replayed(log, begun)


def _read_frames(log: BinaryIO, begun: bytes, length: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield each page's frame and its beginning of that length, without older ones at the end."""
    place = WAL_HEADER
    while True:
        log.seek(place)
        frame = log.read(FRAME_HEADER)
        if len(frame) < FRAME_HEADER or frame[8:16] != begun[16:24]:
            return
        yield frame, log.read(length)
        place += FRAME_HEADER + _page_size(begun)


def _is_replayed(log: BinaryIO, begun: bytes) -> bool:
    """Tell whether SQLite takes anything from the log, the store's header among it.

    A power cut may leave pages that never came to the disk, which their checksums show.
    """
    order = ">" if begun[3] & 1 else "<"
    sums = _checksum(begun[:24], (0, 0), order)
    if struct.pack(">II", *sums) != begun[24:32]:
        return False
    has_header = has_commit = False
    for frame, page in _read_frames(log, begun, _page_size(begun)):
        sums = _checksum(frame[:8] + page, sums, order)
        if struct.pack(">II", *sums) != frame[16:24]:
            return False
        has_header = has_header or frame[:4] == FIRST_PAGE
        has_commit = has_commit or frame[4:8] != b"\0\0\0\0"
        if has_header and has_commit:
            return True
    return False


def _page_size(begun: bytes) -> int:
    return int.from_bytes(begun[8:12], "big")


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    words = struct.unpack(f"{order}{len(data) // 8 * 2}I", data[: len(data) // 8 * 8])
    one, two = sums
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & _MASK
        two = (two + odd + one) & _MASK
    return one, two


@contextmanager
def _lock_out_others(path: Path) -> Iterator[bool]:
    """Keep other processes from opening the store; yield whether none has it open."""
    if sys.platform == "win32":
        # A file that somebody has open cannot be renamed there.
        yield True
        return
    start, length = SHARED_LOCK
    with open(path, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError):
            yield False
            return
        try:
            yield True
        finally:
            with suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_UN, length, start)
