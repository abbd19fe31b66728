"""`todo tags`, `todo projects` and `todo stats`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.app import App
    from neontodo.tasks.results import Count

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print names only.")]


def tags(
    ctx: typer.Context,
    json: options.Json = False,
    quiet: Quiet = False,
    color: options.Color = "auto",
) -> None:
    """List the tags in use, with how many tasks carry each."""
    from neontodo.tasks.queries import counts

    _show(ctx.obj, "tag", counts.count_tags, json, quiet)


def projects(
    ctx: typer.Context,
    json: options.Json = False,
    quiet: Quiet = False,
    color: options.Color = "auto",
) -> None:
    """List the projects, with how many tasks each has."""
    from neontodo.tasks.queries import counts

    _show(ctx.obj, "project", counts.count_projects, json, quiet)


def _show(
    app: App,
    name: str,
    query: Callable[[AsyncSession, str], Awaitable[list[Count]]],
    json: bool,
    quiet: bool,
) -> None:
    from neontodo.cli.output import choose_output
    from neontodo.render.charts import print_counts

    found = app.run(
        app.read(lambda session, me: query(session, me.user_id), is_empty=lambda counts: not counts)
    )
    print_counts(choose_output(app, json=json, quiet=quiet), found, name=name)


def stats(
    ctx: typer.Context,
    json: options.Json = False,
    color: options.Color = "auto",
) -> None:
    """Show what is open, overdue and due today, and what was done on each day."""
    from neontodo.cli.output import choose_output
    from neontodo.render.charts import print_stats
    from neontodo.tasks.queries import counts

    app: App = ctx.obj
    found = app.run(
        app.read(
            lambda session, me: counts.fetch_stats(session, me.user_id, app.now, app.tz),
            is_empty=lambda found: found.is_empty,
        )
    )
    print_stats(choose_output(app, json=json), found)
