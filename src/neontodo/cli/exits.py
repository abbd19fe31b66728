"""The exit codes that scripts may rely on, and the kind of error that each is for."""

from __future__ import annotations

import enum

from neontodo import errors

NAME = "todo"


class Exit(enum.IntEnum):
    """The exit codes and their meanings, as `todo help exit-codes` shows them."""

    OK = 0, "done; an empty list and output closed early are success too"
    FAILED = 1, "refused, or unexpected"
    USAGE = 2, "wrong usage, or a value that cannot be used"
    NOT_FOUND = 3, "no such task or view, or an ambiguous reference"
    SIGNED_OUT = 4, "not signed in; the token has expired or is not accepted"
    UNAVAILABLE = 5, "the store cannot be reached, is lost or damaged, or the outcome is not known"
    SCHEMA = 6, "the store's schema is missing or of another version"
    INTERRUPTED = 130, "interrupted"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Exit:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


BY_ERROR: dict[type[errors.TodoError], Exit] = {
    errors.Refused: Exit.FAILED,
    errors.BadValue: Exit.USAGE,
    errors.TaskNotFound: Exit.NOT_FOUND,
    errors.KeyNotFound: Exit.NOT_FOUND,
    errors.ViewNotFound: Exit.NOT_FOUND,
    errors.NotSignedIn: Exit.SIGNED_OUT,
    errors.StoreUnavailable: Exit.UNAVAILABLE,
    errors.KeyringUnavailable: Exit.UNAVAILABLE,
    errors.SchemaMismatch: Exit.SCHEMA,
}


def find_exit_code(error: errors.TodoError) -> Exit:
    """Return the exit code of an error, by its nearest kind in the table."""
    for kind in type(error).__mro__:
        if kind in BY_ERROR:
            return BY_ERROR[kind]
    return Exit.FAILED
