"""Sentences for a person, beside the output: what happened, and the next step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neontodo.errors import Declined, limit_lines
from neontodo.fields import FIELDS, Field, Kind
from neontodo.render.text import Symbols, make_displayable, shorten, symbols_for
from neontodo.wording import list_numbers, pluralize

if TYPE_CHECKING:
    from collections import Counter

    from neontodo.errors import TodoError
    from neontodo.models import TaskPublic, When
    from neontodo.render.listing import Output
    from neontodo.streams import Streams
    from neontodo.tasks.importing import Report
    from neontodo.tasks.results import Outcome, UnreadableTask

UNREADABLE_SHOWN = 10
NUMBERS_SHOWN = 5
NAMES_SHOWN = 10
DIFFERENCES_SHOWN = 10
NARROWEST = 20

_KINDS = (Kind.WHEN, Kind.NAME, Kind.TAGS, Kind.PRIORITY, Kind.TEXT)
DESCRIBED = tuple(
    field
    for kind in _KINDS
    for field in FIELDS
    if field.kind is kind and field.option and not field.is_required
)
"""What is said of a new or edited task beside its title; first what is misread most easily."""

_STYLES = {"error": "1;31", "warning": "1;33", "hint": "1;36"}


def say(streams: Streams, text: str) -> None:
    """Print one line on standard error about what was done, unless that is not wanted."""
    if not streams.is_quiet:
        print_message(streams, text)


def print_message(streams: Streams, text: str, style: str = "") -> None:
    """Print one line on standard error; control characters in it are spelled out.

    On a terminal it is wrapped at words. A style is that of the label before the colon.
    """
    if Symbols.dash in text:
        text = text.replace(Symbols.dash, symbols_for(streams.err).dash)
    text = make_displayable(text, streams.err)
    if streams.err_is_terminal and len(text) > streams.width:
        text = _wrap(text, streams.width)
    if style:
        label, _, rest = text.partition(":")
        text = f"\x1b[{style}m{label}:\x1b[0m{rest}"
    streams.err.write(f"{text}\n")


def warn(streams: Streams, text: str) -> None:
    """Print a warning in one line."""
    _write_labelled(streams, "warning", text)


def hint(streams: Streams, text: str) -> None:
    """Print the next step in one line, unless only warnings and errors are wanted."""
    if not streams.is_quiet:
        _write_labelled(streams, "hint", text)


def warn_unreadable(streams: Streams, rows: Sequence[UnreadableTask]) -> None:
    """Warn of the tasks left out as unreadable, with the next step for each."""
    for row in rows[:UNREADABLE_SHOWN]:
        warn(streams, f"{row.problem}; {row.next_step}")
    if more := len(rows[UNREADABLE_SHOWN:]):
        warn(streams, f"{pluralize(more, 'more task')} cannot be read")


def print_error(streams: Streams, error: TodoError) -> None:
    """Print what went wrong, its details indented, then the next step; a no is no error."""
    if isinstance(error, Declined):
        print_message(streams, error.message)
    else:
        _write_labelled(streams, "error", error.message)
    for detail in error.details:
        print_message(streams, f"  {detail}")
    if error.hint:
        _write_labelled(streams, "hint", error.hint)


def say_dry_run(streams: Streams) -> None:
    """Say that this was a dry run."""
    say(streams, "this was a dry run: nothing was changed")


def print_outcome(
    streams: Streams,
    verb: str | None,
    outcome: Outcome,
    *,
    already: str | None = None,
    format_when: Callable[[When], str] = str,
) -> None:
    """Say what a write did, unless its notes do, and then those."""
    if verb is not None and (outcome.changed or outcome.unchanged or not outcome.notes):
        *others, last = _describe_tasks(outcome, symbols_for(streams.err), format_when) or [""]
        for described in others:
            say(streams, f"{verb} {described}")
        say(streams, changed_sentence(verb, outcome, already=already, described=last))
    for note in outcome.notes:
        say(streams, note)


def changed_sentence(
    verb: str, outcome: Outcome, *, already: str | None = None, described: str = ""
) -> str:
    """Return what a write did, as `done 3 tasks: 3–5; already done: 7`.

    `verb` is a participle; `already` says what the others were, if not simply that; `described`
    stands for the changed tasks.
    """
    parts = []
    if outcome.changed:
        parts.append(f"{verb} {described or _name_tasks(outcome.changed)}")
    if outcome.unchanged:
        parts.append(f"{already or f'already {verb}'}: {_numbers(outcome.unchanged)}")
    return "; ".join(parts) or "nothing to change"


def _numbers(tasks: tuple[TaskPublic, ...]) -> str:
    return list_numbers(task.number for task in tasks)


def _name_tasks(tasks: tuple[TaskPublic, ...]) -> str:
    if len(tasks) == 1:
        return f"{tasks[0].number}: {tasks[0].title}"
    return f"{len(tasks)} tasks: {_numbers(tasks)}"


def _describe_tasks(
    outcome: Outcome, symbols: Symbols, format_when: Callable[[When], str]
) -> list[str]:
    """Return each task with what is new of it; nothing if that is no more than their titles."""
    described = [
        [
            _name_task(task, before, symbols),
            *_describe_fields(task, before, symbols, format_when),
        ]
        for before, task in zip(outcome.before, outcome.changed, strict=False)
    ]
    plain = [[f"{task.number}: {task.title}"] for task in outcome.changed]
    if described == plain:
        return []
    return [f" {symbols.dot} ".join(parts) for parts in described]


def _name_task(task: TaskPublic, before: TaskPublic | None, symbols: Symbols) -> str:
    old = "" if before is None or before.title == task.title else f"{before.title} {symbols.arrow} "
    return f"{task.number}: {old}{task.title}"


def _describe_fields(
    task: TaskPublic,
    before: TaskPublic | None,
    symbols: Symbols,
    format_when: Callable[[When], str],
) -> Iterator[str]:
    """Yield what a new task has, or what an edited one had and has now, a part for each field."""
    for field in DESCRIBED:
        new = getattr(task, field.name)
        old = field.empty if before is None else getattr(before, field.name)
        if (new or field.empty) == (old or field.empty):
            continue
        if field.kind is Kind.TAGS:
            changes = [f"+{tag}" for tag in new if tag not in old]
            yield " ".join(changes + [f"-{tag}" for tag in old if tag not in new])
        elif before is not None:
            shown = (_format_value(field, value, symbols, format_when) for value in (old, new))
            yield f"{field.name} {f' {symbols.arrow} '.join(shown)}"
        elif field.kind is Kind.PRIORITY:
            yield new.label
        elif field.kind is not Kind.TEXT:
            yield f"{field.name} {_format_value(field, new, symbols, format_when)}"


def _format_value(
    field: Field, value: Any, symbols: Symbols, format_when: Callable[[When], str]
) -> str:
    if not value:
        return "none"
    match field.kind:
        case Kind.WHEN:
            return format_when(value)
        case Kind.PRIORITY:
            return str(value.label)
    return shorten(value, symbols)


def _write_labelled(streams: Streams, label: str, text: str) -> None:
    is_coloured = streams.err_is_terminal and streams.colour
    print_message(streams, f"{label}: {text}", _STYLES[label] if is_coloured else "")


def print_report(output: Output, report: Report) -> None:
    """Say what an import did, on standard error; as JSON it is the command's output too."""
    streams = output.streams
    say(streams, _write_sentence(report))
    if report.schedules:
        say(streams, _describe_schedules(report.schedules))
    if report.differences:
        say(streams, _list_differences(report))
    if report.foreign:
        changes = _list_renumbered(report.foreign, report.foreign_numbers)
        say(streams, f"numbers of another program are kept in `extra`: {changes}")
    if taken := report.renumbered - report.too_high:
        say(streams, f"numbers that were taken: {_list_renumbered(taken, report.numbers)}")
    if high := report.too_high:
        were = "number was" if high == 1 else "numbers were"
        changes = _list_renumbered(high, report.high_numbers)
        warn(streams, f"{high} {were} replaced as too far above the others: {changes}")
    if names := report.not_understood:
        say(streams, f"kept in `extra`, not understood: {_list_counts(names)}")
    if report.bad:
        warn(streams, f"left out {report.count_bad()} that cannot be read")
        for line in report.list_problems():
            say(streams, f"  {line}")
    if report.removed_here:
        hint(streams, "`--restore` restores removed tasks")
    if output.mode == "json":
        streams.out.write(json.dumps(_to_json(report), indent=2) + "\n")


