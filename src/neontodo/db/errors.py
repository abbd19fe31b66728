"""Drivers' errors in the program's own words, by code and never by quoting their text.

A driver's message may hold a statement's parameters, a path or a password.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from neontodo.db import errors_postgres, errors_sqlite
from neontodo.db.url import Target
from neontodo.errors import TodoError


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Turn whatever a driver raises inside into a TodoError."""
    try:
        yield
    except (exc.SQLAlchemyError, OSError, TimeoutError, sqlite3.Error) as error:
        raise translate(error, target) from error


def translate(error: BaseException, target: Target) -> TodoError:
    """The TodoError that says what `error` means for this store."""
    if target.engine == "sqlite":
        return errors_sqlite.translate(error, target.display)
    return errors_postgres.translate(error, target.display)
