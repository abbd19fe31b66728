"""Settings in two columns: name and value, with what it is below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neontodo.render.terminal.canvas import CARD_WIDTH, Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from neontodo.settings import ListedSetting
    from neontodo.streams import Streams


def draw_settings(settings: Sequence[ListedSetting], *, streams: Streams) -> None:
    """Draw each setting; one that was set is bold, with where that was done."""
    canvas = Canvas(streams)
    names = max(len(setting.name) for setting in settings)
    room = min(canvas.width, CARD_WIDTH) - names - 2
    rows = []
    for setting in settings:
        is_set = setting.origin != "default"
        value = f"{setting.value} (from {setting.origin})" if is_set else str(setting.value)
        shown = canvas.fold(canvas.safe(value or "none"), room)
        rows += [
            [Cell(setting.name), Cell(shown, "bold" if is_set else "")],
            [Cell(""), Cell(canvas.fold(canvas.safe(setting.about), room), "dim")],
        ]
    canvas.draw(Grid([Column("", names), Column("", room)], rows))
