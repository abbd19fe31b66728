"""`todo list`, `todo today` and `todo search`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.cli.exits import NAME, Exit
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.render.listing import Output
    from neontodo.render.tasks import PageLayout
    from neontodo.tasks.filters import TaskFilter
    from neontodo.tasks.results import SavedView

_ADD = '`todo add "Buy milk"` adds a task'
PageNumber = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Which page to show, of as many tasks as --limit says."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredRequest(options.TaskPrinting):
    """Which tasks to show, in which order, and which part of them."""

    project: options.ProjectFilter = None
    tags: options.TagFilter = None
    priority: options.PriorityFilter = None
    due: options.DueFilter = None
    done: Annotated[bool, typer.Option("--done", help="Only tasks that are done.")] = False
    all_: Annotated[bool, typer.Option("--all", "-a", help="Done and waiting tasks too.")] = False
    filter_: options.Filter = None
    count: Annotated[bool, typer.Option("--count", help="Print only how many there are.")] = False
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there are any, with 0 if not.")
    ] = False
    sort: options.Sort = None
    limit: options.Limit = None
    page: PageNumber = None

    def __post_init__(self) -> None:
        if self.done and self.all_:
            raise BadValue("`--all` shows pending tasks too", hint="leave out `--done` or `--all`")
        if self.count and (self.limit is not None or self.page is not None):
            hint = "leave out `--count`, or `--limit` and `--page`"
            raise BadValue("`--count` counts every task that matches", hint=hint)
        if self.limit == 0 and self.page is not None:
            hint = "leave out `--limit` or `--page`"
            raise BadValue("`--limit 0` shows everything on one page", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(FilteredRequest):
    """Tasks to list, pending ones if nothing else is said."""

    words: options.FilterWords = None
    search: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Only tasks that have all these words.")
    ] = None
    no_view: options.NoView = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest(FilteredRequest):
    """Words to find, in done tasks too if nothing else is said."""

    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORD...",
            help="Words in any order, and filters such as +home or due:week (todo help filters).",
        ),
    ]


def run_list(app: App, request: ListRequest) -> int:
    """List tasks: pending ones, by when they are due."""
    completed = None if request.all_ else request.done
    return _print_found(app, request, completed=completed)


def run_today(app: App, request: ListRequest) -> int:
    """List what is due today or overdue."""
    return run_list(app, replace(request, words=["is:today", *(request.words or [])]))


def run_search(app: App, request: SearchRequest) -> int:
    """Find tasks that have all the words; the best matches come first."""
    return _print_found(app, request, completed=True if request.done else None)


def _print_found(app: App, request: ListRequest | SearchRequest, *, completed: bool | None) -> int:
    """Print tasks, or their number, and return the exit code."""
    from neontodo.cli.filters import load_view_in_use, say_view
    from neontodo.cli.output import choose_output

    output = choose_output(app, json=request.json, quiet=request.quiet)
    # A search finds what no list shows.
    no_view = isinstance(request, SearchRequest) or request.no_view
    view = load_view_in_use(app, no_view=no_view)
    wanted = _build_filter(app, request, output, completed, view)
    if request.count:
        found = _print_count(app, output, wanted)
    else:
        found = _print_page(app, output, wanted, _choose_layout(app, request, output, wanted, view))
    if request.count or output.mode != "table" or not found:
        say_view(app, view)
    return Exit.FAILED if request.exit_code and found else Exit.OK


def _print_count(app: App, output: Output, wanted: TaskFilter) -> int:
    from neontodo.render.tasks import print_count
    from neontodo.tasks.queries import tasks as queries

    total = app.run(
        app.read(
            lambda session, me: queries.count_tasks(session, me.user_id, wanted),
            is_empty=lambda total: not total,
        )
    )
    print_count(output, total)
    return total


def _print_page(app: App, output: Output, wanted: TaskFilter, layout: PageLayout) -> int:
    from neontodo.cli.output import say_unknown_names
    from neontodo.render.messages import say, warn_unreadable
    from neontodo.render.tasks import print_tasks
    from neontodo.tasks.filters import TaskFilter
    from neontodo.tasks.queries import tasks as queries

    page = app.run(
        app.read(
            lambda session, me: queries.fetch_page(
                session, me.user_id, wanted, counts_hidden=output.mode == "table"
            ),
            is_empty=lambda page: not (page.tasks or page.total or page.hidden),
        )
    )
    warn_unreadable(app.streams, page.unreadable)
    if not page.total:
        say_unknown_names(app, wanted.condition)
    whole = TaskFilter(hidden=wanted.hidden, sort=wanted.sort, limit=wanted.limit)
    none_found, next_step = _explain_empty(page.hidden, is_narrowed=wanted != whole)
    print_tasks(
        output,
        page.tasks,
        total=page.total,
        shown_from=wanted.offset,
        waiting=page.hidden,
        none_found=none_found,
        next_step=next_step,
        layout=layout,
    )
    if output.mode == "json" and wanted.limit is not None and len(page.tasks) < page.total:
        say(app.streams, f"{len(page.tasks)} of {page.total}")
    if output.mode == "table" and not page.total and app.target.engine == "postgresql":
        from neontodo.cli.connecting import offer_move_of_missed_tasks

        offer_move_of_missed_tasks(app)
    return page.total


def _explain_empty(waiting: int, *, is_narrowed: bool) -> tuple[str, str | None]:
    """Return why a list shows nothing, and the next step if there is one."""
    if not waiting:
        return ("no tasks match", None) if is_narrowed else ("nothing to do", _ADD)
    if is_narrowed:
        return f"no tasks match; {waiting} waiting", "add `is:waiting` to see what waits"
    return f"nothing to do now; {waiting} waiting", "`todo list is:waiting` shows what waits"


def _build_filter(
    app: App,
    request: ListRequest | SearchRequest,
    output: Output,
    completed: bool | None,
    view: SavedView | None,
) -> TaskFilter:
    from neontodo.cli.filters import find_sort, hide_waiting, read_filter, split_words
    from neontodo.tasks.filters import TaskFilter, find_status, parse_sort
    from neontodo.tasks.search_text import fold_query

    parsed = read_filter(app, request.words, request.filter_, request, view)
    condition, hidden = parsed.condition, hide_waiting(app, parsed, completed)
    if isinstance(request, SearchRequest):
        words, condition = split_words(condition)
    else:
        words = fold_query(request.search or "")
    if completed is None or (completed is False and parsed.chooses_status):
        completed = find_status(condition)
    by_default = "" if words else "-completed" if completed else app.settings.sort
    sort = request.sort or find_sort(app, request.words, view) or by_default
    size = _choose_size(app, request, output)
    return TaskFilter(
        completed=completed,
        condition=condition,
        hidden=hidden,
        words=words,
        sort=parse_sort(sort) if sort else (),
        limit=size,
        offset=((request.page or 1) - 1) * (size or 0),
    )


def _choose_size(app: App, request: ListRequest | SearchRequest, output: Output) -> int | None:
    """Return how many tasks to ask the store for; None for all of them."""
    from neontodo.render.tasks import count_rows_of_screen
    from neontodo.settings import PAGE_SIZE

    if request.limit is not None:
        return request.limit or None
    if not (output.is_paged or request.page is not None):
        return None
    if app.settings.page_size is not None:
        return app.settings.page_size
    if not output.is_paged:
        return PAGE_SIZE
    return count_rows_of_screen(output, has_foot=request.page is not None)


def _choose_layout(
    app: App,
    request: ListRequest | SearchRequest,
    output: Output,
    wanted: TaskFilter,
    view: SavedView | None,
) -> PageLayout:
    from neontodo.render.tasks import PageLayout
    from neontodo.tasks.filters import SortKey

    is_sized = (request.limit, request.page, app.settings.page_size) != (None, None, None)
    is_by_due = not wanted.words and wanted.sort[:1] in ((), (SortKey("due"),))
    return PageLayout(
        fills_screen=output.is_paged and not is_sized,
        is_grouped=app.settings.group == "due" and wanted.completed is False and is_by_due,
        shows_completion=wanted.completed is True,
        spell_page=partial(_spell_page, app.words),
        notes=(f"view {view.name}",) if view is not None else (),
    )


def _spell_page(words: Sequence[str], limit: int, page: int) -> str:
    """Return the command that was typed, for another page, as a shell takes it."""
    import shlex

    end = words.index("--") if "--" in words else len(words)
    typed = iter(words[:end])
    kept = []
    for word in typed:
        name, is_joined, _ = word.partition("=")
        if name not in ("--limit", "--page"):
            kept.append(word)
        elif not is_joined:
            next(typed, None)
    options = ["--limit", str(limit), "--page", str(page)]
    return shlex.join([NAME, *kept, *options, *words[end:]])


COMMANDS: Commands = {
    "list": (ListRequest, run_list),
    "today": (ListRequest, run_today),
    "search": (SearchRequest, run_search),
}
