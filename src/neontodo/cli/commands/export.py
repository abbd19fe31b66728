"""`todo export`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue
from neontodo.formats import FORMATS
from neontodo.wording import pluralize

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskPublic
    from neontodo.tasks.filters import TaskFilter
    from neontodo.tasks.results import UnreadableTask

    Row = TaskPublic | UnreadableTask

CHUNK = 1000


def _check_format(name: str | None) -> str | None:
    if name is not None and name not in FORMATS:
        raise typer.BadParameter(f"`{name}` is not one of {', '.join(FORMATS)}")
    return name


Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        callback=_check_format,
        autocompletion=completion.complete_words(*FORMATS),
        help=f"The file's format: {', '.join(FORMATS)}; by default, what its name says.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest(options.Colored):
    """Which tasks to write, where and how."""

    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE]", path_type=str, help="The file; without one, standard output."
        ),
    ] = "-"
    words: options.FilterWords = None
    filter_: options.Filter = None
    format: Format = None
    done: Annotated[bool, typer.Option("--done", help="Only tasks that are done.")] = False
    pending: Annotated[bool, typer.Option("--pending", help="Only pending tasks.")] = False
    project: options.ProjectFilter = None
    tags: options.TagFilter = None
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False
    for_spreadsheet: Annotated[
        bool,
        typer.Option(
            "--for-spreadsheet",
            help="For csv: put a `'` before what a spreadsheet would run as a formula, such as "
            "`=1+1`. Off by default, as importing the file must give the same tasks.",
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.done and self.pending:
            raise BadValue(
                "no task is both done and pending", hint="leave out `--done`, `--pending` or both"
            )


def run_export(app: App, request: ExportRequest) -> int:
    """Export all tasks, pending and done, or some of them.

    Exit code 1 means that a task could not be read and was left out.
    """
    from neontodo import formats
    from neontodo.cli.exits import Exit
    from neontodo.cli.files import STANDARD, write_output
    from neontodo.cli.output import say_unknown_names
    from neontodo.render.messages import say, warn, warn_unreadable

    file = request.file
    name = request.format or _format_of(file)
    if request.for_spreadsheet and name != "csv":
        raise BadValue(
            f"`--for-spreadsheet` works for csv only, not for {name}", hint="add `--format csv`"
        )
    wanted = _build_filter(app, request)
    with closing(_stream_tasks(app, wanted)) as tasks:
        seen = _Seen(tasks)
        text = formats.write(seen, name, tz=app.tz, for_spreadsheet=request.for_spreadsheet)
        write_output(app, file, text, force=request.force)
    if not seen.number:
        say_unknown_names(app, wanted.condition)
    if file != STANDARD:
        say(app.streams, f"exported {pluralize(seen.number, 'task')} to {file}")
    if name == "todotxt" and seen.longer:
        warn(
            app.streams,
            f"todo.txt cannot hold the description, notes or time of day of {seen.longer} of them",
        )
    if seen.unreadable:
        warn_unreadable(app.streams, seen.unreadable)
        return Exit.FAILED
    return Exit.OK


def _build_filter(app: App, request: ExportRequest) -> TaskFilter:
    from neontodo.cli.filters import read_filter
    from neontodo.tasks.filters import TaskFilter, parse_sort

    return TaskFilter(
        completed=True if request.done else False if request.pending else None,
        condition=read_filter(app, request.words, request.filter_, request).condition,
        sort=parse_sort(app.settings.sort) if app.settings.sort else (),
    )


class _Seen:
    """Tasks, counted as they pass; `longer` ones say more than a line of todo.txt can."""

    def __init__(self, tasks: Iterator[Row]) -> None:
        self._tasks = tasks
        self.unreadable: list[UnreadableTask] = []
        self.number = 0
        self.longer = 0

    def __iter__(self) -> Iterator[TaskPublic]:
        from neontodo.tasks.results import UnreadableTask

        for task in self._tasks:
            if isinstance(task, UnreadableTask):
                self.unreadable.append(task)
                continue
            self.number += 1
            self.longer += bool(task.description or task.notes or task.due_at or task.start_at)
            yield task


def _format_of(file: str) -> str:
    from neontodo import formats
    from neontodo.cli.files import STANDARD

    found = "json" if file == STANDARD else formats.find_format_by_name(file)
    if found is None:
        raise BadValue(
            f"cannot tell the format of `{file}`",
            hint=f"name it with `--format`: {', '.join(formats.FORMATS)}",
        )
    return found


def _stream_tasks(app: App, wanted: TaskFilter) -> Generator[Row, None, None]:
    """The tasks as they come; the event loop runs only to fetch the next of them."""
    chunks = _read_chunks(app, wanted)
    try:
        while chunk := app.run(_next(chunks)):
            yield from chunk
    finally:
        app.run(_close(chunks))


async def _next(chunks: AsyncGenerator[list[Row], None]) -> list[Row]:
    return await anext(chunks, [])


async def _close(chunks: AsyncGenerator[list[Row], None]) -> None:
    await chunks.aclose()


async def _read_chunks(app: App, wanted: TaskFilter) -> AsyncGenerator[list[Row], None]:
    from neontodo.tasks.queries import tasks

    identity = await app.identify_user()
    async with app.database.snapshot(identity.user_id) as session:
        chunk: list[Row] = []
        task = None
        async for task in tasks.stream_tasks(session, identity.user_id, wanted):
            chunk.append(task)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk
    if task is None:
        await app.ensure_user_known()


COMMANDS: Commands = {"export": (ExportRequest, run_export)}
