"""What `doctor` found, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from neontodo.doctor.finding import Finding
    from neontodo.streams import Streams

STYLES = {"ok": "green", "note": "yellow", "failed": "bold red", "skipped": "dim"}


def draw_findings(findings: Sequence[Finding], *, streams: Streams) -> None:
    """Draw a line for each check; long details are folded."""
    canvas = Canvas(streams)
    times = [_time(found.seconds) for found in findings]
    widths = [
        max(len(found.check) for found in findings),
        max(len(found.status) for found in findings),
        max(map(len, times)),
    ]
    room = max(10, canvas.width - sum(widths) - 6)
    rows = [
        [
            Cell(found.check),
            Cell(found.status, STYLES[found.status]),
            Cell(time, "dim"),
            Cell(canvas.fold(canvas.safe(found.detail), room), _style(found)),
        ]
        for found, time in zip(findings, times, strict=True)
    ]
    columns = [
        Column("check", max(widths[0], cell_len("check"))),
        Column("", widths[1]),
        Column("", widths[2], right=True),
        Column("", room),
    ]
    canvas.draw(Grid(columns, rows))


def _style(found: Finding) -> str:
    return "dim" if found.status == "skipped" else ""


def _time(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f} ms"
