"""Tables on a terminal: which columns give way is decided here, and Rich draws them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from neontodo.render.text import make_displayable, safe_write, symbols_for

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from neontodo.render.listing import Column, Listing
    from neontodo.streams import Streams

T = TypeVar("T")

MIN_WIDTH = 20

CARD_WIDTH = 100
"""Columns for prose: text that is wider is hard to read."""

NARROWEST = 7
"""Text in fewer columns says nothing, and the longest heads need them."""

MAIN_ROOM = 30
"""Columns that the main column gets before optional ones get any; two fifths if that is more."""


class Canvas:
    """Standard output as a terminal: Rich draws into memory, the stream gets what it can encode.

    It asks nothing of the environment, since the streams know it all. A terminal narrower than
    `MIN_WIDTH` folds the lines itself.
    """

    def __init__(self, streams: Streams) -> None:
        self.stream = streams.out
        self.symbols = symbols_for(streams.out)
        self.width = max(streams.width, MIN_WIDTH)
        self._drawn = io.StringIO()
        self._console = Console(
            file=self._drawn,
            width=self.width,
            force_terminal=streams.colour,
            color_system="standard" if streams.colour else None,
            no_color=not streams.colour,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            _environ={},
        )

    def draw(self, *renderables: RenderableType) -> None:
        """Draw one below the other on the stream, without blanks at the ends of lines."""
        for renderable in renderables:
            self._console.print(renderable, crop=False)
        lines = self._drawn.getvalue().split("\n")
        safe_write(self.stream, "\n".join(line.rstrip(" ") for line in lines))
        self._drawn.seek(0)
        self._drawn.truncate()

    def safe(self, text: str) -> str:
        """Return the text with nothing in it that acts, hides or cannot be encoded."""
        return make_displayable(text, self.stream)

    def crop(self, text: str, width: int) -> str:
        """Return safe text shortened to this many columns."""
        if cell_len(text) <= width:
            return text
        ellipsis = self.symbols.ellipsis
        return set_cell_size(text, width - cell_len(ellipsis)).rstrip() + ellipsis

    def fold(self, text: str, width: int, *, lines: int | None = None) -> str:
        """Return safe text in lines of this many columns, shortened if there would be more."""
        if cell_len(text) <= width:
            return text
        if lines == 1:
            return self.crop(text, width)
        wrapped = Text(text).wrap(self._console, width, overflow="fold")
        folded = [line.plain.rstrip() for line in wrapped[:lines]]
        if lines and len(wrapped) > lines:
            rest = " ".join(line.plain.rstrip() for line in wrapped[lines - 1 :])
            folded[-1] = self.crop(rest, width)
        return "\n".join(folded)


@dataclass(frozen=True)
class Cell:
    """Safe text of one or more lines, its style, and a dim mark after the last of them.

    It fits its column already, so Rich draws it as it is.
    """

    text: str
    style: str = ""
    mark: str = ""

    @property
    def width(self) -> int:
        return max(map(cell_len, f"{self.text}{self.mark}".split("\n")))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self.text, console.get_style(self.style or "none"))
        if self.mark:
            yield Segment(self.mark, console.get_style("dim"))
        yield Segment.line()


def draw_listing(streams: Streams, listing: Listing[T], things: Sequence[T]) -> None:
    """Draw the things as a table that fits the terminal, with its foot below it."""
    canvas, columns, gap = Canvas(streams), listing.columns, listing.gap
    cells = {column: [_cell(canvas, column, thing) for thing in things] for column in columns}
    filled = {
        column: texts
        for column, texts in cells.items()
        if column.is_main or any(cell.text for cell in texts)
    }
    wanted = {
        column: min(column.widest, max(len(column.head), *(cell.width for cell in texts)))
        for column, texts in filled.items()
    }
    widths = fit_widths(wanted, canvas.width, gap)
    fitted = [
        [_fit(canvas, column, cell, width) for cell in filled[column]]
        for column, width in widths.items()
    ]
    head, rows = _head(canvas, widths, gap), list(zip(*fitted, strict=True))
    headings = _list_headings(listing, things)
    shown = len(rows)
    if listing.height is not None:
        heights = [
            max(cell.text.count("\n") for cell in row) + (2 if heading else 1)
            for row, heading in zip(rows, headings, strict=True)
        ]
        shown = _count_fitting(heights, listing.height - len(head), canvas, listing.foot)
    blocks = _split_rows(head, rows[:shown], headings)
    foot = listing.foot(shown)
    canvas.draw(
        *(
            block if isinstance(block, Cell) else make_table([*widths.values()], block, gap=gap)
            for block in blocks
        ),
        *([Cell(foot, "dim")] if foot else ()),
    )


def _list_headings(listing: Listing[T], things: Sequence[T]) -> list[str]:
    """Return the heading above each thing, nothing where it is that of the one before."""
    if listing.group is None:
        return [""] * len(things)
    names = list(map(listing.group, things))
    pairs = zip(names, ["", *names], strict=False)
    return [name if name != before else "" for name, before in pairs]


def _count_fitting(
    heights: Sequence[int], room: int, canvas: Canvas, make_foot: Callable[[int], str]
) -> int:
    """Return how many rows have room in so many lines beside the foot; at least one is shown."""
    shown = len(heights)
    while True:
        foot = -(-cell_len(make_foot(shown)) // canvas.width)
        fitting = sum(height <= room - foot for height in accumulate(heights[:shown]))
        if fitting >= shown or shown == 1:
            return shown
        shown = max(fitting, 1)


def _split_rows(
    head: list[list[Cell]], rows: Sequence[Sequence[Cell]], headings: Sequence[str]
) -> Iterator[Cell | Sequence[Sequence[Cell]]]:
    """Yield the rows below their head and their headings, and these between them."""
    block: list[Sequence[Cell]] = [*head]
    for row, heading in zip(rows, headings, strict=False):
        if heading:
            yield block
            yield Cell(heading, "bold")
            block = []
        block.append(row)
    yield block


def _head(canvas: Canvas, widths: dict[Column[T], int], gap: int) -> list[list[Cell]]:
    if not any(column.head for column in widths):
        return []
    heads = [
        column.head.rjust(width) if column.is_number else column.head
        for column, width in widths.items()
    ]
    spaces = _spaces(list(widths.values()), gap)
    return [
        [Cell(head, "dim") for head in heads],
        [Cell(canvas.symbols.rule * space, "dim") for space in spaces],
    ]


def fit_widths(wanted: dict[Column[Any], int], room: int, gap: int) -> dict[Column[Any], int]:
    """Return the width of each column that stays, in their order.

    Optional columns share what the main column does not need.
    """
    main = next(column for column in wanted if column.is_main)
    optional = sorted((column for column in wanted if column.rank), key=lambda each: each.rank)
    fixed = sum(width + gap for each, width in wanted.items() if each is not main and not each.rank)
    least = min(wanted[main], max(MAIN_ROOM, room * 2 // 5))
    shares = _share({each: wanted[each] for each in optional}, room - fixed - least, gap)
    widths = {
        column: shares.get(column, width)
        for column, width in wanted.items()
        if column in shares or not column.rank
    }
    left = room - sum(width + gap for column, width in widths.items() if column is not main)
    widths[main] = min(wanted[main], max(NARROWEST, left))
    return widths


def _share(wanted: dict[Column[Any], int], spare: int, gap: int) -> dict[Column[Any], int]:
    """Give each column all it wants, else those that can shrink a fair part, else drop the last."""
    while wanted:
        if sum(width + gap for width in wanted.values()) <= spare:
            return wanted
        fair = spare // len(wanted) - gap
        modest = {column: width for column, width in wanted.items() if width <= fair}
        large = [column for column in wanted if column not in modest]
        if fair >= NARROWEST and all(column.can_shrink for column in large):
            left = spare - sum(width + gap for width in modest.values())
            most = left // len(large) - gap
            return {column: min(width, most) for column, width in wanted.items()}
        wanted = dict(list(wanted.items())[:-1])
    return {}


def _cell(canvas: Canvas, column: Column[T], thing: T) -> Cell:
    text = column.text(thing)
    lines = [text] if isinstance(text, str) else text
    style = column.style if isinstance(column.style, str) else column.style(thing)
    mark = column.mark(thing) if column.mark else ""
    return Cell("\n".join(map(canvas.safe, lines)), style, mark)


def _fit(canvas: Canvas, column: Column[Any], cell: Cell, width: int) -> Cell:
    if column.is_number:
        return Cell(cell.text.rjust(width), cell.style)
    if cell.width <= width:
        return cell
    room = width - cell_len(cell.mark)
    lines = (canvas.fold(line, room, lines=column.lines) for line in cell.text.split("\n"))
    return Cell("\n".join(lines), cell.style, cell.mark)


def draw_pairs(
    canvas: Canvas, pairs: Sequence[tuple[str | Cell, Cell]], width: int | None = None
) -> None:
    """Draw each fact beside its name; long ones are folded to the `width`."""
    names = [Cell(name, "dim") if isinstance(name, str) else name for name, _ in pairs]
    longest = max(name.width for name in names)
    room = (width or canvas.width) - longest - 2
    rows = [
        (name, Cell(canvas.fold(value.text, room), value.style))
        for name, (_, value) in zip(names, pairs, strict=True)
    ]
    canvas.draw(make_table((longest, room), rows))


def make_table(widths: Sequence[int], rows: Iterable[Sequence[Cell]], *, gap: int = 2) -> Table:
    """Return a Rich table of cells that already fit."""
    table = Table.grid()
    for space in _spaces(widths, gap):
        table.add_column(width=space, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _spaces(widths: Sequence[int], gap: int) -> list[int]:
    # Rich would measure padding for every cell.
    return [*(width + gap for width in widths[:-1]), widths[-1]]
