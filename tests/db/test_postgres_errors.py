"""What servers, poolers and Neon's proxy say, and what a person is told instead."""

from __future__ import annotations

import socket
import ssl

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from neontodo.db.errors_postgres import (
    BY_SQLSTATE,
    BY_TEXT,
    is_refused_commit,
    translate,
    translate_connecting,
)
from neontodo.errors import (
    BadValue,
    NotSignedIn,
    Refused,
    Retry,
    SchemaMismatch,
    StoreUnavailable,
    TodoError,
)

NAME = "postgresql://alex@host/neondb"
SECRET = "hunter2"


def said(text: str, code: str = "XX000", severity: str = "ERROR") -> Exception:
    """What asyncpg makes of a server's message."""
    fields = {"S": severity, "V": severity, "C": code, "M": text}
    error: Exception = asyncpg.PostgresError.new(fields)
    return error


@pytest.mark.parametrize(
    ("text", "what", "retry"),
    [
        ("Couldn't connect to compute node", "could not be woken", Retry.PATIENTLY),
        ("Couldn't connect to compute node: connection refused", "woken", Retry.PATIENTLY),
        ("endpoint is idle, retry request", "could not be woken", Retry.PATIENTLY),
        (
            "timed out while waiting for endpoint to become active",
            "could not be woken",
            Retry.PATIENTLY,
        ),
        (
            "Control plane request failed: endpoint is temporarily unavailable. "
            "Check your quotas and/or contact our support.",
            "is not available: over a quota, or in maintenance",
            Retry.NEVER,
        ),
        (
            "Control plane request failed: endpoint cannot be found",
            "no such endpoint",
            Retry.NEVER,
        ),
        ("Control plane request failed: endpoint is disabled", "disabled", Retry.NEVER),
        ("Control plane request failed", "control plane does not answer", Retry.BRIEFLY),
        (
            "Your project has exceeded the data transfer quota. Upgrade your plan.",
            "has used up a quota",
            Retry.NEVER,
        ),
        (
            "Failed to acquire permit to connect to the database. "
            "Too many database connection attempts are currently ongoing.",
            "too many connections",
            Retry.PATIENTLY,
        ),
        ("Too many connections attempts", "too many connections", Retry.PATIENTLY),
        (
            "Too many connections to this endpoint. Please try again later.",
            "too many connections",
            Retry.PATIENTLY,
        ),
        ("password authentication failed for user 'alex'", "the password", Retry.NEVER),
        (
            "This IP address 203.0.113.7 is not allowed to connect to this endpoint.",
            "does not let this machine's network in",
            Retry.NEVER,
        ),
        ("connection is insecure (try using `sslmode=require`)", "requires TLS", Retry.NEVER),
        ("Authentication timed out", "waited too long for the login", Retry.PATIENTLY),
        (
            "You have exceeded the limit of concurrently active endpoints.",
            "too many computes",
            Retry.NEVER,
        ),
        ("active endpoints limit exceeded", "too many computes", Retry.NEVER),
        ("Endpoint ID is not specified. Either please upgrade", "which endpoint", Retry.NEVER),
        (
            "Inconsistent project name inferred from SNI ('a')",
            "two different endpoint names",
            Retry.NEVER,
        ),
        (
            "unsupported startup parameter in options: statement_timeout.",
            "`options` through its pooler",
            Retry.NEVER,
        ),
        ('database "neondb" does not exist', "has no such database", Retry.NEVER),
    ],
)
def test_neons_proxy_is_understood_by_its_words(text: str, what: str, retry: Retry) -> None:
    error = translate_connecting(said(text), NAME)

    assert isinstance(error, StoreUnavailable)
    assert error.message.startswith(f"{NAME} ")
    assert what in error.message
    assert error.hint
    assert error.retry is retry


@pytest.mark.parametrize(
    ("text", "code", "what", "retry"),
    [
        ("no more connections allowed (max_client_conn)", "08P01", "too many", Retry.PATIENTLY),
        ("query_wait_timeout", "08P01", "too many connections", Retry.PATIENTLY),
        ("server conn crashed?", "08P01", "closed the connection", Retry.PATIENTLY),
        ("no such database: neondb", "08P01", "has no such database", Retry.NEVER),
        ("unsupported startup parameter: jit", "08P01", "`options`", Retry.NEVER),
        ("password authentication failed", "28P01", "the password", Retry.NEVER),
        ('database "d" does not exist', "3D000", "has no such database", Retry.NEVER),
        ("the database system is starting up", "57P03", "starting", Retry.PATIENTLY),
        ("sorry, too many clients already", "53300", "no free connection", Retry.PATIENTLY),
        ("could not extend file", "53100", "has no room left", Retry.NEVER),
        ("unrecognized configuration parameter", "42704", "`options`", Retry.NEVER),
        ("invalid value for parameter", "22023", "`options`", Retry.NEVER),
    ],
)
def test_poolers_and_servers_are_understood_while_connecting(
    text: str, code: str, what: str, retry: Retry
) -> None:
    error = translate_connecting(said(text, code), NAME)

    assert isinstance(error, StoreUnavailable)
    assert what in error.message
    assert error.retry is retry


