"""What commands have in common: the task they are about, their output, the report of a change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.cli.options import Changing
    from neontodo.models import TaskPublic
    from neontodo.render.listing import Output
    from neontodo.tasks.filters import Condition
    from neontodo.tasks.references import Refs
    from neontodo.tasks.results import Outcome
    from neontodo.tasks.unit_of_work import UnitOfWork


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
    """Return the one task that references name; TaskNotFound if they name none, or several."""
    from neontodo.tasks import lookup
    from neontodo.tasks.state import take_snapshot

    found = app.run(app.read(lambda s, me: lookup.resolve_one(s, me.user_id, me.key_id, refs)))
    return take_snapshot(found)


def say_unknown_names(app: App, conditions: Sequence[Condition]) -> None:
    """Say which projects and tags of a filter that found nothing no task has.

    Only where the filter names some does it ask the store, by one statement.
    """
    from neontodo.render.messages import say
    from neontodo.tasks import filters
    from neontodo.tasks.queries import counts

    if not (names := filters.list_names(conditions)):
        return
    in_use = app.run(app.read(lambda s, me: counts.fetch_names_in_use(s, me.user_id)))
    for field, name in names:
        if name not in in_use[field.name]:
            near = filters.find_similar_name(name, in_use[field.name])
            question = f"; did you mean `{near}`?" if near else ""
            say(app.streams, f"no {field.singular} `{name}`{question}")


def run_change(
    app: App,
    request: Changing,
    action: Callable[[UnitOfWork], Awaitable[Outcome]],
    verb: str | None,
    *,
    already: str | None = None,
) -> None:
    """Run an action and report it; `verb` and `already` are as for `report_change`."""
    outcome = app.run(app.write(action, dry_run=request.dry_run))
    report_change(app, request, outcome, verb, already=already)


def report_change(
    app: App, request: Changing, outcome: Outcome, verb: str | None, *, already: str | None
) -> None:
    """Say in one sentence what changed, and print the changed tasks unless a terminal shows that.

    The sentence comes first: it tells what was saved also where the tasks cannot be written.
    `verb` is a participle, None if the outcome's notes say it all; `already` is what the unchanged
    tasks were.
    """
    from neontodo.render.messages import print_outcome, say_dry_run
    from neontodo.render.tasks import print_tasks

    output = choose_output(app, json=request.json, quiet=request.quiet)
    print_outcome(app.streams, verb, outcome, already=already)
    if request.dry_run:
        say_dry_run(app.streams)
    if output.mode != "table" or (outcome.changed and not app.streams.out_is_terminal):
        print_tasks(output, outcome.changed)
