"""`todo connect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.errors import SchemaMismatch, StoreUnavailable, TodoError

if TYPE_CHECKING:
    from neontodo.accounts.connection import Connection
    from neontodo.app import App
    from neontodo.db.database import Database
    from neontodo.db.probe import Probe
    from neontodo.db.url import PostgresTarget


def connect(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="The database URL as Neon's console shows it; `-` reads it from standard input, "
            "which keeps it out of the shell's history and the list of processes.",
            show_default=False,
        ),
    ] = None,
    env_file: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Take the URL from the usual variables of this file."),
    ] = None,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Bring the database's tables to this version.")
    ] = False,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="USER", help="Which user you are there: e-mail address, name or id."
        ),
    ] = None,
    move: Annotated[
        bool, typer.Option("--move", help="Carry the embedded store's tasks over.")
    ] = False,
    local: Annotated[bool, typer.Option("--local", help="Use the embedded store again.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="With --local: remove the stored URL and key, too.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show which store is in use; asks no server.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Keep your tasks in a Postgres database, such as one on Neon.

    Best as `todo connect -`, with the URL pasted. It goes to the keyring, or to a private file.
    Without a URL the database that was connected last is used again. On a second machine you are
    asked which user of the database you are.
    """
    from neontodo.cli import address, whereabouts

    app: App = ctx.obj
    _require_sense(ctx)
    if status:
        whereabouts.show(app, as_json=json)
    elif local:
        whereabouts.leave(app, forget=forget)
    else:
        app.allow_new_profile()
        text, target = address.given(app, url, env_file)
        _connect(app, text, target, upgrade=upgrade, who=as_, move=move)


def _require_sense(ctx: typer.Context) -> None:
    """Refuse options that mean nothing together."""
    given = ctx.params
    connecting = [given["url"], given["env_file"], given["upgrade"], given["as_"], given["move"]]
    if given["url"] is not None and given["env_file"] is not None:
        raise typer.BadParameter("name a URL or `--env-file`, not both")
    if given["local"] + given["status"] + any(connecting) > 1:
        raise typer.BadParameter("choose one: a database, `--local` or `--status`")
    for option, partner in (("forget", "local"), ("json", "status")):
        if given[option] and not given[partner]:
            raise typer.BadParameter(f"`--{option}` goes with `--{partner}`")


def _connect(
    app: App, text: str, target: PostgresTarget, *, upgrade: bool, who: str | None, move: bool
) -> None:
    from neontodo.accounts import connection
    from neontodo.accounts.connection import Connection
    from neontodo.cli import enrolling, moving

    database = app.database_at(target)
    try:
        probe = _probed(app, database)
        _make_ready(app, database, probe, upgrade=upgrade)
        offered = Connection(target.key, target.display, text)
        is_new = app.secrets.where(connection.secret_name(target.key)) is None
        made = enrolling.enrolled(app, database, offered, who)
        connection.use(app.folder, made)
        _report(app, made, offer_move=is_new and not move)
        if move:
            moving.move(app, database, made)
    finally:
        app.run(database.close())


def _report(app: App, made: Connection, *, offer_move: bool) -> None:
    from neontodo.cli import moving, whereabouts
    from neontodo.render.messages import say

    say(app.streams, f"connected to {made.display}{_as_whom(app, made)}")
    whereabouts.warn_overruled(app)
    if offer_move:
        moving.offer(app)


def _as_whom(app: App, made: Connection) -> str:
    if app.account is not None:
        return f" as {app.account.label}"
    return f" as {made.machine.name}" if made.machine else ""


def _probed(app: App, database: Database) -> Probe:
    """What the server says, after saying it; its sister host is tried beside it."""
    from neontodo.db.errors_postgres import DOCTOR
    from neontodo.db.probe import Probe
    from neontodo.db.url import PostgresTarget
    from neontodo.render.messages import say, warn

    target = database.target
    assert isinstance(target, PostgresTarget)
    own, sisters = app.run(_both(database, target))
    if isinstance(own, TodoError):
        if isinstance(own, StoreUnavailable) and target.sister and isinstance(sisters, Probe):
            hint = f"its {_kind(target.sister)} host answers: {target.sister.host}"
            raise StoreUnavailable(own.message, hint=hint)
        if isinstance(own, StoreUnavailable) and own.hint == DOCTOR:
            # Nothing is stored, so `todo doctor` alone would look at another store.
            hint = "with the URL in TODO_DATABASE_URL, `todo doctor` looks for the reason"
            raise StoreUnavailable(own.message, hint=hint)
        raise own
    own.require_ours(target.display)
    say(app.streams, _described(target, own))
    if target.sister is not None and isinstance(sisters, Probe):
        say(app.streams, _described(target.sister, sisters))
    elif isinstance(sisters, TodoError):
        warn(app.streams, f"its other host does not answer: {sisters.message}")
    return own


async def _both(
    database: Database, target: PostgresTarget
) -> tuple[Probe | TodoError, Probe | TodoError | None]:
    import asyncio

    from neontodo.db.probe import attempt

    if target.sister is None:
        return await attempt(database), None
    return await asyncio.gather(attempt(database), attempt(database.to(target.sister)))


def _kind(target: PostgresTarget) -> str:
    """Which of Neon's hosts it is."""
    return "pooled" if target.is_pooled else "direct"


def _described(target: PostgresTarget, probe: Probe) -> str:
    kind = f" ({_kind(target)})" if target.is_neon else ""
    return (
        f"{target.host}{kind}: Postgres {probe.version}, connected in {_ms(probe.connecting)}, "
        f"{_ms(probe.round_trip)} a round trip"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _make_ready(app: App, database: Database, probe: Probe, *, upgrade: bool) -> None:
    """Bring the tables to this program's version, and give a database without users its first."""
    from neontodo.db import versions
    from neontodo.db.schema import HEAD
    from neontodo.render.messages import say

    if probe.is_current and not probe.belongs_to_nobody:
        say(app.streams, f"the schema is {HEAD}, as this program needs it")
        return
    if not probe.is_current and not upgrade:
        _offer_upgrade(app, database.target.display, probe)
    app.renew_clock()
    migration = app.run(versions.upgrade(database))
    if migration.steps:
        was = migration.before or "nothing"
        say(app.streams, f"the schema is now {migration.after} (was {was})")


def _offer_upgrade(app: App, store: str, probe: Probe) -> None:
    """Ask for a yes, or refuse where nobody can give one."""
    from neontodo.cli.prompt import confirm
    from neontodo.db.schema import HEAD

    what, todo = f"{store} has no tables of todo yet", "make them"
    if probe.schema is not None:
        what, todo = f"{store} is of an older version ({probe.schema})", f"bring it to {HEAD}"
    if not app.streams.interactive:
        raise SchemaMismatch(what, hint=f"`--upgrade` lets `todo connect` {todo}")
    confirm(app, f"{what}; {todo} now?")
