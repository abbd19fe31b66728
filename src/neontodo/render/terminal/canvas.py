"""The one way to a terminal: Rich draws into memory, and the stream gets text it can encode."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from neontodo.render.terminal.symbols import symbols_for
from neontodo.render.text import safe_write, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from neontodo.streams import Streams

MIN_WIDTH = 20

CARD_WIDTH = 100
"""Columns for prose: text that is wider is hard to read."""


class Canvas:
    """Standard output as a terminal; a narrower one than `MIN_WIDTH` folds the lines itself.

    It asks nothing of the environment: the streams know it all.
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
        """Draw one below the other on the stream."""
        for renderable in renderables:
            self._console.print(renderable)
        safe_write(self.stream, self._drawn.getvalue())
        self._drawn.seek(0)
        self._drawn.truncate()

    def safe(self, text: str) -> str:
        """The text with nothing in it that acts, hides or cannot be encoded."""
        return shown(text, self.stream)

    def crop(self, text: str, width: int) -> str:
        """Safe text, shortened to this many columns."""
        if cell_len(text) <= width:
            return text
        ellipsis = self.symbols.ellipsis
        return set_cell_size(text, width - cell_len(ellipsis)).rstrip() + ellipsis

    def fold(self, text: str, width: int, *, lines: int | None = None) -> str:
        """Safe text in lines of this many columns, shortened if there would be more of them."""
        if cell_len(text) <= width:
            return text
        wrapped = Text(text).wrap(self._console, width, overflow="fold")
        kept = [line.plain.rstrip() for line in wrapped[:lines]]
        if lines and len(wrapped) > lines:
            rest = " ".join(line.plain.rstrip() for line in wrapped[lines - 1 :])
            kept[-1] = self.crop(rest, width)
        return "\n".join(kept)
