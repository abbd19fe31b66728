"""`todo rm`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from neontodo.cli import options
from neontodo.errors import capped

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import Task
    from neontodo.tasks.references import Refs

SHOWN = 20


def rm(
    ctx: typer.Context,
    tasks: options.Tasks,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Remove tasks, after a question; `todo undo` brings them back."""
    from neontodo.cli.changing import change
    from neontodo.tasks import service
    from neontodo.tasks.references import parse_refs

    app: App = ctx.obj
    refs = parse_refs(tasks)
    if not (yes or dry_run):
        refs = _confirmed(app, refs)
    change(
        app,
        lambda unit: service.remove(unit, refs),
        "removed",
        json=json,
        quiet=quiet,
        dry_run=dry_run,
    )


def _confirmed(app: App, refs: Refs) -> Refs:
    """The tasks that a person agreed to remove, by their whole ids: no other can be hit."""
    from neontodo.cli.prompt import confirm, require_person
    from neontodo.tasks.lookup import resolve_refs
    from neontodo.tasks.references import parse_refs

    require_person(app)
    found = app.run(app.read(lambda s, me: resolve_refs(s, me.user_id, me.key_id, refs)))
    # However long the answer takes, nobody has to wait for it, and no connection breaks meanwhile.
    app.run(app.database.close())
    confirm(app, _question(app, found))
    app.renew_clock()
    return parse_refs([_reference(task) for task in found])


def _reference(task: Task) -> str:
    """Its whole id; in a store that plain SQL has written to, there may be none."""
    from uuid import UUID

    return str(task.id if isinstance(task.id, UUID) else task.number)


def _question(app: App, found: list[Task]) -> str:
    """What to ask; the titles of several tasks are listed above it."""
    from neontodo.render.messages import say

    if len(found) == 1:
        return f"remove {found[0].number}: {found[0].title}?"
    lines = [f"{task.number}  {task.title}" for task in found[:SHOWN]]
    for line in capped(lines, len(found)):
        say(app.streams, line)
    return f"remove these {len(found)} tasks?"
