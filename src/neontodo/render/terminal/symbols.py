"""The few signs that tables draw, in plain ASCII where the terminal has no others."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TextIO

PRIORITIES = ("", "!", "!!", "!!!")
"""Signs of the priorities, none to high; they read without colour."""


@dataclass(frozen=True)
class Symbols:
    """One set of signs; `bars` are the eighths of a block, empty to full."""

    done: str = "✓"
    note: str = "¶"
    ellipsis: str = "…"
    arrow: str = "→"
    dash: str = "–"
    dot: str = "·"
    rule: str = "─"
    bars: str = " ▁▂▃▄▅▆▇█"


UNICODE = Symbols()
ASCII = Symbols(
    done="x", note="+", ellipsis="~", arrow="->", dash="-", dot="-", rule="-", bars="     ####"
)


def symbols_for(stream: TextIO) -> Symbols:
    """The signs that the stream's encoding has."""
    try:
        "".join(astuple(UNICODE)).encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return ASCII
    return UNICODE
