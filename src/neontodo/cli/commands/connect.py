"""`todo connect`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue, Declined, Refused, SchemaMismatch, TodoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neontodo.accounts.connected_database import ConnectedDatabase
    from neontodo.accounts.users import StoredUser
    from neontodo.app import App
    from neontodo.db.database import Database
    from neontodo.db.probe import Probe
    from neontodo.db.url import PostgresTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRequest:
    """Which database to connect, or how to leave it."""

    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="The database URL as Neon's console shows it; `-` reads it from standard input, "
            "which keeps it out of the shell's history and the list of processes.",
            show_default=False,
        ),
    ] = None
    env_file: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            path_type=str,
            help="Take the URL from the usual variables of this file.",
        ),
    ] = None
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Upgrade the database's tables to this version.")
    ] = False
    user: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="USER",
            help="Which user you are there: e-mail address, name or id. With --local: which user "
            "of an embedded store that was put back without its key.",
        ),
    ] = None
    move: Annotated[bool, typer.Option("--move", help="Move the embedded store's tasks there.")] = (
        False
    )
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="With --move: do not ask about tasks changed here that are there already.",
        ),
    ] = False
    local: Annotated[bool, typer.Option("--local", help="Use the embedded store again.")] = False
    forget: Annotated[
        bool, typer.Option("--forget", help="With --local: remove the stored URL and key, too.")
    ] = False
    status: Annotated[
        bool, typer.Option("--status", help="Show which store is in use; asks no server.")
    ] = False
    json: options.Json = False

    def __post_init__(self) -> None:
        connecting = [self.url, self.env_file, self.upgrade, self.move]
        if not self.local:
            connecting.append(self.user)
        if self.url is not None and self.env_file is not None:
            raise typer.BadParameter("name a URL or `--env-file`, not both")
        if self.local + self.status + any(connecting) > 1:
            raise typer.BadParameter("choose one: a database, `--local` or `--status`")
        if self.yes and not self.move:
            raise typer.BadParameter("`--yes` goes with `--move`")
        if self.forget and not self.local:
            raise typer.BadParameter("`--forget` goes with `--local`")
        if self.json and not self.status:
            raise typer.BadParameter("`--json` goes with `--status`")


def run_connect(app: App, request: ConnectRequest) -> None:
    """Keep your tasks in a Postgres database, such as one on Neon.

    Best as `todo connect -`, with the URL pasted. It goes to the keyring, or to a private file.
    Without a URL the database that was connected last is used again. On a second machine you are
    asked which user of the database you are.
    """
    if request.status:
        _show_status(app, as_json=request.json)
    elif request.local:
        _use_embedded_store(app, forget=request.forget, who=request.user)
    else:
        _connect(app, request)


def _connect(app: App, request: ConnectRequest) -> None:
    from neontodo.accounts import connected_database
    from neontodo.cli.connecting import (
        move_embedded_tasks,
        offer_move,
        read_database_url,
        warn_overruled,
    )
    from neontodo.render.messages import say

    app.profile.may_be_new = True
    # Nobody is connected in place of somebody who has signed out.
    _ = app.account
    text, target = read_database_url(app, request.url, request.env_file)
    database = app.database_at(target)
    try:
        probe, sister = app.run(connected_database.probe_both_hosts(database))
        _print_server(app, target, probe, sister)
        _make_ready(app, database, probe, may_upgrade=request.upgrade)
        offered = connected_database.ConnectedDatabase(target.store_id, target.display, text)
        is_new = (
            app.secrets.locate(connected_database.database_secret_name(target.store_id)) is None
        )
        made = _enrol(app, database, offered, request.user)
        connected_database.use_connected_database(app.folder, made)
        say(app.streams, f"connected to {made.display}{_describe_user(app, made)}")
        warn_overruled(app)
        if request.move:
            move_embedded_tasks(app, database, made, yes=request.yes)
        elif is_new:
            offer_move(app)
    finally:
        app.run(database.close())


def _describe_user(app: App, made: ConnectedDatabase) -> str:
    if app.account is not None:
        return f" as {app.account.label}"
    return f" as {made.machine_key.name}" if made.machine_key else ""


def _print_server(
    app: App, target: PostgresTarget, probe: Probe, sister: Probe | TodoError | None
) -> None:
    from neontodo.render.messages import say, warn

    say(app.streams, _describe_server(target, probe))
    if isinstance(sister, TodoError):
        warn(app.streams, f"its other host does not answer: {sister.message}")
    elif target.sister is not None and sister is not None:
        say(app.streams, _describe_server(target.sister, sister))


def _describe_server(target: PostgresTarget, probe: Probe) -> str:
    kind = f" ({'pooled' if target.is_pooled else 'direct'})" if target.is_neon else ""
    connecting, round_trip = (
        f"{seconds * 1000:.0f} ms" for seconds in (probe.connecting, probe.round_trip)
    )
    return (
        f"{target.host}{kind}: Postgres {probe.version}, connected in {connecting}, "
        f"{round_trip} a round trip"
    )


def _make_ready(app: App, database: Database, probe: Probe, *, may_upgrade: bool) -> None:
    """Bring the tables to this program's version, and give a database without users its first."""
    from neontodo.cli.prompt import confirm
    from neontodo.db.migrations import migrate_store
    from neontodo.db.schema import HEAD
    from neontodo.render.messages import say

    if probe.schema == HEAD and not probe.has_no_users:
        say(app.streams, f"the schema is up to date ({HEAD})")
        return
    if probe.schema != HEAD and not may_upgrade:
        what, todo = f"{database.target.display} has no todo tables yet", "create them"
        if probe.schema is not None:
            what = f"{database.target.display} has an older schema ({probe.schema})"
            todo = f"upgrade it to {HEAD}"
        if not app.streams.is_interactive:
            raise SchemaMismatch(what, hint=f"pass `--upgrade` to {todo}")
        confirm(app, f"{what}; {todo} now?")
    app.renew_clock()
    migration = app.run(migrate_store(database))
    if migration.steps:
        was = migration.before or "nothing"
        say(app.streams, f"the schema is now {migration.after} (was {was})")


