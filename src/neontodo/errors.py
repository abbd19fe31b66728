"""Declare everything that can go wrong, by what the caller can do about it.

An error knows what happened and the next step; what it costs (an exit code, an HTTP status) is
each front end's own table.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

from neontodo.masking import mask_passwords


class TodoError(Exception):
    """Root of every error that is shown to a person.

    Args:
        message: one sentence, lower case, no full stop; never holds a secret. A URL's password is
            taken out here in any case.
        hint: the next step, if there is one.
        details: further lines, such as the candidates of an ambiguous reference.
    """

    def __init__(self, message: str, *, hint: str | None = None, details: tuple[str, ...] = ()):
        self.message = mask_passwords(message)
        self.hint = hint and mask_passwords(hint)
        self.details = tuple(map(mask_passwords, details))
        super().__init__(self.message)


def limit_lines(lines: Iterable[str], total: int) -> tuple[str, ...]:
    """Return the lines that are shown, and how many more of `total` there are."""
    shown = tuple(lines)
    more = total - len(shown)
    return (*shown, f"and {more} more") if more > 0 else shown


def explain_os_error(error: OSError) -> str:
    """Return what the operating system says of an error, in lower case."""
    return (error.strerror or type(error).__name__).lower()


def iterate_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from, the original one last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Refused(TodoError):
    """The rules say no; nothing was changed."""


class Declined(Refused):
    """A person who was asked said no."""


class Conflict(Refused):
    """Somebody else changed the same thing first."""


class BadValue(TodoError):
    """A value cannot be used as it is: the message says what was understood."""


class TaskNotFound(TodoError):
    """A reference names no task, or more than one."""


class KeyNotFound(TodoError):
    """A name or the start of an id names no key, or more than one."""


class ViewNotFound(TodoError):
    """There is no view of a name."""


class NotSignedIn(TodoError):
    """There is no token, or the one there is was not accepted."""


class KeyNotAccepted(NotSignedIn):
    """The store does not know this machine's user or key, or the key here is lost."""


class Retry(enum.IntEnum):
    """For how long it is worth trying again after a failure."""

    NEVER = 0
    """It will not pass by itself."""
    BRIEFLY = 1
    """It may pass at once, or mean that nobody is there."""
    PATIENTLY = 2
    """The store is known to be there, and busy waking, restarting or with others."""


class StoreUnavailable(TodoError):
    """The store cannot be reached, opened or written; `retry` says whether that may pass."""

    def __init__(
        self, message: str, *, hint: str | None = None, retry: Retry = Retry.NEVER
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry = retry


class OutcomeUnknown(StoreUnavailable):
    """The connection broke while a write was being saved."""


class KeyringUnavailable(TodoError):
    """The operating system's keyring holds a secret and does not give it."""


class SchemaMismatch(TodoError):
    """The store's tables are missing, or of another version than this program."""
