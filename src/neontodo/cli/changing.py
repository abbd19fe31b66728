"""What every changing command has in common: run it, say what it did, print what changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.tasks.results import Outcome
    from neontodo.tasks.unit_of_work import UnitOfWork


def change(
    app: App,
    action: Callable[[UnitOfWork], Awaitable[Outcome]],
    verb: str | None,
    *,
    json: bool,
    quiet: bool,
    dry_run: bool,
    already: str | None = None,
) -> None:
    """Run an action and report it; `verb` and `already` are as for `report`."""
    outcome = app.run(app.write(action, dry_run=dry_run))
    report(app, outcome, verb, json=json, quiet=quiet, dry_run=dry_run, already=already)


def report(
    app: App,
    outcome: Outcome,
    verb: str | None,
    *,
    json: bool,
    quiet: bool,
    dry_run: bool,
    already: str | None = None,
) -> None:
    """One sentence on stderr; the changed tasks on stdout, unless that is a terminal.

    `verb` is a participle, None if the outcome's notes say it all; `already` is what the unchanged
    tasks were.
    """
    from neontodo.cli.output import choose_output
    from neontodo.render.messages import print_outcome, say_dry_run
    from neontodo.render.tasks import print_tasks

    output = choose_output(app, json=json, quiet=quiet)
    if output.mode != "table":
        print_tasks(output, outcome.changed)
    print_outcome(app.streams, verb, outcome, already=already)
    if dry_run:
        say_dry_run(app.streams)
