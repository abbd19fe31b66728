"""Tags or projects as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from neontodo.streams import Streams
    from neontodo.tasks.results import Count

NAME_WIDTH = 60


def draw_counts(counts: Sequence[Count], *, streams: Streams, name: str) -> None:
    """Draw the names with how many tasks are pending and done."""
    canvas = Canvas(streams)
    names = [canvas.safe(count.name) for count in counts]
    numbers = [Column("pending", 7, right=True), Column("done", 7, right=True)]
    room = canvas.width - sum(column.width + 2 for column in numbers)
    width = min(room, NAME_WIDTH, max(len(name), *map(cell_len, names)))
    rows = [
        [Cell(canvas.crop(text, width)), Cell(str(count.pending)), Cell(str(count.done), "dim")]
        for text, count in zip(names, counts, strict=True)
    ]
    canvas.draw(Grid([Column(name, width), *numbers], rows, rule=canvas.symbols.rule))
