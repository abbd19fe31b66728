"""Tasks in each of their forms: a table, tab-separated lines, JSON, or numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from neontodo.render.messages import hint, say
from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.models import TaskPublic
    from neontodo.render.listing import Output
    from neontodo.streams import Streams

_CHUNK = 1000


def print_tasks(
    output: Output,
    tasks: Iterable[TaskPublic],
    *,
    total: int | None = None,
    shown_from: int = 0,
    none_found: str = "no tasks",
    next_step: str | None = '`todo add "Buy milk"` adds one',
) -> None:
    """Print the tasks in their order; `total` is how many there are in all.

    `shown_from` of them came on earlier pages. Where nothing is found a terminal is told
    `none_found` and `next_step`, beside the output.
    """
    streams, mode = output.streams, output.mode
    if mode == "lines":
        _write(streams, map(task_line, tasks))
    elif mode == "quiet":
        _write(streams, (f"{task.number}\n" for task in tasks))
    elif mode == "json":
        _write(streams, json_array(task.to_json() for task in tasks))
    elif listed := list(tasks):
        _print_table(output, listed, total=total, shown_from=shown_from)
    elif total:
        say(streams, f"no tasks on this page; there are {total} in all")
    else:
        say(streams, none_found)
        if next_step:
            hint(streams, next_step)


def task_line(task: TaskPublic) -> str:
    """A task as its line in a pipe: number, status, priority, due, project, tags, title."""
    from neontodo.models import instant_text

    due = instant_text(task.due_at) if task.due_at else task.due_on
    status = "done" if task.completed else "pending"
    project, tags = field(task.project or ""), field(",".join(task.tags))
    return (
        f"{task.number}\t{status}\t{task.priority.label}\t{due or ''}"
        f"\t{project}\t{tags}\t{field(task.title)}\n"
    )


def _write(streams: Streams, pieces: Iterable[str]) -> None:
    """Write the pieces some at a time, so that memory stays flat and writes stay few."""
    pieces = iter(pieces)
    while chunk := "".join(islice(pieces, _CHUNK)):
        safe_write(streams.out, chunk)


def _print_table(
    output: Output, tasks: list[TaskPublic], *, total: int | None, shown_from: int
) -> None:
    from rich.text import Text

    from neontodo.render.terminal.canvas import Canvas
    from neontodo.render.terminal.tasks import task_grid

    canvas = Canvas(output.streams)
    canvas.draw(task_grid(canvas, tasks, now=output.now, tz=output.tz))
    if total is not None and total > len(tasks):
        dash, dot = canvas.symbols.dash, canvas.symbols.dot
        last = shown_from + len(tasks)
        count = f"{shown_from + 1}{dash}{last}" if shown_from else f"{last}"
        more = f" {dot} --page {shown_from // len(tasks) + 2} for more" if last < total else ""
        canvas.draw(Text(f"{count} of {total}{more}", "dim"))
