"""Drivers' errors in the program's own words, by code and never by quoting their text.

A driver's message may hold a statement's parameters, a path or a password.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from neontodo.db.url import Target
from neontodo.errors import NotSignedIn, Refused, SchemaMismatch, StoreUnavailable, TodoError

DOCTOR = "check the connection, then try again"
UPGRADE = "run `todo db upgrade`"


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Turn whatever a driver raises inside into a TodoError."""
    try:
        yield
    except exc.DBAPIError as error:
        raise translate(error.orig or error, target) from error
    except (exc.SQLAlchemyError, OSError, TimeoutError, sqlite3.Error) as error:
        raise translate(error, target) from error


def translate(error: BaseException, target: Target) -> TodoError:
    """The TodoError that says what `error` means for this store."""
    if target.engine == "sqlite":
        return _sqlite(error, target.display)
    return _postgres(error, target.display)


SQLITE = {
    "SQLITE_READONLY": ("is read-only", "make the file and its folder writable"),
    "SQLITE_FULL": ("cannot grow: the disk is full", "free some space, then try again"),
    "SQLITE_CANTOPEN": ("cannot be opened", "check that its folder exists and is yours"),
    "SQLITE_IOERR": ("could not be read or written", "check the disk, then try again"),
    "SQLITE_CORRUPT": ("is damaged", "restore the newest `.backup` beside it"),
    "SQLITE_NOTADB": ("is not an SQLite database", "move the file away, or name another one"),
    "SQLITE_PERM": ("may not be opened", "make the file and its folder yours"),
    "SQLITE_BUSY": ("is busy: another program has been writing for a minute", "try again later"),
}


def _sqlite(error: BaseException, path: str) -> TodoError:
    if isinstance(error, OSError):
        return StoreUnavailable(f"the store {path} cannot be opened: {_reason(error)}")
    driver = _driver_error(error)
    name = getattr(driver, "sqlite_errorname", "") or ""
    for code, (what, hint) in SQLITE.items():
        if name.startswith(code):
            return StoreUnavailable(f"the store {path} {what}", hint=hint)
    text = str(driver)
    if "no such table" in text or "no such column" in text:
        return SchemaMismatch(f"the store {path} lacks a table or column", hint=UPGRADE)
    return StoreUnavailable(
        f"the store {path} refused a statement ({name or type(driver).__name__})"
    )


def _driver_error(error: BaseException) -> BaseException:
    """The innermost error, the driver's own."""
    while isinstance(error, exc.DBAPIError) or not isinstance(error, sqlite3.Error):
        inner = getattr(error, "orig", None) or error.__cause__
        if inner is None:
            break
        error = inner
    return error


# By the first characters of the SQLSTATE; the longest match wins.
POSTGRES: dict[str, tuple[type[TodoError], str, str]] = {
    "28": (StoreUnavailable, "refused the user or the password", "check the database URL"),
    "3D000": (StoreUnavailable, "has no such database", "check the database URL"),
    "42P01": (SchemaMismatch, "has no tables of todo, or older ones", UPGRADE),
    "42703": (SchemaMismatch, "has tables of another version of todo", UPGRADE),
    "3F000": (SchemaMismatch, "has no schema for todo's tables", UPGRADE),
    "42501": (NotSignedIn, "does not permit this to your login role", "ask the database's owner"),
    "25006": (StoreUnavailable, "is read-only", "connect to the primary server"),
    "53": (StoreUnavailable, "has no room or no free connection", "try again later"),
    "55P03": (StoreUnavailable, "is busy: another command holds your tasks", "try again"),
    "57": (StoreUnavailable, "is shutting down or starting", "try again in a moment"),
    "08": (StoreUnavailable, "closed the connection", DOCTOR),
    "23": (Refused, "found two commands at odds", "try again"),
    "40": (StoreUnavailable, "stopped this command in favour of another", "try again"),
}


def _postgres(error: BaseException, name: str) -> TodoError:
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        for length in (5, 2):
            if found := POSTGRES.get(state[:length]):
                kind, what, hint = found
                return kind(f"{name} {what}", hint=hint)
        return StoreUnavailable(f"{name} refused a statement (SQLSTATE {state})", hint=DOCTOR)
    return StoreUnavailable(f"cannot reach {name}: {_reason(error)}", hint=DOCTOR)


def _reason(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid: {error.verify_message}"
        case ssl.SSLError():
            return "no secure connection could be made"
        case socket.gaierror():
            return "the host name is not known"
        case TimeoutError() | asyncio.TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "nobody listens there"
        case OSError(errno=int(code)) if code in errno.errorcode:
            return (error.strerror or errno.errorcode[code]).lower()
        case _:
            return "the connection broke"
