"""Facts with names, in two columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from neontodo.streams import Streams


def draw_pairs(pairs: Sequence[tuple[str, str]], *, streams: Streams) -> None:
    """Draw each fact beside its name; long ones are folded."""
    canvas = Canvas(streams)
    names = max(cell_len(name) for name, _ in pairs)
    room = canvas.width - names - 2
    rows = [
        [Cell(name, "dim"), Cell(canvas.fold(canvas.safe(value), room))] for name, value in pairs
    ]
    canvas.draw(Grid([Column("", names), Column("", room)], rows))
