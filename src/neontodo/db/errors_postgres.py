"""What the errors of Postgres, PgBouncer and Neon's proxy mean, and whether they may pass.

By SQLSTATE, and by text where that says nothing: whatever Neon's proxy has to say, a wrong password
too, comes as XX000, and PgBouncer calls everything a protocol violation.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import exc

from neontodo.db import tls
from neontodo.errors import (
    BadValue,
    NotSignedIn,
    Refused,
    Retry,
    SchemaMismatch,
    StoreUnavailable,
    TodoError,
    iterate_causes,
)

DOCTOR = "`todo doctor` looks for the reason"
URL = "check the database URL"
REFUSED = "check the database URL; the login may also have expired or been removed"
UPGRADE = "run `todo db upgrade`"
LATER = "try again later"
CONSOLE = "look at the project in Neon's console"


class Meaning(NamedTuple):
    """What to say after the database's name, the next step, and whether to try again."""

    what: str
    hint: str
    retry: Retry = Retry.NEVER
    kind: type[TodoError] = StoreUnavailable

    def make_error(self, name: str) -> TodoError:
        if self.kind is StoreUnavailable:
            return StoreUnavailable(f"{name} {self.what}", hint=self.hint, retry=self.retry)
        return self.kind(f"{name} {self.what}", hint=self.hint)


_NO_DATABASE = Meaning("has no such database", URL)
_OTHER_TABLES = Meaning("has tables of another version of todo", UPGRADE, kind=SchemaMismatch)
_WRONG_PASSWORD = Meaning("refused the user or the password", REFUSED)

# By the SQLSTATE, or else by its first two characters, its class.
BY_SQLSTATE = {
    "08": Meaning("closed the connection", DOCTOR, Retry.PATIENTLY),
    "22": Meaning("cannot store a value of this command", "change it", kind=BadValue),
    "23": Meaning("refused a change that conflicts with another", "try again", kind=Refused),
    "23514": Meaning(
        "refused a task or a change that breaks a rule of its tables",
        "`todo doctor` counts rows that plain SQL has written; `todo rm` removes such a task",
        kind=Refused,
    ),
    "25006": Meaning("is read-only", "connect to the primary server"),
    "25P03": Meaning("ended a transaction that did nothing for too long", DOCTOR, Retry.PATIENTLY),
    "28": _WRONG_PASSWORD,
    "3D000": _NO_DATABASE,
    "3F000": Meaning("has no schema for todo's tables", UPGRADE, kind=SchemaMismatch),
    "40": Meaning("canceled this command: it conflicts with another", "try again", Retry.PATIENTLY),
    "42501": Meaning(
        "does not allow your login role to do this", "ask the database's owner", kind=NotSignedIn
    ),
    "42703": _OTHER_TABLES,
    "42883": _OTHER_TABLES,
    "42P01": Meaning("has no todo tables, or older ones", UPGRADE, kind=SchemaMismatch),
    "53": Meaning("has no room left", LATER),
    "53200": Meaning(
        "has no memory left, perhaps because a session holds very many locks",
        "try again later; an administrator of the server can end such a session",
        Retry.BRIEFLY,
    ),
    "53300": Meaning("has no free connection", LATER, Retry.PATIENTLY),
    "55P03": Meaning("is busy: another session holds a lock on your tasks", LATER, Retry.PATIENTLY),
    "57": Meaning("is shutting down or starting", LATER, Retry.PATIENTLY),
    "57014": Meaning("took too long over this command", LATER),
    "57P04": Meaning("was removed meanwhile", URL),
}

# No statement has been sent before there is a session, only what the URL asks of it.
_OPTION = Meaning("does not accept the `options` of the database URL", URL)
WHILE_CONNECTING = {"22": _OPTION, "42601": _OPTION, "42704": _OPTION, "55P02": _OPTION}

_OVERRUN = Meaning("has too many connections", LATER, Retry.PATIENTLY)
_WAKING = Meaning("could not be woken in time", LATER, Retry.PATIENTLY)
_NOT_FOUND = Meaning("has no such endpoint", "copy the database URL from Neon's console again")
_DISABLED = Meaning("has its endpoint disabled", "enable it in Neon's console")
_TOO_MANY_COMPUTES = Meaning(
    "cannot start: too many computes of its project are running", "suspend one in Neon's console"
)
_FORBIDDEN = Meaning(
    "does not let this machine's network in", "add its IP address to IP Allow in Neon's console"
)
_CLOSED = Meaning("closed the connection", DOCTOR, Retry.PATIENTLY)

