"""Columns of styled text without a frame, as a Rich renderable.

Rich's own Table measures, wraps and pads every cell again and again: 12 ms for twenty tasks whose
widths are known, a third of a warm command. This one only draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


class Cell(NamedTuple):
    """Safe text of one or more lines, its style, and a dim mark after the last of them."""

    text: str
    style: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Column:
    """What stands above a column, and its width."""

    head: str
    width: int
    right: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows of cells that already fit their columns; `rule`, if any, is drawn under the heads."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    gap: int = 2
    rule: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.rule:
            yield from self._row(console, [Cell(column.head, "dim") for column in self.columns])
            width = sum(column.width + self.gap for column in self.columns) - self.gap
            yield Segment(self.rule * width, console.get_style("dim"))
            yield Segment.line()
        for row in self.rows:
            yield from self._row(console, row)

    def _row(self, console: Console, cells: Sequence[Cell]) -> RenderResult:
        split = [_lines(cell) for cell in cells]
        for line in zip_longest(*split, fillvalue=Cell("")):
            blank = 0
            for column, cell in zip(self.columns, line, strict=True):
                spare = column.width - cell_len(cell.text) - cell_len(cell.mark)
                if cell.text:
                    yield Segment(" " * (blank + spare if column.right else blank))
                    yield Segment(cell.text, console.get_style(cell.style or "none"))
                    yield Segment(cell.mark, console.get_style("dim"))
                    blank = 0 if column.right else spare
                else:
                    blank += column.width
                blank += self.gap
            yield Segment.line()


def _lines(cell: Cell) -> list[Cell]:
    if "\n" not in cell.text:
        return [cell]
    *lines, last = cell.text.split("\n")
    return [*(Cell(line, cell.style) for line in lines), cell._replace(text=last)]
