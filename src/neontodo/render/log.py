"""The change log: a table in words, tab-separated lines, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from neontodo.fields import BY_NAME, FIELDS, Kind
from neontodo.render.listing import Column, Listing, print_listing
from neontodo.render.text import Symbols, local_time, shorten, symbols_for
from neontodo.wording import pluralize

if TYPE_CHECKING:
    from neontodo.render.listing import Output
    from neontodo.tasks.results import LogEntry

LINES = 3

_KINDS = {"create": "added", "delete": "removed"}
_STYLES = {"create": "green", "delete": "red"}


def print_log(
    output: Output,
    entries: Sequence[LogEntry],
    *,
    is_asked: bool = False,
    is_narrowed: bool = False,
) -> None:
    """Print the changes in their order.

    `is_asked` says that their tasks were asked for, `is_narrowed` that a time or a command was.
    """
    listing = Listing(
        columns=_columns(output, entries, is_asked) if output.mode == "table" else (),
        to_json=log_json,
        to_fields=_fields,
        none_found="nothing of that has happened" if is_narrowed else "nothing has happened yet",
    )
    print_listing(output, entries, listing)


def log_json(entry: LogEntry) -> dict[str, Any]:
    """Return the documented fields in their documented order."""
    from neontodo.models import format_instant

    return {
        "seq": entry.seq,
        "at": format_instant(entry.at),
        "command_id": str(entry.command_id),
        "reverts": entry.reverts and str(entry.reverts),
        "machine": entry.machine,
        "task_id": str(entry.task_id),
        "number": entry.number,
        "title": entry.title,
        "kind": entry.kind,
        "before": entry.before,
        "after": entry.after,
    }


def _fields(entry: LogEntry) -> tuple[Any, ...]:
    """The fields in a pipe: when, seq, task, kind, and what changed as compact JSON."""
    from neontodo.models import format_instant

    return format_instant(entry.at), entry.seq, entry.number, entry.kind, _changed_fields(entry)


def _changed_fields(entry: LogEntry) -> dict[str, Any]:
    """Return old and new value of each changed field; members of a set as added and removed."""
    before, after = entry.before or {}, entry.after or {}
    changes: dict[str, Any] = {}
    for name in [*after, *(name for name in before if name not in after)]:
        new = after.get(name)
        old = before.get(name)
        if BY_NAME[name].is_set and isinstance(new, dict) and isinstance(old, dict):
            changes[name] = {"added": new["added"], "removed": old["added"]}
        else:
            changes[name] = [old, new]
    return changes


def _columns(output: Output, entries: Sequence[LogEntry], is_asked: bool) -> list[Column[LogEntry]]:
    """When, which task, on which machine, what; none that says the same of every change.

    Changes of one command stand together, below one time.
    """
    tz, symbols = output.tz, symbols_for(output.streams.out)
    part = max(1, output.streams.width // 4)
    commands = [None, *(entry.command_id for entry in entries)]
    starts = {
        entry.seq
        for entry, before in zip(entries, commands, strict=False)
        if entry.command_id != before
    }
    columns: list[Column[LogEntry]] = [
        Column("when", lambda each: local_time(each.at, tz) if each.seq in starts else "", "dim")
    ]
    if not is_asked or len({entry.task_id for entry in entries}) > 1:
        columns += [
            Column("#", lambda each: _show_task(each, str(each.number or "")), is_number=True),
            Column(
                "task",
                lambda each: _show_task(each, each.title),
                rank=1,
                can_shrink=True,
                widest=part,
            ),
        ]
    if len({entry.machine for entry in entries}) > 1:
        columns.append(
            Column(
                "machine", lambda each: each.machine, "dim", rank=2, can_shrink=True, widest=part
            )
        )
    columns.append(
        Column(
            "what",
            lambda each: [*_events(each, tz, symbols)],
            lambda each: _STYLES.get(each.kind, ""),
            is_main=True,
            lines=LINES,
        )
    )
    return columns


def _show_task(entry: LogEntry, text: str) -> str:
    """Return what is said of the task that an entry is about; nothing where it is about many."""
    return text if entry.count == 1 else ""


def _events(entry: LogEntry, tz: tzinfo, symbols: Symbols) -> Iterator[str]:
    """What happened, a line for each field; the first says whether it was an undo."""
    if entry.kind in _KINDS:
        events = [_KINDS[entry.kind]]
    elif entry.count > 1 and "completed" not in (entry.after or {}):
        events = ["edited"]
    else:
        events = [*_updates(entry, tz, symbols)]
    if entry.reverts and entry.kind == "create":
        events = ["restored"]
    first, *others = events or ["changed"]
    if entry.count > 1:
        first, others = f"{pluralize(entry.count, 'task')} {first}", []
    if entry.is_undone:
        first += ", undone since" if entry.redo or not entry.reverts else ", redone since"
    yield f"{'redo' if entry.redo else 'undo'}: {first}" if entry.reverts else first
    yield from others


def _updates(entry: LogEntry, tz: tzinfo, symbols: Symbols) -> Iterator[str]:
    before, after = entry.before or {}, entry.after or {}
    for field in FIELDS:
        if field.name in after:
            old, new = before.get(field.name), after[field.name]
            match field.kind:
                case Kind.FLAG:
                    yield "done" if new else "pending again"
                case Kind.TAGS:
                    changes = [f"+{tag}" for tag in new["added"]]
                    yield " ".join(changes + [f"-{tag}" for tag in new["removed"]])
                case Kind.NOTES:
                    yield from (f"noted: {shorten(n['text'], symbols)}" for n in new["added"])
                    gone = old["added"] if old else ()
                    yield from (f"note removed: {shorten(n['text'], symbols)}" for n in gone)
                case Kind.OBJECT:
                    yield f"{field.name} changed"
                case Kind.WHEN:
                    yield _change(field.name, _due(old, tz), _due(new, tz), symbols)
                case Kind.TEXT | Kind.NAME | Kind.PRIORITY:
                    yield _change(field.name, old, new, symbols)


def _change(name: str, old: str | None, new: str | None, symbols: Symbols) -> str:
    shown = [shorten(value or "none", symbols) for value in (old, new)]
    return f"{name}: {f' {symbols.arrow} '.join(shown)}"


def _due(text: str | None, tz: tzinfo) -> str | None:
    return local_time(datetime.fromisoformat(text), tz) if text and "T" in text else text
