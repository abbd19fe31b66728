"""`todo undo`, `todo redo` and `todo log`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.identity import Identity
    from neontodo.app import App
    from neontodo.tasks.lookup import Chosen
    from neontodo.tasks.results import LogEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRequest(options.Changing):
    """Whose last command is undone or redone."""

    any_machine: Annotated[
        bool, typer.Option("--any", help="The last command of any machine, not only of this one.")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest(options.Printing):
    """Which changes to show."""

    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TASK...]",
            autocompletion=completion.complete_tasks,
            help="Only what happened to these, removed ones too: 12, 3-5, a1b2, @last; or to "
            "those of a filter (+home).",
            show_default=False,
        ),
    ] = None
    filter_: options.Filter = None
    limit: options.Limit = None


def run_undo(app: App, request: UndoRequest) -> None:
    """Undo this machine's last command; repeat to undo the one before.

    It is refused if something that the command changed has changed again since.
    """
    from neontodo.cli.output import run_change
    from neontodo.tasks import history

    undo = partial(history.undo, any_machine=request.any_machine, tz=app.tz)
    run_change(app, request, undo, None)


def run_redo(app: App, request: UndoRequest) -> None:
    """Redo what was undone last, unless something else was done since."""
    from neontodo.cli.output import run_change
    from neontodo.tasks import history

    redo = partial(history.redo, any_machine=request.any_machine, tz=app.tz)
    run_change(app, request, redo, None)


def run_log(app: App, request: LogRequest) -> None:
    """Show what happened to tasks, newest first, with old and new values."""
    from neontodo.cli.output import choose_output
    from neontodo.render.log import print_log
    from neontodo.render.messages import say, warn
    from neontodo.settings import PAGE_SIZE

    output, limit = choose_output(app, json=request.json), request.limit
    if limit is None and output.is_paged:
        limit = app.settings.page_size or PAGE_SIZE
    chosen = _read_chosen(app, request)
    entries = app.run(
        app.read(
            lambda session, me: _read_log(session, me, chosen, limit),
            is_empty=lambda found: not found,
        )
    )
    print_log(output, entries[:limit], is_asked=chosen is not None)
    for entry in entries[:limit]:
        if not entry.is_readable:
            warn(app.streams, f"change {entry.seq} cannot be read: todo does not log such fields")
    if limit is not None and len(entries) > limit:
        say(app.streams, f"the newest {limit}; `--limit` shows more")


def _read_chosen(app: App, request: LogRequest) -> Chosen | None:
    """Return the tasks whose changes are asked for; None for all changes."""
    from neontodo.cli.filters import divide_words, read_filter
    from neontodo.tasks.filters import TaskFilter
    from neontodo.tasks.lookup import Filtered
    from neontodo.tasks.references import parse_refs

    named, filters = divide_words(request.tasks)
    refs = parse_refs(named) if named else None
    if not filters and request.filter_ is None:
        return refs
    parsed = read_filter(app, filters, request.filter_)
    return Filtered(TaskFilter(completed=None, condition=parsed.condition), refs)


async def _read_log(
    session: AsyncSession, me: Identity, chosen: Chosen | None, limit: int | None
) -> list[LogEntry]:
    """Return the newest changes, and one more than the limit if there are more."""
    from neontodo.tasks import lookup
    from neontodo.tasks.queries import changes

    task_ids = None
    if chosen is not None:
        task_ids = await lookup.resolve_ids(session, me.user_id, me.key_id, chosen)
    more = None if limit is None else limit + 1
    return await changes.fetch_log(session, me.user_id, task_ids=task_ids, limit=more)


COMMANDS: Commands = {
    "undo": (UndoRequest, run_undo),
    "redo": (UndoRequest, run_redo),
    "log": (LogRequest, run_log),
}
