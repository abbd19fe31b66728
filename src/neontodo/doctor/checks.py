"""Run the checks in order, from what needs nothing to what needs everything before it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from neontodo.accounts.tokens import Claims
from neontodo.app import App
from neontodo.db import embedded
from neontodo.db.probe import try_probe
from neontodo.db.url import PostgresTarget, SqliteTarget
from neontodo.doctor import Finding, Note, Status, configuration, server, store_file
from neontodo.doctor.connection import ConnectionSteps
from neontodo.errors import SchemaMismatch, TodoError

AFTER_LOGIN = ("query", "server", "schema", "clock", "isolation", "rows", "token", "user")


@dataclass
class Examination:
    """Runs checks, and keeps the findings in their order."""

    findings: list[Finding] = field(default_factory=list)

    def run(self, name: str, check: Callable[[], str], *, timed: bool = False) -> bool:
        """Run a check, which returns what it saw or raises, and return whether it passed."""
        started = time.monotonic()
        try:
            detail = check()
        except TodoError as problem:
            self.fail(name, problem, time.monotonic() - started if timed else None)
            return False
        self.add(name, detail, time.monotonic() - started if timed else None)
        return True

    def add(self, name: str, detail: str, seconds: float | None = None) -> None:
        """Add what a check that passed saw."""
        status: Status = "note" if isinstance(detail, Note) else "ok"
        self.findings.append(Finding(name, status, str(detail), seconds))

    def fail(self, name: str, problem: TodoError, seconds: float | None = None) -> None:
        """Add a check that failed."""
        self.findings.append(Finding(name, "failed", problem.message, seconds, problem))

    def skip(self, why: str, *names: str) -> None:
        """Add checks that could not be made."""
        self.findings += [Finding(name, "skipped", why) for name in names]


def examine(app: App) -> list[Finding]:
    """Check everything that a command needs."""
    examination = Examination()
    if _examine_configuration(app, examination):
        if isinstance(app.target, SqliteTarget):
            _examine_file(app, app.target, examination)
        else:
            _examine_server(app, app.target, examination)
    return examination.findings


def _examine_configuration(app: App, examination: Examination) -> bool:
    """Check what this machine keeps, and return whether the store in use is known."""
    if not examination.run("settings", partial(configuration.check_settings, app)):
        examination.skip("the settings cannot be read", "store", "token")
        return False
    examination.run("leftovers", partial(configuration.check_variables, app))
    # These two are asked for what they raise: the checks below need both.
    try:
        account = app.profile.last_account
    except TodoError as problem:
        examination.fail("issuer", problem)
        examination.skip("it is not known who is signed in", "keyring", "store", "token")
        return False
    try:
        configuration.find_store_id(app)
    except TodoError as problem:
        examination.fail("store", problem)
        examination.skip("it is not known which store to use", "keyring", "token")
        return False
    if not examination.run("keyring", partial(configuration.check_keyring, app), timed=True):
        examination.skip("the keyring does not answer", "store", "token")
        return False
    if not examination.run("store", partial(configuration.check_store, app)):
        examination.skip("it is not known which store to use", "token")
        return False
    if app.settings.auth_url is not None or account is not None:
        examination.run("issuer", partial(configuration.check_issuer, app), timed=True)
    return True


def _examine_file(app: App, target: SqliteTarget, examination: Examination) -> None:
    """Check the embedded store's file, what is in it, and its user."""
    if not embedded.has_store(target.path):
        examination.run("file", partial(store_file.check_place, app, target))
        examination.skip("there is no store", "query", "schema", "token", "user")
        return
    if not examination.run("file", partial(store_file.check_file, app, target)):
        examination.skip("the file cannot be used", "query", "schema", "token", "user")
        return
    has_users = False
    if examination.run("query", partial(store_file.check_content, target), timed=True):
        has_users = examination.run("schema", partial(store_file.check_schema, target))
    else:
        examination.skip("the store cannot be read", "schema")
    if (claims := _check_token(app, examination)) is None:
        return
    if has_users:
        examination.run("user", partial(store_file.check_user, app, target, claims))
    else:
        examination.skip("the store cannot be read", "user")


def _examine_server(app: App, target: PostgresTarget, examination: Examination) -> None:
    """Check each step to the server, then what it holds."""
    if not _check_connection(target, examination):
        examination.skip("the server cannot be reached", "login", *AFTER_LOGIN)
        return
    answer = app.run(try_probe(app.database, server.require_unlocked))
    if isinstance(answer, TodoError):
        failed = {SchemaMismatch: "schema", server.TablesLocked: "isolation"}.get(type(answer))
        examination.fail(failed or "login", answer)
        why = "the store cannot be used" if failed else "there is no connection"
        examination.skip(why, *(check for check in AFTER_LOGIN if check != failed))
        return
    examination.add("login", f"as {target.user}", answer.connecting)
    examination.add("query", "answered", answer.round_trip)
    examination.add("server", server.describe_server(target, answer))
    if target.sister is not None:
        examination.run(
            "other host", partial(server.check_other_host, app, target.sister), timed=True
        )
    has_schema = examination.run("schema", partial(server.check_schema, target, answer))
    examination.run("clock", partial(server.check_clock, app, answer))
    if not has_schema:
        examination.skip("the tables are not this program's", "isolation", "rows", "token", "user")
        return
    examination.run("isolation", lambda: app.run(server.check_isolation(app.database)))
    examination.run("rows", lambda: app.run(server.check_rows(app.database)))
    if (claims := _check_token(app, examination)) is not None:
        examination.run("user", lambda: app.run(server.check_user(app, claims)))


def _check_connection(target: PostgresTarget, examination: Examination) -> bool:
    """Check the way to the server, and return whether a login can be tried."""
    if target.is_socket:
        examination.skip("not needed for a local socket", "dns", "tcp", "tls", "certificate")
        return True
    steps = ConnectionSteps(target)
    if not examination.run("dns", steps.resolve_host, timed=True):
        examination.skip("the host name is not known", "tcp", "tls", "certificate")
        return False
    if not examination.run("tcp", steps.connect, timed=True):
        examination.skip("the server does not answer", "tls", "certificate")
        return False
    is_safe = examination.run("tls", steps.negotiate_tls, timed=True)
    if steps.is_plain:
        examination.skip("there is no TLS", "certificate")
    else:
        # Where a server is not trusted, the certificate says why.
        examination.run("certificate", steps.fetch_certificate)
    return is_safe


def _check_token(app: App, examination: Examination) -> Claims | None:
    """Return what the token says; None if there is none that is accepted."""
    try:
        claims = configuration.read_claims(app)
    except TodoError as problem:
        examination.fail("token", problem)
        examination.skip("there is no valid token", "user")
        return None
    examination.add("token", configuration.describe_token(claims, app.now))
    return claims
