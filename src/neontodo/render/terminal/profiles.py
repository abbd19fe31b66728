"""Profiles as a table; the store, which may be long, goes below the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from neontodo.accounts.profiles import Profile
    from neontodo.streams import Streams

NAME_WIDTH = 32


def draw_profiles(profiles: Sequence[Profile], *, streams: Streams) -> None:
    """Draw each profile: who one is there, and where."""
    canvas = Canvas(streams)
    longest = max(len(profile.name) for profile in profiles)
    width = min(max(longest, len("profile")), NAME_WIDTH, canvas.width // 2)
    room = canvas.width - width - 2
    about = [[canvas.crop(canvas.safe(line), room) for line in _about(each)] for each in profiles]
    rows = [
        [
            Cell(canvas.crop(profile.name, width), "bold" if profile.in_use else ""),
            Cell("\n".join(lines)),
        ]
        for profile, lines in zip(profiles, about, strict=True)
    ]
    widest = max(cell_len(line) for lines in about for line in lines)
    columns = [Column("profile", width), Column("user and store", max(widest, min(room, 14)))]
    canvas.draw(Grid(columns, rows, rule=canvas.symbols.rule))


def _about(profile: Profile) -> list[str]:
    user = profile.user or "nobody yet"
    if profile.issuer:
        user = f"{user} at {profile.issuer}"
    return [f"{user} (in use)" if profile.in_use else user, profile.store or "embedded store"]
