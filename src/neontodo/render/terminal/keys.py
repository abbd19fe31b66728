"""Keys as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.accounts import key_status
from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid
from neontodo.render.text import local_time

if TYPE_CHECKING:
    from neontodo.accounts.queries import StoredKey
    from neontodo.streams import Streams

ID_WIDTH = 8
DAY_WIDTH = 10
STATUS_WIDTH = 7
NAME_WIDTH = 40
CREATED_ROOM = 56
"""Columns from which on it is shown when a key was created."""

STYLES = {"active": "green", "expired": "dim", "revoked": "red"}


def draw_keys(
    keys: Sequence[StoredKey], *, in_use: str, streams: Streams, now: datetime, tz: tzinfo
) -> None:
    """Draw what each key is for, and until when its tokens are accepted."""
    canvas = Canvas(streams)
    with_created = canvas.width >= CREATED_ROOM
    names = [canvas.safe(key.label) for key in keys]
    columns = [Column("id", ID_WIDTH), Column("name", _name_width(canvas, names, with_created))]
    if with_created:
        columns.append(Column("created", DAY_WIDTH))
    columns += [Column("expires", DAY_WIDTH), Column("status", STATUS_WIDTH)]

    def row(key: StoredKey, name: str) -> list[Cell]:
        created = [Cell(local_time(key.created_at, tz)[:DAY_WIDTH], "dim")] if with_created else []
        expires = local_time(key.expires_at, tz)[:DAY_WIDTH] if key.expires_at else "never"
        state = "in use" if key.id == in_use else key_status(key, now)
        return [
            Cell(canvas.safe(key.id)[:ID_WIDTH]),
            Cell(canvas.crop(name, columns[1].width), "bold" if key.id == in_use else ""),
            *created,
            Cell(expires, "dim"),
            Cell(state, STYLES.get(state, "green")),
        ]

    rows = [row(key, name) for key, name in zip(keys, names, strict=True)]
    canvas.draw(Grid(columns, rows, rule=canvas.symbols.rule))


def _name_width(canvas: Canvas, names: Sequence[str], with_created: bool) -> int:
    others = [ID_WIDTH, DAY_WIDTH, STATUS_WIDTH] + [DAY_WIDTH] * with_created
    room = canvas.width - sum(width + 2 for width in others)
    return max(1, min(room, NAME_WIDTH, max(4, *map(cell_len, names))))
