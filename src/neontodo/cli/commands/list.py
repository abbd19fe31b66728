"""`todo list` and `todo search`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neontodo.cli import completion, options
from neontodo.fields import SORT_KEYS

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.render.listing import Mode
    from neontodo.tasks.filters import TaskFilter

Done = Annotated[bool, typer.Option("--done", help="Only tasks that are done.")]
All = Annotated[bool, typer.Option("--all", "-a", help="Pending tasks and done ones.")]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="KEY[,KEY]",
        autocompletion=completion.sort,
        help=f"Order by {', '.join(SORT_KEYS)}; -KEY descending.",
    ),
]
Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="Show so many at the most.")]
PageNumber = Annotated[int | None, typer.Option(metavar="N", min=1, help="Which page to show.")]


def list_(
    ctx: typer.Context,
    done: Done = False,
    all_: All = False,
    project: options.Project = None,
    tag: options.Tag = None,
    priority: options.Priority = None,
    due: options.DueFilter = None,
    search: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Only tasks that have all these words.")
    ] = None,
    sort: Sort = None,
    limit: Limit = None,
    page: PageNumber = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    color: options.Color = "auto",
) -> None:
    """List tasks: pending ones, by when they are due."""
    _show(ctx, words=search or "", completed=None if all_ else done)


def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="Words in any order.")],
    done: Done = False,
    all_: All = False,
    project: options.Project = None,
    tag: options.Tag = None,
    priority: options.Priority = None,
    due: options.DueFilter = None,
    sort: Sort = None,
    limit: Limit = None,
    page: PageNumber = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    color: options.Color = "auto",
) -> None:
    """Find tasks that have all the words; the best matches come first."""
    _show(ctx, words=" ".join(words), completed=True if done else None)


def _show(ctx: typer.Context, *, words: str, completed: bool | None) -> None:
    from neontodo.cli.output import choose_output
    from neontodo.render.messages import warn_unreadable
    from neontodo.render.tasks import print_tasks
    from neontodo.tasks.queries import tasks as queries

    app: App = ctx.obj
    output = choose_output(app, json=ctx.params["json"], quiet=ctx.params["quiet"])
    wanted = _filter(app, output.mode, ctx.params, words, completed)
    page = app.run(
        app.read(
            lambda session, me: queries.fetch_page(session, me.user_id, wanted),
            is_empty=lambda found: found.is_empty,
        )
    )
    warn_unreadable(app.streams, page.unreadable)
    narrowed = wanted != _unnarrowed(wanted)
    print_tasks(
        output,
        page.tasks,
        total=page.total,
        shown_from=wanted.offset,
        none_found="no tasks match" if narrowed else "nothing to do",
        next_step=None if narrowed else '`todo add "Buy milk"` adds a task',
    )


def _filter(
    app: App, mode: Mode, given: Mapping[str, Any], words: str, completed: bool | None
) -> TaskFilter:
    from neontodo.tasks import filters
    from neontodo.tasks.search_text import fold_query

    size = given["limit"]
    if size is None and (mode == "table" or given["page"] is not None):
        size = app.settings.page_size
    narrowing = {**given, "tags": given["tag"]}
    sort = given["sort"] or ("" if words else app.settings.sort)
    return filters.TaskFilter(
        completed=completed,
        conditions=filters.parse_conditions(narrowing, now=app.now, tz=app.tz),
        words=fold_query(words),
        sort=filters.parse_sort(sort) if sort else (),
        limit=size,
        offset=((given["page"] or 1) - 1) * (size or 0),
    )


def _unnarrowed(wanted: TaskFilter) -> TaskFilter:
    from neontodo.tasks.filters import TaskFilter

    return TaskFilter(sort=wanted.sort, limit=wanted.limit)
