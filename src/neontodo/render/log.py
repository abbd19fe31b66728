"""The change log: a table in words, tab-separated lines, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neontodo.render.messages import say
from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.render.listing import Output
    from neontodo.tasks.results import LogEntry


def print_log(output: Output, entries: Sequence[LogEntry], *, is_asked: bool = False) -> None:
    """Print the changes in their order; `is_asked` says that their tasks were asked for."""
    streams, mode = output.streams, output.mode
    if mode == "lines":
        safe_write(streams.out, "".join(map(log_line, entries)))
    elif mode == "json":
        streams.out.writelines(json_array(map(log_json, entries)))
    elif entries:
        from neontodo.render.terminal.log import draw_log

        draw_log(entries, streams=streams, tz=output.tz, is_asked=is_asked)
    else:
        say(streams, "nothing has happened yet")


def log_line(entry: LogEntry) -> str:
    """A change as its line in a pipe: when, seq, task, kind, and the fields as compact JSON."""
    from neontodo.models import instant_text

    changes = json.dumps(field_changes(entry), ensure_ascii=False, separators=(",", ":"))
    number = "" if entry.number is None else entry.number
    return f"{instant_text(entry.at)}\t{entry.seq}\t{number}\t{entry.kind}\t{field(changes)}\n"


def field_changes(entry: LogEntry) -> dict[str, Any]:
    """Every changed field with its old and new value; changed tags as added and removed."""
    before, after = entry.before or {}, entry.after or {}
    changes: dict[str, Any] = {}
    for name in [*after, *(name for name in before if name not in after)]:
        new = after.get(name)
        changes[name] = new if isinstance(new, dict) and name == "tags" else [before.get(name), new]
    return changes


def log_json(entry: LogEntry) -> dict[str, Any]:
    """The documented fields in their documented order."""
    from neontodo.models import instant_text

    return {
        "seq": entry.seq,
        "at": instant_text(entry.at),
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