@pytest.mark.parametrize(
    ("code", "kind", "retry"),
    [
        ("40001", StoreUnavailable, Retry.PATIENTLY),
        ("40P01", StoreUnavailable, Retry.PATIENTLY),
        ("55P03", StoreUnavailable, Retry.PATIENTLY),
        ("53200", StoreUnavailable, Retry.BRIEFLY),
        ("57P01", StoreUnavailable, Retry.PATIENTLY),
        ("57014", StoreUnavailable, Retry.NEVER),
        ("25006", StoreUnavailable, Retry.NEVER),
        ("42P01", SchemaMismatch, None),
        ("42703", SchemaMismatch, None),
        ("42883", SchemaMismatch, None),
        ("42501", NotSignedIn, None),
        ("23505", Refused, None),
        ("22021", BadValue, None),
    ],
)
def test_a_statement_is_judged_by_its_sqlstate(
    code: str, kind: type[TodoError], retry: Retry | None
) -> None:
    error = translate(wrapped(said(f"something about {SECRET}", code)), NAME)

    assert type(error) is kind
    assert getattr(error, "retry", None) is retry


def test_a_full_lock_table_is_not_a_full_disk() -> None:
    error = translate(wrapped(said("out of shared memory", "53200")), NAME)

    assert (error.message, error.hint) == (
        f"{NAME} has no memory left, perhaps because a session holds very many locks",
        "try again later; an administrator of the server can end such a session",
    )


def wrapped(error: Exception, *, lost: bool = False) -> DBAPIError:
    """As SQLAlchemy hands it on."""
    return DBAPIError(f"INSERT … {SECRET}", [SECRET], error, connection_invalidated=lost)


def test_a_lost_connection_may_be_replaced_whatever_the_driver_calls_it() -> None:
    error = translate(wrapped(asyncpg.InterfaceError("connection is closed"), lost=True), NAME)

    assert isinstance(error, StoreUnavailable)
    assert (error.message, error.retry) == (
        f"cannot reach {NAME}: the connection broke",
        Retry.PATIENTLY,
    )


@pytest.mark.parametrize(
    ("code", "severity", "is_refused"),
    [
        ("40001", "ERROR", True),
        ("53100", "ERROR", True),
        ("57014", "ERROR", True),
        ("40003", "ERROR", False),
        ("53100", "PANIC", False),
        ("57P01", "FATAL", False),
        ("08006", "ERROR", False),
    ],
)
def test_a_commit_is_refused_only_by_an_answer(code: str, severity: str, is_refused: bool) -> None:
    assert is_refused_commit(wrapped(said("no", code, severity))) is is_refused


def test_a_mistake_of_ours_is_not_repeated() -> None:
    error = translate(wrapped(asyncpg.InterfaceError("another operation is in progress")), NAME)

    assert isinstance(error, StoreUnavailable)
    assert (error.message, error.retry) == (
        f"{NAME} refused a statement (InterfaceError)",
        Retry.NEVER,
    )


@pytest.mark.parametrize(
    ("error", "reason", "retry"),
    [
        (ConnectionRefusedError(111, "refused"), "connection refused", Retry.BRIEFLY),
        (socket.gaierror(-2, "unknown"), "the host name is not known", Retry.BRIEFLY),
        (ConnectionResetError(104, "Reset by peer"), "reset by peer", Retry.BRIEFLY),
        (OSError(101, "Network is unreachable"), "network is unreachable", Retry.BRIEFLY),
        (TimeoutError(), "no answer in time", Retry.PATIENTLY),
        (ssl.SSLEOFError(8, "eof"), "no secure connection could be made", Retry.BRIEFLY),
        (ssl.SSLError(1, "wrong version"), "no secure connection could be made", Retry.NEVER),
        (said("closed", "08003"), "the connection broke", Retry.BRIEFLY),
    ],
)
def test_why_there_is_no_connection(error: Exception, reason: str, retry: Retry) -> None:
    failure = translate_connecting(error, NAME)

    assert isinstance(failure, StoreUnavailable)
    assert failure.message == f"cannot reach {NAME}: {reason}"
    assert failure.retry is retry


def test_a_wrong_certificate_is_final() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 18, "self-signed certificate"
    failure = translate_connecting(error, NAME)

    assert isinstance(failure, StoreUnavailable)
    assert failure.message.startswith(f"cannot reach {NAME}: ")
    assert failure.retry is Retry.NEVER


def test_a_server_without_tls_is_told_from_one_that_is_not_there() -> None:
    failure = translate_connecting(ConnectionError('server at "h:5432" rejected SSL upgrade'), NAME)

    assert failure.message == f"{NAME} offers no TLS"


@pytest.mark.parametrize("code", [*BY_SQLSTATE, "99999", "XX000", "08006"])
@pytest.mark.parametrize("text", [*BY_TEXT, "nothing that is known"])
def test_no_text_of_a_driver_is_ever_shown(code: str, text: str) -> None:
    error = said(f"{text} {SECRET}", code.ljust(5, "0"))
    for shown in (translate_connecting(error, NAME), translate(wrapped(error), NAME)):
        assert SECRET not in f"{shown.message} {shown.hint} {shown.details}"
