"""Members of a shared database as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.cells import cell_len

from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from neontodo.accounts.queries import MemberLogin
    from neontodo.streams import Streams

GAP = 2
WIDEST = 40
OPTIONAL = ("role", "name", "since", "invitation")
"""What a narrow terminal does without, in this order."""


def draw_members(
    members: Sequence[tuple[MemberLogin, int]], *, streams: Streams, now: datetime, tz: tzinfo
) -> None:
    """Draw each login role with its person, and the invitations if some were not taken yet."""
    canvas = Canvas(streams)
    columns = {
        "member": [canvas.safe(login.user.email or login.user.id) for login, _ in members],
        "name": [canvas.safe(login.user.name or "") for login, _ in members],
        "tasks": [str(number) for _, number in members],
        "since": [f"{login.since.astimezone(tz):%Y-%m-%d}" for login, _ in members],
        "invitation": [_invitation(login, now, tz) for login, _ in members],
        "role": [login.role for login, _ in members],
    }
    if not any(columns["invitation"]):
        del columns["invitation"]
    widths = _widths(columns, canvas.width)
    rows = [
        [_cell(canvas, head, columns[head][n], width) for head, width in widths.items()]
        for n in range(len(members))
    ]
    heads = [Column(head, width, right=head == "tasks") for head, width in widths.items()]
    canvas.draw(Grid(heads, rows, gap=GAP, rule=canvas.symbols.rule))


def _invitation(login: MemberLogin, now: datetime, tz: tzinfo) -> str:
    if login.invited_until is None:
        return ""
    word = "until" if login.invited_until > now else "expired"
    return f"{word} {login.invited_until.astimezone(tz):%Y-%m-%d}"


def _widths(columns: dict[str, list[str]], room: int) -> dict[str, int]:
    """How wide each column that fits is; the first gives way when nothing else can."""
    widths = {
        head: min(WIDEST, max(len(head), *map(cell_len, texts))) for head, texts in columns.items()
    }
    for head in OPTIONAL:
        if _total(widths) > room:
            widths.pop(head, None)
    widths["member"] = max(1, widths["member"] - max(0, _total(widths) - room))
    return widths


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _cell(canvas: Canvas, head: str, text: str, width: int) -> Cell:
    return Cell(canvas.crop(text, width), "dim" if head in ("since", "role") else "")
