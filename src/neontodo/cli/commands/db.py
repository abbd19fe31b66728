"""`todo db upgrade`, `downgrade`, `current` and `check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue, NotSignedIn
from neontodo.render.messages import hint, say, say_dry_run, warn

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.db.migrations import Migration


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRequest:
    """The version to upgrade to."""

    revision: Annotated[
        str, typer.Option(metavar="REV", help="Stop at this version instead of the newest.")
    ] = "head"
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL for a Postgres database; change nothing.")
    ] = False
    dry_run: options.DryRun = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DowngradeRequest:
    """The version to go back to."""

    revision: Annotated[
        str, typer.Argument(metavar="REV", help="The version to go back to; `base`: no tables.")
    ]
    yes: options.Yes = False
    dry_run: options.DryRun = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRequest:
    """The form in which the version is printed."""

    json: options.Json = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """The whole schema."""


def run_upgrade(app: App, request: UpgradeRequest) -> None:
    """Upgrade the store's tables to this program's version.

    The embedded store does it by itself, after a backup copy; a Postgres database is only ever
    changed by this command. A database without users becomes yours. If you may not change its
    tables, --sql prints what their owner can run.
    """
    from neontodo.db import migrations
    from neontodo.db.schema import HEAD

    if request.sql:
        if app.target.engine == "sqlite":
            raise BadValue("`--sql` is for Postgres: an embedded store upgrades itself")
        app.streams.out.write(app.run(migrations.write_upgrade_sql(app.database, request.revision)))
        return
    if request.dry_run:
        version = app.run(migrations.read_store_version(app.database))
        _report(app, migrations.plan(version, "upgrade", request.revision), dry_run=True)
        return
    migration = app.run(migrations.migrate_store(app.database, "upgrade", request.revision))
    _report(app, migration, dry_run=False)
    if migration.after == HEAD:
        try:
            app.run(app.ensure_user_known())
        except NotSignedIn as error:
            # Somebody upgraded a database in which they are no user.
            warn(app.streams, error.message)
            if error.hint:
                hint(app.streams, error.hint)


def run_downgrade(app: App, request: DowngradeRequest) -> None:
    """Downgrade the store's tables to an older version, for an older program.

    Data that only the newer version has is lost; `base` drops every task.
    """
    from neontodo.cli.prompt import confirm
    from neontodo.db import migrations

    version = app.run(migrations.read_store_version(app.database))
    planned = migrations.plan(version, "downgrade", request.revision)
    if request.dry_run or not planned.steps:
        _report(app, planned, dry_run=request.dry_run)
        return
    if not request.yes:
        # The answer may take long: no connection is kept open meanwhile.
        app.run(app.database.close())
        store, version = app.target, planned.after or "nothing"
        lost = "newer kinds of data are lost" if planned.after else "every task in it is lost"
        copy = "after a backup copy" if store.engine == "sqlite" else "without a backup"
        confirm(app, f"downgrade {store.display} to {version}? {lost}, {copy}")
    done = app.run(migrations.migrate_store(app.database, "downgrade", request.revision))
    _report(app, done, dry_run=False)
    if app.target.engine == "sqlite":
        hint(app.streams, "the next command of this version upgrades it again")


def run_current(app: App, request: CurrentRequest) -> None:
    """Print the version of the store's tables; nothing if there are none."""
    from json import dumps

    from neontodo.db import migrations
    from neontodo.db.schema import HEAD

    version = app.run(migrations.read_store_version(app.database))
    if request.json:
        app.streams.out.write(dumps({"version": version, "program": HEAD}) + "\n")
    elif version is not None:
        app.streams.out.write(f"{version}\n")
    else:
        say(app.streams, f"{app.target.display} has no todo tables yet")


def run_check(app: App, request: CheckRequest) -> None:
    """Check that the store's tables are of this program's version; exit code 6 if not."""
    from neontodo.db import migrations
    from neontodo.db.schema import HEAD

    version = app.run(migrations.read_store_version(app.database))
    migrations.require_head(version, app.target.display)
    say(app.streams, f"the schema is up to date ({HEAD})")


def _report(app: App, migration: Migration, *, dry_run: bool) -> None:
    before, after = migration.before or "nothing", migration.after or "nothing"
    if not migration.steps:
        say(app.streams, f"the schema is already at {after}")
    elif dry_run:
        say(app.streams, f"the schema would go from {before} to {after}")
    else:
        now = f"now {after}" if migration.after else "gone"
        say(app.streams, f"the schema is {now} (was {before})")
    for step in migration.steps:
        say(app.streams, f"  {step}")
    if migration.backup:
        say(app.streams, f"the store as it was: {migration.backup}")
    if dry_run:
        say_dry_run(app.streams)


COMMANDS: Commands = {
    "upgrade": (UpgradeRequest, run_upgrade),
    "downgrade": (DowngradeRequest, run_downgrade),
    "current": (CurrentRequest, run_current),
    "check": (CheckRequest, run_check),
}
