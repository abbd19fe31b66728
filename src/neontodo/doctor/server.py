"""Checks of a Postgres server: the way to it, what it says of itself, and who may see what."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from neontodo.accounts import identity, queries
from neontodo.accounts.tokens import LEEWAY, Claims
from neontodo.app import App
from neontodo.db import migrations
from neontodo.db import probe as probing
from neontodo.db.probe import Probe
from neontodo.db.url import PostgresTarget
from neontodo.doctor import isolation, locks, machine, rows
from neontodo.doctor.finding import Examination, Note
from neontodo.doctor.wire import Wire
from neontodo.errors import Refused, SchemaMismatch, TodoError
from neontodo.tasks.queries.users import UnknownUser

INSIDE = ("query", "server", "schema", "clock", "isolation", "rows", "token", "user")
DRIFT = timedelta(seconds=5)


def examine(app: App, target: PostgresTarget, found: Examination) -> None:
    """Look at each step to the server, then at what it holds."""
    if not _reached(target, found):
        found.skip("the server is not reached", "login", *INSIDE)
        return
    answer = app.run(probing.try_probe(app.database, locks.require_unlocked))
    if isinstance(answer, TodoError):
        failed = {SchemaMismatch: "schema", locks.TablesLocked: "isolation"}.get(type(answer))
        found.add(failed or "login", answer.message, problem=answer)
        found.skip(
            "the store cannot be used" if failed else "there is no connection",
            *(check for check in INSIDE if check != failed),
        )
        return
    found.add("login", f"as {target.user}", seconds=answer.connecting)
    found.add("query", "answered", seconds=answer.round_trip)
    found.check("server", partial(_server, target, answer))
    if target.sister is not None:
        found.check("other host", partial(_sister, app, target.sister), timed=True)
    is_ours = found.check("schema", partial(_schema, target, answer))
    found.check("clock", partial(_clock, app, answer))
    if not is_ours:
        found.skip("the tables are not this program's", "isolation", "rows", "token", "user")
        return
    found.check("isolation", lambda: app.run(isolation.look(app.database)))
    found.check("rows", lambda: app.run(rows.look(app.database)))
    if (claims := machine.token(app, found)) is not None:
        found.check("user", lambda: app.run(_user(app, claims)))
    else:
        found.skip("there is no token", "user")


def _reached(target: PostgresTarget, found: Examination) -> bool:
    if target.is_socket:
        found.skip("a socket of this machine needs none", "dns", "tcp", "tls", "certificate")
        return True
    wire = Wire(target)
    if not found.check("dns", wire.dns, timed=True):
        found.skip("the host is not known", "tcp", "tls", "certificate")
        return False
    if not found.check("tcp", wire.tcp, timed=True):
        found.skip("nobody answers there", "tls", "certificate")
        return False
    is_safe = found.check("tls", wire.tls, timed=True)
    if wire.is_plain:
        found.skip("there is no TLS", "certificate")
    else:
        # Of a server that is not trusted, the certificate says why.
        found.check("certificate", wire.certificate)
    return is_safe


def _server(target: PostgresTarget, answer: Probe) -> str:
    text = f"Postgres {answer.version}"
    if target.is_neon:
        text += f", {'pooled' if target.is_pooled else 'direct'}"
    return (
        Note(f"{text}, read-only: tasks can be listed, not changed") if answer.read_only else text
    )


def _sister(app: App, sister: PostgresTarget) -> str:
    answer = app.run(probing.try_probe(app.database.with_target(sister)))
    if isinstance(answer, TodoError):
        needed = "" if sister.is_pooled else "; migrations need it"
        return Note(f"{answer.message}{needed}")
    return f"{sister.host} answers too"


def _schema(target: PostgresTarget, answer: Probe) -> str:
    answer.require_own_tables(target.display)
    return migrations.require_head(answer.schema, target.display)


def _clock(app: App, answer: Probe) -> str:
    """How far this machine's clock is from the server's, as it was just now."""
    app.renew_clock()
    drift = app.now - answer.clock
    ahead = f"{abs(round(drift.total_seconds()))} s {'ahead' if drift > timedelta() else 'behind'}"
    if abs(drift) > LEEWAY:
        raise Refused(
            f"this machine's clock is {ahead}", hint="set it: tokens depend on the time of day"
        )
    return Note(f"{ahead} of the server's") if abs(drift) > DRIFT else "agrees with the server's"


async def _user(app: App, claims: Claims) -> str:
    async with app.database.read(claims.user_id) as session:
        signer = await queries.fetch_signer(session, claims.user_id, claims.key_id)
    if signer is None and claims.by_issuer:
        await identity.require_admissible(app.database, claims)
        return Note("not known to the store yet; the first command sees to it")
    if signer is None:
        raise UnknownUser
    identity.require_accepted(signer.accepted, claims)
    return signer.name or signer.email or claims.user_id
