"""Files and folders that are made new: whole or not at all, by one of many, under any umask."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = ".new-"


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can use, and those above it, where they are not there."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        # The umask may have taken the owner's own rights away.
        folder.chmod(0o700)


def make_file(path: Path) -> None:
    """Make an empty file that only its owner can use."""
    path.touch(mode=0o600, exist_ok=False)
    path.chmod(0o600)


def publish(made: Path, path: Path, prepare: Callable[[], object] = lambda: None) -> bool:
    """Give a finished file its name, unless there is one of that name; whether it was given.

    Args:
        made: the finished file, on the same file system.
        path: its name.
        prepare: called before, while nobody else can do the same.
    """
    with _lock(path.parent):
        if os.path.lexists(path):
            return False
        prepare()
        try:
            os.link(made, path)
        except FileExistsError:
            return False
        except OSError:
            # Some file systems have no links: exFAT, SMB, Android. Renaming would replace what is
            # there, but for the lock.
            made.rename(path)
    return True


def remove_empty(path: Path) -> None:
    """Remove a file of 0 bytes, so that one can be published in its place."""
    with _lock(path.parent), suppress(FileNotFoundError):
        if path.stat().st_size == 0:
            path.unlink()


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A folder in `parent` for files that are not finished; removed at the end.

    It is locked meanwhile, so that `clear_temporary_folders` can tell it from a killed process's.
    """
    while True:
        folder, descriptor = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)), None
        with suppress(OSError):
            folder.chmod(0o700)
            descriptor = _open_locked(folder, wait=True)
        if folder.is_dir():
            break
        # Somebody took it for a killed process's before it was locked.
        _close(descriptor)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _close(descriptor)


def clear_temporary_folders(parent: Path, name: str) -> bool:
    """Remove those in which processes were killed that made the file `name`; whether none is left.

    Those of processes at work stay; without locks (Windows, some file systems) all do.
    """
    if sys.platform == "win32":
        return True
    names = {name + end for end in ("", "-wal", "-shm", "-journal")}
    is_clear = True
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if not {path.name for path in folder.iterdir()} <= names:
                continue
            descriptor = _open_locked(folder)
            shutil.rmtree(folder, ignore_errors=True)
            _close(descriptor)
        is_clear = is_clear and not folder.exists()
    return is_clear


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Keep others out who lock the folder, where that is possible."""
    descriptor = None
    with suppress(OSError):
        descriptor = _open_locked(folder, wait=True)
    try:
        yield
    finally:
        _close(descriptor)


def _open_locked(folder: Path, *, wait: bool = False) -> int | None:
    """A descriptor of a folder with its lock, which no killed process keeps; None on Windows.

    Raises:
        OSError: somebody else has it, or the file system has no locks.
    """
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)
