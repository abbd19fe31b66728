"""`todo undo`, `todo redo` and `todo log`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.identity import Identity
    from neontodo.app import App
    from neontodo.tasks.references import Refs
    from neontodo.tasks.results import LogEntry

AnyMachine = Annotated[
    bool, typer.Option("--any", help="Whatever machine it came from, not only this one.")
]


def undo(
    ctx: typer.Context,
    any_machine: AnyMachine = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Take back this machine's last command, whole; repeated, the one before.

    Refused if something that the command changed was changed again since.
    """
    from neontodo.cli.changing import change
    from neontodo.tasks import history

    change(
        ctx.obj,
        lambda unit: history.undo(unit, any_machine=any_machine),
        None,
        json=json,
        quiet=quiet,
        dry_run=dry_run,
    )


def redo(
    ctx: typer.Context,
    any_machine: AnyMachine = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Do again what was undone last, unless something else was done since."""
    from neontodo.cli.changing import change
    from neontodo.tasks import history

    change(
        ctx.obj,
        lambda unit: history.redo(unit, any_machine=any_machine),
        None,
        json=json,
        quiet=quiet,
        dry_run=dry_run,
    )


def log(
    ctx: typer.Context,
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TASK...]",
            autocompletion=completion.tasks,
            help="Only what happened to these, removed ones too: 12, 3-5, a1b2, @last.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Show so many at the most.")
    ] = None,
    json: options.Json = False,
    color: options.Color = "auto",
) -> None:
    """Show what happened to tasks, newest first, with old and new values."""
    from neontodo.cli.output import choose_output
    from neontodo.render.log import print_log
    from neontodo.render.messages import warn
    from neontodo.tasks.references import parse_refs

    app: App = ctx.obj
    output = choose_output(app, json=json)
    if limit is None and output.mode == "table":
        limit = app.settings.page_size
    refs = parse_refs(tasks) if tasks else None
    entries = app.run(
        app.read(
            lambda session, me: _entries(session, me, refs, limit), is_empty=lambda found: not found
        )
    )
    print_log(output, entries[:limit], is_asked=refs is not None)
    for entry in entries[:limit]:
        if not entry.is_readable:
            warn(app.streams, f"change {entry.seq} cannot be read: todo logs no such fields")
    if limit is not None and len(entries) > limit:
        _say_more(app, limit)


async def _entries(
    session: AsyncSession, me: Identity, refs: Refs | None, limit: int | None
) -> list[LogEntry]:
    """The newest changes, and one more if there are more."""
    from neontodo.tasks import lookup
    from neontodo.tasks.queries import changes

    task_ids = None
    if refs is not None:
        task_ids = await lookup.resolve_ids(session, me.user_id, me.key_id, refs)
    more = None if limit is None else limit + 1
    return await changes.fetch_log(session, me.user_id, task_ids=task_ids, limit=more)


def _say_more(app: App, limit: int) -> None:
    from neontodo.render.messages import say

    say(app.streams, f"the newest {limit}; --limit shows more")