# By a part of the message, in lower case; the first match wins.
BY_TEXT = {
    "couldn't connect to compute node": _WAKING,
    "endpoint is idle": _WAKING,
    "waiting for endpoint to become active": _WAKING,
    "check your quotas": Meaning("is not available: over a quota, or in maintenance", CONSOLE),
    "quota": Meaning("has used up a quota of its Neon project", CONSOLE),
    "endpoint cannot be found": _NOT_FOUND,
    "endpoint could not be found": _NOT_FOUND,
    "endpoint is disabled": _DISABLED,
    "endpoint has been disabled": _DISABLED,
    "concurrently active endpoints": _TOO_MANY_COMPUTES,
    "active endpoints limit exceeded": _TOO_MANY_COMPUTES,
    "control plane request failed": Meaning(
        "cannot be woken: Neon's control plane does not answer", LATER, Retry.BRIEFLY
    ),
    "too many database connection attempts": _OVERRUN,
    "too many connections": _OVERRUN,
    "no more connections allowed": _OVERRUN,
    "remaining connection slots are reserved": _OVERRUN,
    "query_wait_timeout": _OVERRUN,
    "authentication timed out": Meaning("waited too long for the login", DOCTOR, Retry.PATIENTLY),
    "password authentication failed": _WRONG_PASSWORD,
    "sasl authentication failed": _WRONG_PASSWORD,
    "this ip address": _FORBIDDEN,
    "blocked network": _FORBIDDEN,
    "vpc endpoint id": _FORBIDDEN,
    "connection is insecure": Meaning("requires TLS", "add `sslmode=require` to the URL"),
    "endpoint id is not specified": Meaning(
        "cannot tell which endpoint is meant", "use the host name that Neon's console shows"
    ),
    "inconsistent project name": Meaning(
        "was given two different endpoint names", "drop `options=endpoint…` from the database URL"
    ),
    "unsupported startup parameter": Meaning(
        "does not take the URL's `options` through its pooler",
        "drop them, or use the host name without `-pooler`",
    ),
    "does not exist": _NO_DATABASE,
    "no such database": _NO_DATABASE,
    "terminating connection": _CLOSED,
    "terminated unexpectedly": _CLOSED,
    "network issue": _CLOSED,
    "early eof": _CLOSED,
    "server conn crashed": _CLOSED,
    "server login": _CLOSED,
}


def translate(error: BaseException, name: str) -> TodoError:
    """Return the TodoError that says what `error` means for an open connection."""
    lost = isinstance(error, OSError) or getattr(error, "connection_invalidated", False)
    driver = _find_driver_error(error)
    if meaning := _match_text(driver) or _match_sqlstate(driver):
        return meaning.make_error(name)
    if isinstance(driver, TimeoutError):
        return StoreUnavailable(
            f"{name} did not answer a statement in time",
            hint="`todo doctor` tells whether a table is locked, and by whom",
            retry=Retry.PATIENTLY,
        )
    if lost:
        return _unreachable_error(name, driver, Retry.PATIENTLY)
    code = _sqlstate_of(driver) or type(driver).__name__
    return StoreUnavailable(f"{name} refused a statement ({code})", hint=DOCTOR)


def translate_connecting(error: BaseException, name: str) -> TodoError:
    """Return the TodoError that says why there is no connection."""
    meaning = (
        _match_sqlstate(error, WHILE_CONNECTING) or _match_text(error) or _match_sqlstate(error)
    )
    # A connection that broke before it stood: whether anybody is there is not known.
    if meaning is not None and meaning is not BY_SQLSTATE["08"]:
        return meaning.make_error(name)
    if is_tls_refused(error):
        hint = "`sslmode` in the database URL asks for it"
        return StoreUnavailable(f"{name} offers no TLS", hint=hint)
    retry = Retry.BRIEFLY
    if isinstance(error, TimeoutError):
        retry = Retry.PATIENTLY
    elif isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        retry = Retry.NEVER
    return _unreachable_error(name, error, retry)


def is_tls_refused(error: BaseException) -> bool:
    """Tell whether the server offers no TLS, which asyncpg tells in its words only."""
    return "rejected SSL upgrade" in str(error)


def is_refused_commit(error: BaseException | None) -> bool:
    """Tell whether the server has answered COMMIT with an error, so that nothing was saved.

    A server that ends the session instead may have saved it before.
    """
    driver = error and _find_driver_error(error)
    state = _sqlstate_of(driver) if driver else ""
    is_refusal = state[:2] in ("40", "53") or state == "57014"
    # 40003 is the server's own "not known whether it was completed".
    return is_refusal and state != "40003" and getattr(driver, "severity_en", None) == "ERROR"


def refuses_login(error: BaseException) -> bool:
    """Tell whether an error, or one that it was raised from, refuses the login."""
    return any(
        _sqlstate_of(cause).startswith("28") or _match_text(cause) is _WRONG_PASSWORD
        for cause in iterate_causes(error)
    )


def _find_driver_error(error: BaseException) -> BaseException:
    """Return the driver's own error, below those of SQLAlchemy."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _match_text(driver: BaseException) -> Meaning | None:
    if _sqlstate_of(driver)[:2] not in ("08", "XX"):
        return None
    text = str(driver).lower()
    return next((meaning for part, meaning in BY_TEXT.items() if part in text), None)


def _match_sqlstate(
    driver: BaseException, known: Mapping[str, Meaning] = BY_SQLSTATE
) -> Meaning | None:
    state = _sqlstate_of(driver)
    return known.get(state) or known.get(state[:2])


def _sqlstate_of(driver: BaseException) -> str:
    return getattr(driver, "sqlstate", None) or ""


def _unreachable_error(name: str, error: BaseException, retry: Retry) -> StoreUnavailable:
    message = f"cannot reach {name}: {explain_failure(error)}"
    return StoreUnavailable(message, hint=DOCTOR, retry=retry)


def explain_failure(error: BaseException) -> str:
    """Return why a connection could not be made, or broke."""
    match error:
        case ssl.SSLError():
            return tls.explain_tls_error(error)
        case socket.gaierror():
            return "the host name is not known"
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "connection refused"
        case OSError(errno=int(code)) if code in errno.errorcode:
            return (error.strerror or errno.errorcode[code]).lower()
        case _:
            return "the connection broke"
