"""The checks in their order, from what needs nothing to what needs everything before it."""

from __future__ import annotations

from functools import partial

from neontodo.app import App
from neontodo.db.url import PostgresTarget, SqliteTarget
from neontodo.doctor import file, machine, server
from neontodo.doctor.finding import Examination, Finding
from neontodo.errors import TodoError


def examine(app: App) -> list[Finding]:
    """Look at everything that a command needs."""
    found = Examination()
    if not found.check("settings", partial(machine.settings, app)):
        found.skip("the settings cannot be read", "store", "token")
        return found.findings
    found.check("leftovers", partial(machine.leftovers, app))
    try:
        _ = app.account
    except TodoError as problem:
        found.add("issuer", problem.message, problem=problem)
        found.skip("it is not known who is signed in", "keyring", "store", "token")
        return found.findings
    try:
        _ = machine.database(app)
    except TodoError as problem:
        found.add("store", problem.message, problem=problem)
        found.skip("it is not known which store to use", "keyring", "token")
        return found.findings
    if not found.check("keyring", partial(machine.keyring, app), timed=True):
        found.skip("the keyring does not answer", "store", "token")
        return found.findings
    if not found.check("store", partial(machine.store, app)):
        found.skip("it is not known which store to use", "token")
        return found.findings
    if app.settings.auth_url is not None or app.account is not None:
        found.check("issuer", partial(machine.issuer, app), timed=True)
    match app.target:
        case SqliteTarget() as target:
            file.examine(app, target, found)
        case PostgresTarget() as target:
            server.examine(app, target, found)
    return found.findings
