"""What commands have in common: the task they are about, their output, the report of a change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from neontodo.errors import limit_lines
from neontodo.wording import list_numbers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.identity import Identity
    from neontodo.app import App
    from neontodo.cli.options import Changing
    from neontodo.models import Task, TaskPublic, When
    from neontodo.render.listing import Output
    from neontodo.tasks.filters import Condition
    from neontodo.tasks.lookup import Chosen
    from neontodo.tasks.references import Refs
    from neontodo.tasks.results import Outcome
    from neontodo.tasks.unit_of_work import UnitOfWork

NAMES_SHOWN = 5


def choose_output(app: App, *, json: bool = False, quiet: bool = False) -> Output:
    """Return the output in the form asked for, else in what suits the other end of the stream."""
    from neontodo.render.listing import Mode, Output

    mode: Mode
    if json:
        mode = "json"
    elif quiet:
        mode = "quiet"
    elif app.streams.shows_tables:
        mode = "table"
    else:
        mode = "lines"
    return Output(app.streams, mode, app.now, lambda: app.tz)


def fetch_one_task(app: App, refs: Refs) -> TaskPublic:
    """Return the one task that references name; TaskNotFound if they name none, or several.

    The error says of one that was removed when that was.
    """
    from neontodo.errors import TaskNotFound
    from neontodo.tasks import lookup
    from neontodo.tasks.state import take_snapshot

    async def fetch(session: AsyncSession, me: Identity) -> Task:
        try:
            return await lookup.resolve_one(session, me.user_id, me.key_id, refs)
        except TaskNotFound:
            await _explain_removal(app, session, me, refs)
            raise

    return take_snapshot(app.run(app.read(fetch)))


async def _explain_removal(app: App, session: AsyncSession, me: Identity, refs: Refs) -> None:
    """Raise TaskNotFound with the time of its removal if references name one removed task."""
    from neontodo.errors import TaskNotFound
    from neontodo.tasks import lookup
    from neontodo.tasks.dates import describe_when
    from neontodo.tasks.queries import changes
    from neontodo.tasks.state import UnreadableChange, read_change

    task_id, *others = await lookup.resolve_ids(session, me.user_id, me.key_id, refs)
    last = (await changes.fetch_newest_changes(session, me.user_id, [task_id]))[task_id]
    if others or last.kind != "delete":
        return
    try:
        task = read_change(last)
    except UnreadableChange:
        return
    when = describe_when(last.at, now=app.now, tz=app.tz)
    raise TaskNotFound(
        f"task {task.number} ({task.title}) was removed {when}",
        hint=f"`todo log {task.number}` shows what it was",
    )


def say_unknown_names(app: App, condition: Condition) -> None:
    """Say which projects and tags of a filter that found nothing no task has.

    Only where the filter names some, and messages are wanted, does it ask the store, by one
    statement.
    """
    from neontodo.masking import mask_database_urls
    from neontodo.render.messages import say
    from neontodo.tasks import filters
    from neontodo.tasks.queries import counts

    names = filters.list_names(condition)
    if not names or app.streams.is_quiet:
        return
    in_use = app.run(app.read(lambda s, me: counts.fetch_names_in_use(s, me.user_id)))
    lines = []
    for field, name in names:
        below = (f"{name}.", f"{name}/")
        if not any(each == name or each.startswith(below) for each in in_use[field.name]):
            near = filters.find_similar_name(name, in_use[field.name])
            question = f"; did you mean `{near}`?" if near else ""
            lines.append(f"no {field.singular} `{mask_database_urls(name)}`{question}")
    for line in limit_lines(lines[:NAMES_SHOWN], len(lines)):
        say(app.streams, line)


def run_change(
    app: App,
    request: Changing,
    action: Callable[[UnitOfWork], Awaitable[Outcome]],
    verb: str | None,
    *,
    already: str | None = None,
    chosen: Chosen | None = None,
) -> None:
    """Run an action and report it; `verb`, `already`, `chosen` are as for `report_change`."""
    outcome = app.run(app.write(action, dry_run=request.dry_run))
    report_change(app, request, outcome, verb, already=already, chosen=chosen)


def _name_when(app: App, when: When) -> str:
    from neontodo.tasks.dates import name_when

    return name_when(when, now=app.now, tz=app.tz)


def report_change(
    app: App,
    request: Changing,
    outcome: Outcome,
    verb: str | None,
    *,
    already: str | None,
    chosen: Chosen | None = None,
) -> None:
    """Say in one sentence what changed, and print the changed tasks unless a terminal shows that.

    The sentence comes first: it tells what was saved also where the tasks cannot be written.
    `verb` is a participle, None if the outcome's notes say it all; `already` is what the unchanged
    tasks were; `chosen` is what chose the tasks, where that may be a filter.
    """
    from neontodo.cli.options import FieldOptions
    from neontodo.render.messages import print_outcome, say_dry_run
    from neontodo.render.tasks import print_tasks
    from neontodo.tasks.lookup import Filtered

    output = choose_output(app, json=request.json, quiet=request.quiet)
    if isinstance(chosen, Filtered) and not (outcome.changed or outcome.unchanged):
        say_unknown_names(app, chosen.wanted.condition)
    print_outcome(app.streams, verb, outcome, already=already, format_when=partial(_name_when, app))
    if isinstance(request, FieldOptions):
        _warn_of_late_starts(app, outcome.changed)
    if request.dry_run:
        say_dry_run(app.streams)
    if output.mode != "table" or (outcome.changed and not app.streams.out_is_terminal):
        print_tasks(output, outcome.changed)


def _warn_of_late_starts(app: App, tasks: Sequence[TaskPublic]) -> None:
    """Warn of tasks that are due while they still wait, out of sight."""
    dated = [
        (task.number, task.start, task.due)
        for task in tasks
        if task.start and task.due and not task.completed
    ]
    if not dated:
        return
    from neontodo.render.messages import warn
    from neontodo.tasks.dates import is_later

    late = [number for number, start, due in dated if is_later(start, due, app.tz)]
    if late:
        what = "task {} starts after it is" if len(late) == 1 else "tasks {} start after they are"
        warn(app.streams, f"{what.format(list_numbers(late))} due")
