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
from neontodo.doctor import Finding, Note, Status, machine, server, store_file
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
    found = Examination()
    if _examine_machine(app, found):
        if isinstance(app.target, SqliteTarget):
            _examine_file(app, app.target, found)
        else:
            _examine_server(app, app.target, found)
    return found.findings


def _examine_machine(app: App, found: Examination) -> bool:
    """Check what this machine keeps, and return whether the store in use is known."""
    if not found.run("settings", partial(machine.check_settings, app)):
        found.skip("the settings cannot be read", "store", "token")
        return False
    found.run("leftovers", partial(machine.check_variables, app))
    try:
        _ = app.account
    except TodoError as problem:
        found.fail("issuer", problem)
        found.skip("it is not known who is signed in", "keyring", "store", "token")
        return False
    try:
        machine.find_database_key(app)
    except TodoError as problem:
        found.fail("store", problem)
        found.skip("it is not known which store to use", "keyring", "token")
        return False
    if not found.run("keyring", partial(machine.check_keyring, app), timed=True):
        found.skip("the keyring does not answer", "store", "token")
        return False
    if not found.run("store", partial(machine.check_store, app)):
        found.skip("it is not known which store to use", "token")
        return False
    if app.settings.auth_url is not None or app.account is not None:
        found.run("issuer", partial(machine.check_issuer, app), timed=True)
    return True


def _examine_file(app: App, target: SqliteTarget, found: Examination) -> None:
    """Check the embedded store's file, what is in it, and its user."""
    if not embedded.has_store(target.path):
        found.run("file", partial(store_file.check_place, app, target))
        found.skip("there is no store", "query", "schema", "token", "user")
        return
    if not found.run("file", partial(store_file.check_file, app, target)):
        found.skip("the file cannot be used", "query", "schema", "token", "user")
        return
    has_users = False
    if found.run("query", partial(store_file.check_content, target), timed=True):
        has_users = found.run("schema", partial(store_file.check_schema, target))
    else:
        found.skip("the store cannot be read", "schema")
    if (claims := _check_token(app, found)) is None:
        return
    if has_users:
        found.run("user", partial(store_file.check_user, target, claims))
    else:
        found.skip("the store cannot be read", "user")


def _examine_server(app: App, target: PostgresTarget, found: Examination) -> None:
    """Check each step to the server, then what it holds."""
    if not _check_connection(target, found):
        found.skip("the server cannot be reached", "login", *AFTER_LOGIN)
        return
    answer = app.run(try_probe(app.database, server.require_unlocked))
    if isinstance(answer, TodoError):
        failed = {SchemaMismatch: "schema", server.TablesLocked: "isolation"}.get(type(answer))
        found.fail(failed or "login", answer)
        why = "the store cannot be used" if failed else "there is no connection"
        found.skip(why, *(check for check in AFTER_LOGIN if check != failed))
        return
    found.add("login", f"as {target.user}", answer.connecting)
    found.add("query", "answered", answer.round_trip)
    found.add("server", server.describe_server(target, answer))
    if target.sister is not None:
        found.run("other host", partial(server.check_other_host, app, target.sister), timed=True)
    has_schema = found.run("schema", partial(server.check_schema, target, answer))
    found.run("clock", partial(server.check_clock, app, answer))
    if not has_schema:
        found.skip("the tables are not this program's", "isolation", "rows", "token", "user")
        return
    found.run("isolation", lambda: app.run(server.check_isolation(app.database)))
    found.run("rows", lambda: app.run(server.check_rows(app.database)))
    if (claims := _check_token(app, found)) is not None:
        found.run("user", lambda: app.run(server.check_user(app, claims)))


def _check_connection(target: PostgresTarget, found: Examination) -> bool:
    """Check the way to the server, and return whether a login can be tried."""
    if target.is_socket:
        found.skip("not needed for a local socket", "dns", "tcp", "tls", "certificate")
        return True
    steps = ConnectionSteps(target)
    if not found.run("dns", steps.resolve_host, timed=True):
        found.skip("the host name is not known", "tcp", "tls", "certificate")
        return False
    if not found.run("tcp", steps.connect, timed=True):
        found.skip("the server does not answer", "tls", "certificate")
        return False
    is_safe = found.run("tls", steps.negotiate_tls, timed=True)
    if steps.is_plain:
        found.skip("there is no TLS", "certificate")
    else:
        # Where a server is not trusted, the certificate says why.
        found.run("certificate", steps.fetch_certificate)
    return is_safe


def _check_token(app: App, found: Examination) -> Claims | None:
    """Return what the token says; None if there is none that is accepted."""
    try:
        claims = machine.read_claims(app)
    except TodoError as problem:
        found.fail("token", problem)
        found.skip("there is no valid token", "user")
        return None
    found.add("token", machine.describe_token(claims, app.now))
    return claims
