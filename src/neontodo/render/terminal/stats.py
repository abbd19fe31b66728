"""Counts, and a chart of what was done on each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING

from neontodo.fields import Priority
from neontodo.render.terminal.canvas import Canvas
from neontodo.render.terminal.grid import Cell, Column, Grid
from neontodo.render.terminal.symbols import PRIORITIES
from neontodo.render.terminal.tasks import PRIORITY_STYLES

if TYPE_CHECKING:
    from neontodo.streams import Streams
    from neontodo.tasks.results import Stats

Week = Sequence[tuple[date, int]]

CHART_HEIGHT = 5
EIGHTHS = 8


def draw_stats(stats: Stats, *, streams: Streams) -> None:
    """Draw the counts, and below them the chart."""
    canvas = Canvas(streams)
    canvas.draw(_counts(stats))
    if any(count for _, count in stats.done_per_day):
        canvas.draw("", _chart(canvas, stats.done_per_day))


def _counts(stats: Stats) -> Grid:
    totals = [
        [Cell("pending"), Cell(str(stats.pending))],
        [Cell("overdue"), Cell(str(stats.overdue), "red" if stats.overdue else "")],
        [Cell("due today"), Cell(str(stats.due_today), "yellow" if stats.due_today else "")],
        [Cell("done"), Cell(str(stats.done), "green" if stats.done else "")],
    ]
    priorities = [_priority(Priority[label.upper()], count) for label, count in stats.by_priority]
    blank = [Cell("")] * 3
    rows = [
        [*(left or blank[:2]), Cell(""), *(right or blank)]
        for left, right in zip_longest(totals, priorities)
    ]
    widths = (("", 9), ("", 7), ("", 0), ("", 6), ("", 3), ("", 7))
    return Grid([Column(head, width, right=width == 7) for head, width in widths], rows, gap=1)


def _priority(priority: Priority, count: int) -> list[Cell]:
    style = PRIORITY_STYLES[priority]
    return [Cell(priority.label), Cell(PRIORITIES[priority], style), Cell(str(count))]


def _chart(canvas: Canvas, days: Week) -> Grid:
    """Bars of a day each, weeks apart; the newest weeks that fit."""
    weeks = [list(week) for _, week in groupby(days, key=_monday)]
    most = max(count for _, count in days)
    axis = max(3, len(str(most)))
    bar = 2 if canvas.width >= axis + 1 + len(weeks) * 16 else 1
    fitting = max(1, (canvas.width - axis) // (7 * bar + 1))
    weeks = weeks[-fitting:]
    rows = [[Cell(""), Cell("done per day", "dim")]]
    for level in reversed(range(CHART_HEIGHT)):
        label = str(most) if level == CHART_HEIGHT - 1 else ""
        rows.append([Cell(label, "dim"), Cell(_level(canvas, weeks, most, level, bar), "green")])
    rule = " ".join(canvas.symbols.rule * 7 * bar for _ in weeks)
    labels = " ".join(f"{_monday(week[0]):%m-%d}".ljust(7 * bar) for week in weeks)
    rows += [[Cell("0", "dim"), Cell(rule, "dim")], [Cell(""), Cell(labels.rstrip(), "dim")]]
    return Grid([Column("", axis, right=True), Column("", len(rule))], rows, gap=1)


def _level(canvas: Canvas, weeks: Sequence[Week], most: int, level: int, bar: int) -> str:
    """One line of all bars, from the top `CHART_HEIGHT - 1` down to 0."""
    return " ".join(
        "".join(_block(canvas, count, most, level) * bar for _, count in week).ljust(7 * bar)
        for week in weeks
    ).rstrip()


def _block(canvas: Canvas, count: int, most: int, level: int) -> str:
    height = -(-count * CHART_HEIGHT * EIGHTHS // most)
    return canvas.symbols.bars[max(0, min(EIGHTHS, height - level * EIGHTHS))]


def _monday(entry: tuple[date, int]) -> date:
    return entry[0] - timedelta(days=entry[0].weekday())
