"""A file to be written: standard output, or one that appears whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from neontodo.errors import BadValue, Refused
from neontodo.links import follow_links, require_trusted

if TYPE_CHECKING:
    from neontodo.app import App

STDOUT = "-"

_OPEN = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,6})")
"""The name of what this process has open already."""

_NAMED = {"/dev/stdout": "/dev/fd/1", "/dev/stderr": "/dev/fd/2"}


def write(app: App, name: str, pieces: Iterable[str], *, force: bool) -> None:
    """Write text as UTF-8 to the file of that name, or with `-` to standard output.

    Raises:
        BadValue: there can be no such file.
        Refused: it is there already and `force` is off, or it could not be written to its end.
    """
    if name == STDOUT:
        _fill(app.streams.out_bytes, pieces)
        return
    try:
        with _opened(app.cwd / name, name, force) as file:
            _fill(file, pieces)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Refused(f"`{name}` could not be written: {reason}") from None


def _fill(file: BinaryIO, pieces: Iterable[str]) -> None:
    for piece in pieces:
        file.write(piece.encode())
    file.flush()


@contextmanager
def _opened(given: Path, name: str, force: bool) -> Iterator[BinaryIO]:
    if is_open := _OPEN.fullmatch(_NAMED.get(str(given), str(given))):
        # Opened anew by its name, a file would be cut, and written over by whoever writes next.
        with os.fdopen(os.dup(int(is_open[1])), "wb") as file:
            yield file
        return
    path, old = _found(given, name)
    if old is not None and not stat.S_ISREG(old.st_mode):
        with _opened_device(path, name) as file:
            yield file
        return
    if old is not None and not force:
        raise Refused(f"`{name}` is there already", hint="`--force` writes over it")
    draft = path.with_name(f".todo-export-{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            if old is not None and old.st_uid == os.fstat(file.fileno()).st_uid:
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


def _opened_device(path: Path, name: str) -> BinaryIO:
    """Open a named pipe or a device; never a file that has taken its place meanwhile."""
    file = os.fdopen(os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)), "wb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Refused(f"`{name}` has just become another file", hint="run the command again")
    return file


def _found(given: Path, name: str) -> tuple[Path, os.stat_result | None]:
    """The place behind all links, and what is known of the file there, if there is one."""
    try:
        path = follow_links(given)
        # Raises ValueError for a NUL, which `exists` would take for a file that is not there.
        os.access(path, os.F_OK)
        old = path.stat() if path.exists() else None
        folder_is_there = path.parent.is_dir()
    except (OSError, ValueError, RuntimeError):
        raise BadValue(f"`{name}` is not a usable file name") from None
    if not folder_is_there:
        raise BadValue(f"there is no folder for `{name}`", hint="make it first")
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise BadValue(f"`{name}` is a folder", hint="name a file in it")
    if old is not None and not stat.S_ISREG(old.st_mode):
        require_trusted(path, "a pipe or device")
    return path, old
