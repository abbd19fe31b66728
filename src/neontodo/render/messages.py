"""Sentences for a person, beside the output: what happened, and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neontodo.render.text import escaped, safe_write

if TYPE_CHECKING:
    from neontodo.errors import TodoError
    from neontodo.models import TaskPublic
    from neontodo.streams import Streams
    from neontodo.tasks.results import Outcome, UnreadableTask

NUMBERS_SHOWN = 12
UNREADABLE_SHOWN = 10

_STYLES = {"error": "1;31", "warning": "1;33", "hint": "1;36"}


def say(streams: Streams, text: str) -> None:
    """One line on standard error; what it holds of other people's text is never obeyed."""
    safe_write(streams.err, f"{escaped(text)}\n")


def warn(streams: Streams, text: str) -> None:
    """One line that says what might surprise."""
    _labelled(streams, "warning", text)


def hint(streams: Streams, text: str) -> None:
    """One line that says the next step."""
    _labelled(streams, "hint", text)


def warn_unreadable(streams: Streams, rows: Sequence[UnreadableTask]) -> None:
    """Which tasks were left out since nothing can read them, and the next step for each."""
    for row in rows[:UNREADABLE_SHOWN]:
        warn(streams, f"{row.problem}; {row.next_step}")
    if more := len(rows[UNREADABLE_SHOWN:]):
        warn(streams, f"{more} more tasks cannot be read")


def print_error(streams: Streams, error: TodoError) -> None:
    """What went wrong, its details indented, then the next step."""
    _labelled(streams, "error", error.message)
    for detail in error.details:
        say(streams, f"  {detail}")
    if error.hint:
        hint(streams, error.hint)


def say_dry_run(streams: Streams) -> None:
    """What ends the report of a dry run."""
    say(streams, "this was a dry run: nothing was changed")


def print_outcome(
    streams: Streams, verb: str | None, outcome: Outcome, *, already: str | None = None
) -> None:
    """Say what a write did, unless its notes do, and then those."""
    if verb is not None and (outcome.changed or outcome.unchanged or not outcome.notes):
        say(streams, changed_sentence(verb, outcome, already=already))
    for note in outcome.notes:
        say(streams, note)


def changed_sentence(verb: str, outcome: Outcome, *, already: str | None = None) -> str:
    """What a write did, such as `done 3 tasks: 3, 4, 5; already done: 7`.

    `verb` is a participle; `already` says what the others were, if not simply that.
    """
    parts = []
    if outcome.changed:
        parts.append(f"{verb} {_named(outcome.changed)}")
    if outcome.unchanged:
        parts.append(f"{already or f'already {verb}'}: {numbers(outcome.unchanged)}")
    return "; ".join(parts) or "nothing to change"


def numbers(tasks: tuple[TaskPublic, ...]) -> str:
    """Their numbers; of very many only the first: `3, 4, 5 and 12 more`."""
    shown = ", ".join(str(task.number) for task in tasks[:NUMBERS_SHOWN])
    more = len(tasks) - NUMBERS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _named(tasks: tuple[TaskPublic, ...]) -> str:
    if len(tasks) == 1:
        return f"{tasks[0].number}: {tasks[0].title}"
    return f"{len(tasks)} tasks: {numbers(tasks)}"


def _labelled(streams: Streams, label: str, text: str) -> None:
    name = f"{label}:"
    if streams.err_is_terminal and streams.colour:
        name = f"\x1b[{_STYLES[label]}m{name}\x1b[0m"
    safe_write(streams.err, f"{name} {escaped(text)}\n")
