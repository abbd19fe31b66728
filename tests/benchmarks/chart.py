"""A chart of times on a logarithmic scale, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from tests.benchmarks.report import milliseconds

WIDTH, LEFT, RIGHT = 880, 220, 100
BAR, GAP, HEAD = 15, 18, 24
TOP, BOTTOM = 58, 30
STYLE = "font-family: ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
Groups = Mapping[str, Mapping[str, float]]


def drawn(title: str, groups: Groups, ours: Sequence[str]) -> str:
    """Bars for each tool, grouped by command; seconds in, milliseconds shown."""
    values = [seconds * 1000 for group in groups.values() for seconds in group.values()]
    scale = Scale(min(values), max(values))
    height = TOP + BOTTOM + sum(HEAD + GAP + BAR * len(group) for group in groups.values())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" role="img" style="{STYLE}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#f8f9fa" stroke="#dee2e6"/>',
        text(24, 30, title, size=16, bold=True),
        *scale.lines(height),
        *_groups(groups, ours, scale),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


class Scale:
    """From a power of ten to a power of ten."""

    def __init__(self, least: float, most: float) -> None:
        self._first = math.floor(math.log10(least))
        self._last = max(math.ceil(math.log10(most)), self._first + 1)

    def at(self, value: float) -> float:
        """Where a number of milliseconds is."""
        share = (math.log10(value) - self._first) / (self._last - self._first)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def lines(self, height: int) -> Iterator[str]:
        """The powers, named at the bottom."""
        for power in range(self._first, self._last + 1):
            x = self.at(10.0**power)
            yield f'<path d="M{x:.1f} {TOP - 12}V{height - BOTTOM}" stroke="#dee2e6"/>'
            label = f"{10.0**power / 1000:g} s" if power >= 3 else f"{10.0**power:g} ms"
            yield text(x, height - 12, label, anchor="middle", color="#495057")


def _groups(groups: Groups, ours: Sequence[str], scale: Scale) -> Iterator[str]:
    y = TOP
    for command, group in groups.items():
        yield text(24, y + 12, command, size=14, bold=True)
        y += HEAD
        for name, seconds in sorted(group.items(), key=lambda item: item[1]):
            yield from _bar(y, name, seconds, scale, name in ours)
            y += BAR
        y += GAP


def _bar(y: float, name: str, seconds: float, scale: Scale, is_ours: bool) -> Iterator[str]:
    end = scale.at(seconds * 1000)
    color = "#868e96"
    if is_ours:
        color = "#0b7285" if "warm" in name else "#66b2be"
    yield text(LEFT - 8, y + 11, name, anchor="end", bold=is_ours)
    yield (
        f'<rect x="{LEFT}" y="{y + 1}" width="{max(end - LEFT, 1):.1f}" height="{BAR - 3}"'
        f' fill="{color}"/>'
    )
    yield text(end + 6, y + 11, f"{milliseconds(seconds)} ms", bold=is_ours)


def text(
    x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", bold: bool = False,
    color: str = "#212529",
) -> str:  # fmt: skip
    """A piece of text."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{color}"'
        f"{weight}>{escape(words)}</text>"
    )
