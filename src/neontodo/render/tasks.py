"""Lists of tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from neontodo.render.listing import Column, Listing, print_listing
from neontodo.render.text import make_displayable, symbols_for

if TYPE_CHECKING:
    from neontodo.models import TaskPublic, When
    from neontodo.render.listing import Output

NARROW = 60
"""Below this many columns gaps shrink, and a due is a day or a time but not both."""

TITLE_LINES = 2

HEAD_LINES, FOOT_LINES = 2, 1
PROMPT_LINES = 1
"""What the shell's prompt needs below a page that fills the screen."""

WEEK = 7
"""Days, today being the first, as `is:week` has them."""

PRIORITIES = ("", "!", "!!", "!!!")
"""Signs of the priorities, none to high; they read without colour."""

PRIORITY_STYLES = ("", "cyan", "yellow", "bold red")


@dataclass(frozen=True)
class PageLayout:
    """How a table shows a page of tasks.

    Attributes:
        fills_screen: it shows only as many of the tasks as there is room for.
        is_grouped: they stand below headings that say when they are due.
        shows_completion: a column says when each was done.
        spell_page: the command for a page, by how many tasks each has and by its number.
        notes: what its last line says of it besides.
    """

    fills_screen: bool = False
    is_grouped: bool = False
    shows_completion: bool = False
    spell_page: Callable[[int, int], str] | None = None
    notes: tuple[str, ...] = ()


PLAIN = PageLayout()


def print_tasks(
    output: Output,
    tasks: Iterable[TaskPublic],
    *,
    total: int | None = None,
    shown_from: int = 0,
    waiting: int = 0,
    none_found: str = "no tasks",
    next_step: str | None = '`todo add "Buy milk"` adds one',
    layout: PageLayout = PLAIN,
) -> None:
    """Print the tasks in their order; `total` is how many there are in all.

    `shown_from` of them came on earlier pages, and `waiting` others are hidden. Where nothing is
    found a terminal shows `none_found` and `next_step`, beside the output.
    """
    is_table = output.mode == "table"
    if is_table:
        tasks = list(tasks)
        if total and not tasks:
            none_found, next_step = f"no tasks on this page; there are {total} in all", None
    listing: Listing[TaskPublic] = Listing(
        columns=_columns(output, layout) if is_table else (),
        to_json=lambda task: task.to_json(),
        to_fields=_fields,
        name=lambda task: task.number,
        none_found=none_found,
        next_step=next_step,
        gap=1 if _is_narrow(output) else 2,
        group=partial(_describe_group, output) if layout.is_grouped else None,
        height=output.streams.height - PROMPT_LINES if layout.fills_screen else None,
        foot=partial(_foot, output, layout, total, shown_from, waiting),
    )
    print_listing(output, tasks, listing)


def count_rows_of_screen(output: Output, *, has_foot: bool) -> int:
    """Return how many rows of one line there is room for on the screen; one at least."""
    others = HEAD_LINES + PROMPT_LINES + (FOOT_LINES if has_foot else 0)
    return max(1, output.streams.height - others)


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


def _columns(output: Output, layout: PageLayout) -> list[Column[TaskPublic]]:
    symbols = symbols_for(output.streams.out)
    return [
        Column("#", lambda task: str(task.number), _unless_done(""), is_number=True),
        Column(
            "",
            lambda task: symbols.done if task.completed else PRIORITIES[task.priority],
            lambda task: "green" if task.completed else PRIORITY_STYLES[task.priority],
        ),
        Column(
            "done",
            lambda task: _describe(output, task.completed_at if layout.shows_completion else None),
        ),
        Column(
            "due",
            lambda task: _describe(output, task.due),
            lambda task: "dim" if task.completed else due_style(output, task),
            rank=3 if layout.shows_completion else 0,
        ),
        Column("", lambda task: _describe_delay(output, task), "red", rank=3),
        Column(
            "title",
            lambda task: task.title,
            lambda task: "dim strike" if task.completed else "",
            mark=lambda task: f" {symbols.note}" if _has_more_to_show(task) else "",
            is_main=True,
            lines=TITLE_LINES,
        ),
        Column("start", lambda task: _describe(output, find_coming_start(output, task)), "dim"),
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
    ]


def _is_narrow(output: Output) -> bool:
    return output.streams.width < NARROW


def _unless_done(style: str) -> Any:
    return lambda task: "dim" if task.completed else style


def find_coming_start(output: Output, task: TaskPublic) -> When | None:
    """Return the start that a pending task waits for; None if it does not wait."""
    from neontodo.tasks.dates import is_waiting

    start_on, start_at = task.start_on, task.start_at
    if task.completed or start_on is None:
        return None
    return task.start if is_waiting(start_on, start_at, now=output.now, tz=output.tz) else None


def _describe(output: Output, when: When | None) -> str:
    from neontodo.tasks.dates import describe_when

    if when is None:
        return ""
    described = describe_when(when, now=output.now, tz=output.tz)
    if not _is_narrow(output):
        return described
    day, _, clock = described.partition(" ")
    return clock if clock and day == "today" else day


def _describe_delay(output: Output, task: TaskPublic) -> str:
    from neontodo.tasks.dates import describe_delay

    if task.completed or _is_narrow(output):
        return ""
    return describe_delay(task.due_on, task.due_at, now=output.now, tz=output.tz)


def _describe_group(output: Output, task: TaskPublic) -> str:
    """Return the heading that a pending task stands below, in the order of the list."""
    from neontodo.tasks.dates import is_overdue, local_day

    now, tz = output.now, output.tz
    if task.due_on is None:
        return "no date"
    if is_overdue(task.due_on, task.due_at, now=now, tz=tz):
        return "overdue"
    day = local_day(task.due_at, tz) if task.due_at else task.due_on
    away = (day - local_day(now, tz)).days
    return "today" if away == 0 else "this week" if away < WEEK else "later"


def _has_more_to_show(task: TaskPublic) -> bool:
    return bool(task.description or task.notes)


def _foot(
    output: Output,
    layout: PageLayout,
    total: int | None,
    shown_from: int,
    waiting: int,
    shown: int,
) -> str:
    """Return which tasks are shown of how many, and the command for the next page."""
    symbols, last = symbols_for(output.streams.out), shown_from + shown
    notes = [f"{waiting} waiting"] if waiting else []
    notes += layout.notes
    if total is not None and total > shown:
        count = f"{shown_from + 1}{symbols.dash}{last}" if shown_from else f"{last}"
        notes.insert(0, f"{count} of {total}")
        if layout.spell_page is not None and last < total:
            command = layout.spell_page(shown, shown_from // shown + 2)
            notes.append(f"more: {make_displayable(command, output.streams.out)}")
    return f" {symbols.dot} ".join(notes)
