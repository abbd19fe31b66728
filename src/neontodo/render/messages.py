"""Sentences for a person, beside the output: what happened, and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from neontodo.render.text import Symbols, make_displayable, symbols_for
from neontodo.wording import list_numbers, pluralize

if TYPE_CHECKING:
    from neontodo.errors import TodoError
    from neontodo.models import TaskPublic
    from neontodo.streams import Streams
    from neontodo.tasks.results import Outcome, UnreadableTask

UNREADABLE_SHOWN = 10
NARROWEST = 20

_STYLES = {"error": "1;31", "warning": "1;33", "hint": "1;36"}


def say(streams: Streams, text: str) -> None:
    """Print one line on standard error; control characters in it are spelled out."""
    _write(streams, text)


def warn(streams: Streams, text: str) -> None:
    """Print a warning in one line."""
    _write_labelled(streams, "warning", text)


def hint(streams: Streams, text: str) -> None:
    """Print the next step in one line."""
    _write_labelled(streams, "hint", text)


def warn_unreadable(streams: Streams, rows: Sequence[UnreadableTask]) -> None:
    """Warn of the tasks left out as unreadable, with the next step for each."""
    for row in rows[:UNREADABLE_SHOWN]:
        warn(streams, f"{row.problem}; {row.next_step}")
    if more := len(rows[UNREADABLE_SHOWN:]):
        warn(streams, f"{pluralize(more, 'more task')} cannot be read")


def print_error(streams: Streams, error: TodoError) -> None:
    """Print what went wrong, its details indented, then the next step."""
    _write_labelled(streams, "error", error.message)
    for detail in error.details:
        say(streams, f"  {detail}")
    if error.hint:
        hint(streams, error.hint)


def say_dry_run(streams: Streams) -> None:
    """Say that this was a dry run."""
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
    """Return what a write did, as `done 3 tasks: 3–5; already done: 7`.

    `verb` is a participle; `already` says what the others were, if not simply that.
    """
    parts = []
    if outcome.changed:
        parts.append(f"{verb} {_name_tasks(outcome.changed)}")
    if outcome.unchanged:
        parts.append(f"{already or f'already {verb}'}: {_numbers(outcome.unchanged)}")
    return "; ".join(parts) or "nothing to change"


def _numbers(tasks: tuple[TaskPublic, ...]) -> str:
    return list_numbers(task.number for task in tasks)


def _name_tasks(tasks: tuple[TaskPublic, ...]) -> str:
    if len(tasks) == 1:
        return f"{tasks[0].number}: {tasks[0].title}"
    return f"{len(tasks)} tasks: {_numbers(tasks)}"


def _write_labelled(streams: Streams, label: str, text: str) -> None:
    is_coloured = streams.err_is_terminal and streams.colour
    _write(streams, f"{label}: {text}", _STYLES[label] if is_coloured else "")


def _write(streams: Streams, text: str, style: str = "") -> None:
    """Write a line, wrapped at words on a terminal; a style is that of its label."""
    text = make_displayable(_with_plain_dashes(text, streams.err), streams.err)
    if streams.err_is_terminal and len(text) > streams.width:
        text = _wrap(text, streams.width)
    if style:
        label, _, rest = text.partition(":")
        text = f"\x1b[{style}m{label}:\x1b[0m{rest}"
    streams.err.write(f"{text}\n")


def _with_plain_dashes(text: str, stream: TextIO) -> str:
    """The text with the dashes of its ranges as the stream's encoding can have them."""
    return text.replace(Symbols.dash, symbols_for(stream).dash) if Symbols.dash in text else text


def _wrap(text: str, width: int) -> str:
    """The text in lines that end at words; what stands in backticks, to be copied, stays whole."""
    import re
    import textwrap

    # A blank that is no place to wrap, and that no text has once it is escaped.
    glued = re.sub("`[^`]*`", lambda quoted: quoted[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(
        glued,
        max(width, NARROWEST),
        subsequent_indent=" " * (len(text) - len(text.lstrip(" "))),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\0", " ")
