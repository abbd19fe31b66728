"""`todo tags`, `todo projects` and `todo stats`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.app import App
    from neontodo.tasks.filters import Condition
    from neontodo.tasks.results import Count


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsRequest(options.Printing):
    """Which tasks to count."""

    words: options.FilterWords = None
    filter_: options.Filter = None
    no_view: options.NoView = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsRequest(StatsRequest):
    """Names in use, with the number of their tasks."""

    quiet: options.QuietNames = False


def run_tags(app: App, request: CountsRequest) -> None:
    """List the tags in use, and how many tasks have each."""
    from neontodo.tasks.queries import counts

    _print_counts(app, request, "tag", counts.count_tags)


def run_projects(app: App, request: CountsRequest) -> None:
    """List the projects, and how many tasks each has."""
    from neontodo.tasks.queries import counts

    _print_counts(app, request, "project", counts.count_projects)


def _print_counts(
    app: App,
    request: CountsRequest,
    name: str,
    query: Callable[[AsyncSession, str, Condition], Awaitable[list[Count]]],
) -> None:
    from neontodo.cli.filters import load_view_in_use, read_filter, say_view
    from neontodo.cli.output import choose_output
    from neontodo.render.charts import print_counts

    view = load_view_in_use(app, no_view=request.no_view)
    condition = read_filter(app, request.words, request.filter_, view=view).condition
    found = app.run(
        app.read(
            lambda session, me: query(session, me.user_id, condition),
            is_empty=lambda counts: not counts,
        )
    )
    print_counts(choose_output(app, json=request.json, quiet=request.quiet), found, name=name)
    say_view(app, view)


def run_stats(app: App, request: StatsRequest) -> None:
    """Show how many tasks are pending, overdue and due today, and done by day and week."""
    from neontodo.cli.filters import load_view_in_use, read_filter, say_view
    from neontodo.cli.output import choose_output
    from neontodo.render.charts import print_stats
    from neontodo.tasks.queries import counts

    view = load_view_in_use(app, no_view=request.no_view)
    condition = read_filter(app, request.words, request.filter_, view=view).condition
    found = app.run(
        app.read(
            lambda session, me: counts.fetch_stats(session, me.user_id, app.now, app.tz, condition),
            is_empty=lambda stats: not (stats.pending or stats.done),
        )
    )
    print_stats(choose_output(app, json=request.json), found)
    say_view(app, view)


COMMANDS: Commands = {
    "tags": (CountsRequest, run_tags),
    "projects": (CountsRequest, run_projects),
    "stats": (StatsRequest, run_stats),
}