def _write_sentence(report: Report) -> str:
    done = {"imported": report.added, "updated": report.updated}
    parts = [f"{verb} {pluralize(count, 'task')}" for verb, count in done.items() if count]
    parts = parts or ["imported nothing"]
    parts += [f"skipped {count} {reason}" for reason, count in report.skipped.items()]
    if here := report.already_here:
        parts.append(f"{here} {'is' if here == 1 else 'are'} here already")
    if again := report.repeated:
        ids = "id occurs" if again == 1 else "ids occur"
        parts.append(f"skipped {again} whose {ids} more than once in the file")
    if gone := report.removed_here:
        parts.append(f"skipped {gone} that {'was' if gone == 1 else 'were'} removed here")
    return "; ".join(parts)


def _to_json(report: Report) -> dict[str, Any]:
    numbers = report.numbers | report.high_numbers | report.foreign_numbers
    fields = vars(report) | {"numbers": numbers}
    del fields["high_numbers"], fields["foreign_numbers"]
    return fields


def _describe_schedules(schedules: Mapping[str, int]) -> str:
    verbs = {"repeating": ("repeats", "repeat")}
    parts = [f"{count} {verbs[kind][count > 1]}" for kind, count in schedules.items()]
    they_are = "it is" if sum(schedules.values()) == 1 else "they are"
    return f"{' and '.join(parts)} in the file; todo cannot do that yet: {they_are} pending now"


def _list_differences(report: Report) -> str:
    """Return the tasks that the file changed, or has otherwise, with the names of the fields."""
    count = report.updated + report.differing
    listed = list(report.differences.items())[:DIFFERENCES_SHOWN]
    shown = [f"{number} ({', '.join(fields)})" for number, fields in listed]
    tasks = ", ".join(limit_lines(shown, count))
    if report.updated:
        return f"updated from the file: {tasks}"
    differ = "is here differs" if count == 1 else "are here differ"
    return f"{count} that {differ} from what is imported: {tasks}"


def _list_renumbered(count: int, numbers: Mapping[int, int]) -> str:
    shown = [f"{old} is now {new}" for old, new in list(numbers.items())[:NUMBERS_SHOWN]]
    return ", ".join(limit_lines(shown, count))


def _list_counts(names: Counter[str]) -> str:
    shown = [f"{name} ({count})" for name, count in names.most_common(NAMES_SHOWN)]
    return ", ".join(limit_lines(shown, len(names)))


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
