"""What `doctor` found: a table, tab-separated lines, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from neontodo.render.text import field, safe_write

if TYPE_CHECKING:
    from neontodo.doctor.finding import Finding
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams


def print_findings(findings: Sequence[Finding], code: int, *, streams: Streams, mode: Mode) -> None:
    """Print the findings in their order; `code` is the exit code that they cost."""
    if mode == "json":
        streams.out.write(json.dumps(_json(findings, code), indent=2) + "\n")
    elif mode == "table":
        from neontodo.render.terminal.findings import draw_findings

        draw_findings(findings, streams=streams)
    else:
        safe_write(streams.out, "".join(map(_line, findings)))


def _json(findings: Sequence[Finding], code: int) -> dict[str, object]:
    """The documented names in their documented order."""
    checks = [
        {
            "check": found.check,
            "status": found.status,
            "ms": milliseconds(found.seconds),
            "detail": found.detail,
            "hint": found.hint,
        }
        for found in findings
    ]
    return {"ok": code == 0, "exit_code": code, "checks": checks}


def _line(found: Finding) -> str:
    ms = milliseconds(found.seconds)
    return f"{found.check}\t{found.status}\t{'' if ms is None else ms}\t{field(found.detail)}\n"


def milliseconds(seconds: float | None) -> float | None:
    """A time as people and scripts read it."""
    return None if seconds is None else round(seconds * 1000, 1)
