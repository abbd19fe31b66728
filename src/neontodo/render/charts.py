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
    from neontodo.render.table import Canvas, Cell
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
    return vars(stats) | {
        "by_priority": dict(stats.by_priority),
        "done_per_day": {day.isoformat(): count for day, count in stats.done_per_day},
        "done_per_week": _by_week(stats.done_per_week),
        "added_per_week": _by_week(stats.added_per_week),
    }


def _by_week(counts: Week) -> dict[str, int]:
    """Return the counts by their weeks' names in ISO 8601, which filters read, too."""
    return {f"{monday:%G-W%V}": count for monday, count in counts}


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
    if stats.waiting:
        totals.append(("waiting", stats.waiting, "dim"))
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
    if any(count for _, count in (*stats.done_per_day, *stats.added_per_week)):
        canvas.draw("")
        _draw_weeks(canvas, stats)


def _draw_weeks(canvas: Canvas, stats: Stats) -> None:
    """Draw bars of what was done each day, and the sums of each week; the newest that fit."""
    from neontodo.render.table import Cell, make_table

    weeks = [list(week) for _, week in groupby(stats.done_per_day, key=_monday)]
    most = max(count for _, count in stats.done_per_day)
    axis = max(len("added"), len(str(most)))
    bar = 2 if canvas.width >= axis + 1 + len(weeks) * 16 else 1
    fitting = max(1, (canvas.width - axis) // (7 * bar + 1))
    weeks = weeks[-fitting:]
    rule = " ".join(canvas.symbols.rule * 7 * bar for _ in weeks)
    rows = _draw_bars(canvas, weeks, most, axis, bar, rule) if most else []
    sums = (
        ("week", [f"{_monday(week[0]):%m-%d}" for week in weeks], "dim"),
        ("done", [str(count) for _, count in stats.done_per_week], "green"),
        ("added", [str(count) for _, count in stats.added_per_week], ""),
    )
    for name, texts, style in sums:
        line = " ".join(text.ljust(7 * bar) for text in texts[-len(weeks) :]).rstrip()
        rows.append([Cell(name, "dim"), Cell(line, style)])
    canvas.draw(make_table((axis, len(rule)), rows, gap=1))


def _draw_bars(
    canvas: Canvas, weeks: Sequence[Week], most: int, axis: int, bar: int, rule: str
) -> list[list[Cell]]:
    from neontodo.render.table import Cell

    rows = [[Cell(""), Cell("done per day", "dim")]]
    for level in reversed(range(CHART_HEIGHT)):
        label = str(most) if level == CHART_HEIGHT - 1 else ""
        bars = _level(canvas, weeks, most, level, bar)
        rows.append([Cell(label.rjust(axis), "dim"), Cell(bars, "green")])
    return [*rows, [Cell("0".rjust(axis), "dim"), Cell(rule, "dim")]]


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
