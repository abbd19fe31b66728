"""Counts: of each tag or project, and of all tasks with a chart of what was done each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any

from neontodo.fields import Priority
from neontodo.render.listing import Column, Listing, print_json, print_listing
from neontodo.render.tasks import PRIORITIES, PRIORITY_STYLES

if TYPE_CHECKING:
    from neontodo.render.listing import Output
    from neontodo.render.table import Canvas
    from neontodo.tasks.results import Count, Stats

Week = Sequence[tuple[date, int]]

NAME_WIDTH = 60
CHART_HEIGHT = 5
EIGHTHS = 8


def print_counts(output: Output, counts: Sequence[Count], *, name: str) -> None:
    """Print the counts in their order; `name` says of what, as `tag`."""
    listing: Listing[Count] = Listing(
        columns=[
            Column(name, lambda count: count.name, is_main=True, widest=NAME_WIDTH),
            Column("pending", lambda count: str(count.pending), is_number=True),
            Column("done", lambda count: str(count.done), "dim", is_number=True),
        ],
        to_json=asdict,
        to_fields=lambda count: (count.name, count.pending, count.done),
        name=lambda count: count.name,
        none_found=f"no {name}s",
    )
    print_listing(output, counts, listing)


def print_stats(output: Output, stats: Stats) -> None:
    """Print the counts; done per day is a chart on a terminal."""
    if output.mode == "table":
        _draw_stats(output, stats)
    elif output.mode == "json":
        print_json(output, _stats_json(stats))
    else:
        lines = (f"{key}\t{count}\n" for key, count in _flat(_stats_json(stats)))
        output.streams.out.write("".join(lines))


def _stats_json(stats: Stats) -> dict[str, Any]:
    per_day = {day.isoformat(): count for day, count in stats.done_per_day}
    return vars(stats) | {"by_priority": dict(stats.by_priority), "done_per_day": per_day}


def _flat(counts: dict[str, Any], prefix: str = "") -> list[tuple[str, int]]:
    """The counts by their path, such as `by_priority.high`."""
    flat: list[tuple[str, int]] = []
    for key, value in counts.items():
        flat += _flat(value, f"{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return flat


def _draw_stats(output: Output, stats: Stats) -> None:
    from neontodo.render.table import Canvas, Cell, make_table

    totals = [
        ("pending", stats.pending, ""),
        ("overdue", stats.overdue, "red"),
        ("due today", stats.due_today, "yellow"),
        ("done", stats.done, "green"),
    ]
    rows = []
    for total, of_priority in zip_longest(totals, stats.by_priority):
        name, number, style = total or ("", "", "")
        label, count = of_priority or ("", "")
        priority = Priority[label.upper()] if label else Priority.NONE
        rows.append(
            [
                Cell(name),
                Cell(f"{number:>7}", style if number else ""),
                Cell(""),
                Cell(label),
                Cell(PRIORITIES[priority], PRIORITY_STYLES[priority]),
                Cell(f"{count:>7}"),
            ]
        )
    canvas = Canvas(output.streams)
    canvas.draw(make_table((9, 7, 0, 6, 3, 7), rows, gap=1))
    if any(count for _, count in stats.done_per_day):
        canvas.draw("")
        _draw_chart(canvas, stats.done_per_day)


def _draw_chart(canvas: Canvas, days: Week) -> None:
    """Draw bars of a day each, weeks apart; the newest weeks that fit."""
    from neontodo.render.table import Cell, make_table

    weeks = [list(week) for _, week in groupby(days, key=_monday)]
    most = max(count for _, count in days)
    axis = max(3, len(str(most)))
    bar = 2 if canvas.width >= axis + 1 + len(weeks) * 16 else 1
    fitting = max(1, (canvas.width - axis) // (7 * bar + 1))
    weeks = weeks[-fitting:]
    rows = [[Cell(""), Cell("done per day", "dim")]]
    for level in reversed(range(CHART_HEIGHT)):
        label = str(most) if level == CHART_HEIGHT - 1 else ""
        bars = _level(canvas, weeks, most, level, bar)
        rows.append([Cell(label.rjust(axis), "dim"), Cell(bars, "green")])
    rule = " ".join(canvas.symbols.rule * 7 * bar for _ in weeks)
    labels = " ".join(f"{_monday(week[0]):%m-%d}".ljust(7 * bar) for week in weeks)
    rows += [[Cell("0".rjust(axis), "dim"), Cell(rule, "dim")], [Cell(""), Cell(labels, "dim")]]
    canvas.draw(make_table((axis, len(rule)), rows, gap=1))


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
