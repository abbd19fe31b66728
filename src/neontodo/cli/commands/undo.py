"""`todo undo`, `todo redo` and `todo log`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands, suggest_command
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.identity import Identity
    from neontodo.app import App
    from neontodo.tasks.lookup import Chosen
    from neontodo.tasks.queries.changes import LogFilter
    from neontodo.tasks.results import LogEntry

LOGGED_COMMANDS = ("add", "edit", "done", "undone", "rm", "undo", "redo")
"""What `--command` takes."""


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
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help='Only what happened since then: mon, yesterday, 2026-11-01, "3 days ago".',
        ),
    ] = None
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only what happened until then, inclusive.")
    ] = None
    command: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=completion.complete_words(*LOGGED_COMMANDS),
            help=f"Only what a command did: {', '.join(LOGGED_COMMANDS)}; imports are `add`, "
            "notes `edit`.",
        ),
    ] = None
    expand: Annotated[
        bool, typer.Option("--expand", help="Show every change of undone commands of many tasks.")
    ] = False
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

    output, limit = choose_output(app, json=request.json), request.limit or None
    if request.limit is None and output.is_paged:
        limit = app.settings.page_size or PAGE_SIZE
    wanted, chosen = _read_log_filter(app, request), _read_chosen(app, request)
    is_folded = output.mode == "table" and not request.expand
    entries = app.run(
        app.read(
            lambda session, me: _read_log(session, me, wanted, chosen, is_folded, limit),
            is_empty=lambda found: not found,
        )
    )
    shown = entries[:limit]
    is_narrowed = bool(request.since or request.until or request.command)
    print_log(output, shown, is_asked=chosen is not None, is_narrowed=is_narrowed)
    for entry in shown:
        if not entry.is_readable:
            warn(app.streams, f"change {entry.seq} cannot be read: todo does not log such fields")
    if limit is not None and len(entries) > limit:
        say(app.streams, f"the newest {limit}; `--limit` shows more")
    if any(entry.count > 1 for entry in shown):
        say(app.streams, "`--expand` shows every change")


def _read_log_filter(app: App, request: LogRequest) -> LogFilter:
    """Return which changes the options ask for; BadValue if they cannot be read."""
    from neontodo.tasks.queries.changes import LogFilter
    from neontodo.wording import find_similar

    since, until = _read_moment(app, request.since)[0], _read_moment(app, request.until)[1]
    if since and until and until <= since:
        raise BadValue("`--until` is before `--since`", hint="give the earlier one to `--since`")
    command = request.command and request.command.lower()
    if command is not None and command not in LOGGED_COMMANDS:
        near = {"import": "add", "toggle": "done", "note": "edit"}.get(command)
        near = near or suggest_command(command, LOGGED_COMMANDS)
        near = near or find_similar(command, LOGGED_COMMANDS)
        choice = f"choose from {', '.join(LOGGED_COMMANDS)}"
        raise BadValue(
            f"the log has no command `{request.command}`",
            hint=f"did you mean `{near}`?" if near else choice,
        )
    return LogFilter(since, until, command)


def _read_moment(app: App, text: str | None) -> tuple[datetime | None, datetime | None]:
    """Return when a day or time in the past begins and has just ended, None if there is none."""
    from neontodo.tasks.date_spans import parse_past_span

    if text is None:
        return None, None
    if ".." in text:
        raise BadValue(f"`{text}` is a range", hint="give its ends to `--since` and `--until`")
    return parse_past_span(text, now=app.now, tz=app.tz)


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
    session: AsyncSession,
    me: Identity,
    wanted: LogFilter,
    chosen: Chosen | None,
    is_folded: bool,
    limit: int | None,
) -> list[LogEntry]:
    """Return the newest changes, and one more than the limit if there are more."""
    from neontodo.tasks import log, lookup
    from neontodo.tasks.queries import changes

    more = None if limit is None else limit + 1
    if chosen is None:
        return await log.read_log(session, me.user_id, wanted, is_folded=is_folded, limit=more)
    task_ids = await lookup.resolve_ids(session, me.user_id, me.key_id, chosen)
    return await changes.fetch_log(
        session, me.user_id, task_ids=task_ids, wanted=wanted, limit=more
    )


COMMANDS: Commands = {
    "undo": (UndoRequest, run_undo),
    "redo": (UndoRequest, run_redo),
    "log": (LogRequest, run_log),
}
