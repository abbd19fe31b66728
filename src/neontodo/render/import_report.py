"""What became of an imported file: a sentence and its details, or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neontodo.errors import limit_lines
from neontodo.render.messages import hint, say, warn
from neontodo.wording import pluralize

if TYPE_CHECKING:
    from neontodo.render.listing import Output
    from neontodo.tasks.importing import Report

NUMBERS_SHOWN = 5
PROBLEMS_SHOWN = 10


def print_report(output: Output, report: Report) -> None:
    """Say what an import did, on standard error; as JSON it is the command's output too."""
    streams = output.streams
    say(streams, report_sentence(report))
    if taken := report.renumbered - report.too_high:
        say(streams, f"numbers that were taken: {_list_renumbered(taken, report.numbers)}")
    if high := report.too_high:
        were = "number was" if high == 1 else "numbers were"
        changes = _list_renumbered(high, report.high_numbers)
        warn(streams, f"{high} {were} replaced as too far above the others: {changes}")
    if report.bad:
        warn(streams, f"left out {pluralize(report.bad, 'record')} that cannot be read")
        for line in limit_lines(report.problems[:PROBLEMS_SHOWN], report.bad):
            say(streams, f"  {line}")
    if report.removed_here:
        hint(streams, "`--restore` restores removed tasks")
    if output.mode == "json":
        streams.out.write(json.dumps(report_json(report), indent=2) + "\n")


def report_sentence(report: Report) -> str:
    """Return a sentence such as `imported 144 tasks; skipped 3 deleted ones`."""
    parts = [f"imported {pluralize(report.added, 'task')}" if report.added else "imported nothing"]
    parts += [f"skipped {count} {reason}" for reason, count in report.skipped.items()]
    if here := report.already_here:
        parts.append(f"{here} {'is' if here == 1 else 'are'} here already")
    if again := report.repeated:
        ids = "id occurs" if again == 1 else "ids occur"
        parts.append(f"skipped {again} whose {ids} earlier in the file")
    if gone := report.removed_here:
        parts.append(f"skipped {gone} that {'was' if gone == 1 else 'were'} removed here")
    return "; ".join(parts)


def report_json(report: Report) -> dict[str, Any]:
    """Return the documented fields in their documented order."""
    return {
        "added": report.added,
        "already_here": report.already_here,
        "repeated": report.repeated,
        "removed_here": report.removed_here,
        "skipped": dict(report.skipped),
        "renumbered": report.renumbered,
        "numbers": {str(old): new for old, new in (report.numbers | report.high_numbers).items()},
        "too_high": report.too_high,
        "bad": report.bad,
        "problems": report.problems,
    }


def _list_renumbered(count: int, numbers: Mapping[int, int]) -> str:
    shown = [f"{old} is now {new}" for old, new in list(numbers.items())[:NUMBERS_SHOWN]]
    return ", ".join(limit_lines(shown, count))