def _enrol(
    app: App, database: Database, offered: ConnectedDatabase, who: str | None
) -> ConnectedDatabase:
    """Return the database with this machine's key there; it is stored, but not yet in use."""
    from neontodo.accounts import connected_database
    from neontodo.accounts.machine_keys import generate_machine_key
    from neontodo.accounts.users import find_user

    if app.account is not None:
        return _enrol_account(app, database, offered, who)
    known = app.run(
        connected_database.fetch_known_users(database, offered.store_id, app.folder, app.secrets)
    )
    user = None if who is None else find_user(known.users, who)
    key = known.find_key(user)
    if key is None:
        user = user or _ask_who(app, known.users)
        key = generate_machine_key(user.id, user.name or user.label)
        app.renew_clock()
    enrolment = connected_database.enrol_machine(
        database, offered, key, known, folder=app.folder, secrets=app.secrets, now=app.now
    )
    return app.run(enrolment)


def _enrol_account(
    app: App, database: Database, offered: ConnectedDatabase, who: str | None
) -> ConnectedDatabase:
    """Store the database for somebody who has signed in, and return it."""
    from neontodo.accounts.connected_database import save_database_for_account
    from neontodo.cli.connecting import require_no_given_token

    assert app.account is not None
    require_no_given_token(app)
    if who is not None:
        raise _signed_in_error(app)
    identity = app.run(app.identify_user())
    app.run(app.admit_user(identity, database))
    return save_database_for_account(app.secrets, offered)


def _ask_who(app: App, users: Sequence[StoredUser]) -> StoredUser:
    """Ask a person which user they are; the only one there is is proposed."""
    from neontodo.accounts.users import SHOWN, describe_users, find_user
    from neontodo.cli.prompt import ask
    from neontodo.render.messages import say

    if not app.streams.is_interactive:
        raise BadValue(
            "this database already has users: say which one you are",
            details=describe_users(users),
            hint="pass `--as` with an e-mail address, a name or an id",
        )
    if len(users) == 1:
        question = f"are you {users[0].description}? [Y/n]"
        if ask(app, question).lower() in ("", "y", "yes"):
            return users[0]
        raise Declined("nothing was changed")
    say(app.streams, "this database has several users:")
    for number, user in enumerate(users[:SHOWN], 1):
        say(app.streams, f"  {number}  {user.description}")
    answer = ask(app, "which one are you? number, e-mail address, name or id:")
    if not answer:
        raise Declined("nothing was changed")
    is_number = answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(users[:SHOWN])
    return users[int(answer) - 1] if is_number else find_user(users, answer)


