"""Lists of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from neontodo.render.listing import Column, Listing, print_listing
from neontodo.render.text import Symbols, symbols_for

if TYPE_CHECKING:
    from neontodo.models import TaskPublic
    from neontodo.render.listing import Output

NARROW = 60
"""Below this many columns gaps shrink, and a due is a day or a time but not both."""

TITLE_LINES = 2

PRIORITIES = ("", "!", "!!", "!!!")
"""Signs of the priorities, none to high; they read without colour."""

PRIORITY_STYLES = ("", "cyan", "yellow", "bold red")


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

    `shown_from` of them came on earlier pages. Where nothing is found a terminal shows
    `none_found` and `next_step`, beside the output.
    """
    foot = ""
    if output.mode == "table":
        tasks = list(tasks)
        if total and not tasks:
            none_found, next_step = f"no tasks on this page; there are {total} in all", None
        elif total is not None and total > len(tasks):
            foot = _foot(symbols_for(output.streams.out), len(tasks), total, shown_from)
    listing: Listing[TaskPublic] = Listing(
        columns=_columns(output) if output.mode == "table" else (),
        to_json=lambda task: task.to_json(),
        to_fields=_fields,
        name=lambda task: task.number,
        none_found=none_found,
        next_step=next_step,
        gap=1 if _is_narrow(output) else 2,
    )
    print_listing(output, tasks, listing, foot=foot)


def print_count(output: Output, total: int) -> None:
    """Print how many tasks there are, as a number or as JSON."""
    output.streams.out.write(f'{{"count": {total}}}\n' if output.mode == "json" else f"{total}\n")


def due_style(output: Output, task: TaskPublic) -> str:
    """Return red once it is overdue, yellow on its day, nothing when the task is done."""
    from neontodo.tasks.dates import is_overdue, local_day

    now, tz = output.now, output.tz
    if task.completed:
        return ""
    if is_overdue(task.due_on, task.due_at, now=now, tz=tz):
        return "red"
    day = local_day(task.due_at, tz) if task.due_at else task.due_on
    return "yellow" if day == local_day(now, tz) else ""


def _fields(task: TaskPublic) -> tuple[Any, ...]:
    """The fields in a pipe: number, status, priority, due, project, tags, title."""
    due: Any = task.due_on
    if task.due_at is not None:
        from neontodo.models import format_instant

        due = format_instant(task.due_at)
    return (
        task.number,
        "done" if task.completed else "pending",
        task.priority.label,
        due,
        task.project,
        task.tags,
        task.title,
    )


def _columns(output: Output) -> list[Column[TaskPublic]]:
    symbols = symbols_for(output.streams.out)
    return [
        Column("#", lambda task: str(task.number), _unless_done(""), is_number=True),
        Column(
            "",
            lambda task: symbols.done if task.completed else PRIORITIES[task.priority],
            lambda task: "green" if task.completed else PRIORITY_STYLES[task.priority],
        ),
        Column(
            "due",
            lambda task: _due(output, task),
            lambda task: "dim" if task.completed else due_style(output, task),
        ),
        Column(
            "project",
            lambda task: task.project or "",
            _unless_done("magenta"),
            rank=1,
            can_shrink=True,
        ),
        Column(
            "tags",
            lambda task: " ".join(task.tags),
            _unless_done("cyan"),
            rank=2,
            can_shrink=True,
        ),
        Column(
            "title",
            lambda task: task.title,
            lambda task: "dim strike" if task.completed else "",
            mark=lambda task: f" {symbols.note}" if _has_more_to_show(task) else "",
            is_main=True,
            lines=TITLE_LINES,
        ),
    ]


def _is_narrow(output: Output) -> bool:
    return output.streams.width < NARROW


def _unless_done(style: str) -> Any:
    return lambda task: "dim" if task.completed else style


def _due(output: Output, task: TaskPublic) -> str:
    from neontodo.tasks.dates import describe_when

    if task.due is None:
        return ""
    due = describe_when(task.due, now=output.now, tz=output.tz)
    if not _is_narrow(output):
        return due
    day, _, clock = due.partition(" ")
    return clock if clock and day == "today" else day


def _has_more_to_show(task: TaskPublic) -> bool:
    return bool(task.description or (task.extra and task.extra.get("annotations")))


def _foot(symbols: Symbols, number: int, total: int, shown_from: int) -> str:
    last = shown_from + number
    count = f"{shown_from + 1}{symbols.dash}{last}" if shown_from else f"{last}"
    more = f" {symbols.dot} --page {shown_from // number + 2} for more" if last < total else ""
    return f"{count} of {total}{more}"
