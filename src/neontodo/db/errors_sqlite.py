"""What SQLite's errors mean, by their names."""

from __future__ import annotations

import errno
import glob
import os
import sqlite3
from pathlib import Path

from neontodo.errors import SchemaMismatch, StoreUnavailable, TodoError, explain_os_error
from neontodo.filesystem import explain_denial, may_access

MEANINGS = {
    "SQLITE_READONLY": ("is read-only", "make the file and its folder writable"),
    "SQLITE_FULL": ("cannot grow: the disk is full", "free some space, then try again"),
    "SQLITE_CANTOPEN_ISDIR": ("is a folder", "move the folder away, or name another file"),
    "SQLITE_CANTOPEN": (
        "cannot be opened",
        "check that its folder exists, and that both are yours",
    ),
    "SQLITE_IOERR_SHMSIZE": ("cannot grow: the disk is full", "free some space, then try again"),
    "SQLITE_IOERR": ("could not be read or written", "check the disk, then try again"),
    "SQLITE_CORRUPT": ("is damaged", ""),
    "SQLITE_NOTADB": ("is not an SQLite database", "move the file away, or name another one"),
    "SQLITE_PERM": (
        "may not be opened",
        "change the owner or the permissions of the file and its folder",
    ),
    "SQLITE_BUSY": ("is busy: another program has been writing for a minute", "try again later"),
}
DENIED = {"SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"}
OS_ERRORS = {
    errno.ENOSPC: "SQLITE_FULL", errno.EDQUOT: "SQLITE_FULL", errno.EROFS: "SQLITE_READONLY",
}  # fmt: skip


def translate(error: BaseException, path: str) -> TodoError:
    """Return the TodoError that says what `error` means for the store at `path`."""
    if isinstance(error, OSError) and error.errno not in OS_ERRORS:
        reason, hint = explain_os_error(error), None
        if error.errno == errno.EACCES:
            reason, hint = _explain_denial(path) or (reason, hint)
        return StoreUnavailable(f"the store {path} cannot be opened: {reason}", hint=hint)
    if meaning := find_meaning(error, path):
        what, hint = meaning
        return StoreUnavailable(f"the store {path} {what}", hint=hint or restore_hint(Path(path)))
    driver = _find_driver_error(error)
    text = str(driver)
    if "no such table" in text or "no such column" in text:
        hint = restore_hint(Path(path))
        return SchemaMismatch(f"the store {path} lacks a table or column", hint=hint)
    code = _find_error_name(driver, path) or type(driver).__name__
    return StoreUnavailable(f"the store {path} refused a statement ({code})")


def _explain_denial(path: str) -> tuple[str, str] | None:
    return explain_denial(Path(path), os.R_OK) or explain_denial(Path(path), os.W_OK)


def is_read_only(error: BaseException, path: str) -> bool:
    """Tell whether an error means that the store at `path`, or its folder, is read-only."""
    return _find_error_name(_find_driver_error(error), path).startswith("SQLITE_READONLY")


def find_meaning(error: BaseException, path: str) -> tuple[str, str | None] | None:
    """Return what an error says of the file at `path`, and the next step, if one is known."""
    name = _find_error_name(_find_driver_error(error), path)
    for code, (what, hint) in MEANINGS.items():
        if name.startswith(code):
            if code in DENIED and (denial := _explain_denial(path)) is not None:
                return f"{what}: {denial[0]}", denial[1]
            return what, hint
    return None


def restore_hint(path: Path) -> str:
    """Return the next step after a store was lost: the newest copy beside it, if there is one."""
    copies = sorted(path.parent.glob(f"{glob.escape(path.name)}.backup-*Z"))
    return (
        f"copy {copies[-1]} to {path}"
        if copies
        else "if you have a copy of it, put that in its place"
    )


def _find_error_name(driver: BaseException, path: str) -> str:
    if isinstance(driver, OSError):
        return OS_ERRORS.get(driver.errno or 0, "")
    name: str = getattr(driver, "sqlite_errorname", "") or ""
    # SQLite itself says so on some systems only.
    if name.startswith("SQLITE_CANTOPEN") and os.path.isdir(path):
        return "SQLITE_CANTOPEN_ISDIR"
    # To read a file that is there, SQLite puts another beside it.
    is_there = name.startswith("SQLITE_CANTOPEN") and os.path.exists(path)
    if is_there and not may_access(Path(path).parent, os.W_OK):
        return "SQLITE_READONLY"
    return name


def _find_driver_error(error: BaseException) -> BaseException:
    """Return the innermost error, the driver's own."""
    while not isinstance(error, sqlite3.Error):
        inner = getattr(error, "orig", None) or error.__cause__
        if inner is None:
            break
        error = inner
    return error