def _show_status(app: App, *, as_json: bool) -> None:
    """Print the store, who chose it, and where its secrets are stored; no server is asked."""
    from neontodo.accounts import connected_database
    from neontodo.cli.output import choose_output
    from neontodo.db.url import PostgresTarget
    from neontodo.render.listing import print_pairs

    last = connected_database.load_last_database(app.folder)
    chosen_by = app.setting_origins.get("database_url")
    in_use = chosen_by is None and last is not None and last.current
    target = None if in_use else app.target
    store_id = last.store if in_use and last else None
    if isinstance(target, PostgresTarget):
        store_id = target.store_id
    # The documented names in their documented order; absent is null.
    facts = {
        "store": last.display if in_use and last else target.display if target else None,
        "engine": "postgresql" if store_id else "sqlite",
        "chosen_by": chosen_by or ("todo connect" if in_use else "default"),
        "secrets_in": store_id
        and connected_database.describe_secret_location(app.secrets, store_id),
        "connected_before": last.display if last and not in_use else None,
    }
    shown = [(name.replace("_", " "), value) for name, value in facts.items() if value]
    print_pairs(choose_output(app, json=as_json), facts, shown=shown)


def _use_embedded_store(app: App, *, forget: bool, who: str | None) -> None:
    """Use the embedded store again, as a user of it if one is named.

    With `forget` nothing of the database stays stored.
    """
    from neontodo.accounts import connected_database
    from neontodo.accounts.embedded_users import read_last_change
    from neontodo.cli.connecting import warn_overruled
    from neontodo.clock import format_duration
    from neontodo.render.messages import hint, say, warn
    from neontodo.render.text import local_time

    if who is not None:
        _adopt_user(app, who)
    was_connected, left = connected_database.use_embedded_store(app.folder)
    last = connected_database.load_last_database(app.folder)
    if last is not None and forget:
        connected_database.remove_connected_database(app.folder, app.secrets, last.store)
        say(app.streams, f"removed what was stored of {last.display}")
    elif forget and was_connected:
        warn(app.streams, "`connection.json` was damaged, so the stored URL was not removed")
    again = "again" if was_connected else "already"
    say(app.streams, f"the embedded store {app.profile.store_path} is in use {again}")
    changed = read_last_change(app.profile.store_path) if last is not None else None
    if changed is not None:
        age = format_duration(app.now - changed)
        say(app.streams, f"it was last changed {local_time(changed, app.tz)}, {age} ago")
    if left is not None and not forget:
        hint(app.streams, f"`todo connect` goes back to {left.display}")
    warn_overruled(app)


def _adopt_user(app: App, who: str) -> None:
    """Make this machine a user of the embedded store, such as one put back from a backup."""
    from neontodo.accounts.embedded_users import adopt_user
    from neontodo.cli.connecting import open_embedded_store
    from neontodo.db.embedded import has_store
    from neontodo.render.messages import say

    if app.account is not None:
        raise _signed_in_error(app)
    path = app.profile.store_path
    if not has_store(path):
        raise BadValue(f"there is no embedded store at {path}", hint="put it there first")
    with open_embedded_store(app) as home:
        key, aside = app.run(adopt_user(home, who, app.folder, app.secrets, app.now))
    say(app.streams, f"this machine is {key.name} in the embedded store")
    if aside is not None:
        app.notify(f"the identity.json that was here is kept as {aside}")


def _signed_in_error(app: App) -> Refused:
    assert app.account is not None
    return Refused(
        f"you are signed in as {app.account.label}, so you are that user there",
        hint="`todo logout --forget` first, or use another profile",
    )


COMMANDS: Commands = {"connect": (ConnectRequest, run_connect)}
