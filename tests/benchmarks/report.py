"""The tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.far import ROUND_TRIP
from tests.benchmarks.ours import name_of
from tests.benchmarks.race import Results
from tests.benchmarks.stores import COMMANDS

FOCUS, LARGE = 10_000, 100_000
STEPS = ("add", "list", "search", "done")
WARM, COLD = name_of("SQLite", warm=True), name_of("SQLite", warm=False)
WARM_PG, COLD_PG = name_of("Postgres", warm=True), name_of("Postgres", warm=False)
BASELINES = {
    "true": "`/bin/true`",
    "pass": "`python -c pass`",
    "import sqlmodel": '`python -c "import sqlmodel"`',
    "--version": "`todo --version`",
    "--help": "`todo --help`",
}


@dataclass(frozen=True)
class Budget:
    """What DESIGN wants: one time over another, or the difference of two."""

    what: str
    size: int
    tool: str
    command: str
    other: tuple[str, str]
    most: float
    is_difference: bool = False

    def row(self, results: Results) -> str:
        """A line of the table."""
        mine = results.median(self.size, self.tool, self.command)
        theirs = results.median(self.size, *self.other)
        unit = "+ {:.0f} ms" if self.is_difference else "{:.2f} ×"
        if mine is None or theirs is None:
            return f"| {self.what} | ≤ {unit.format(self.most)} | – | – |"
        value = (mine - theirs) * 1000 if self.is_difference else mine / theirs
        kept = "yes" if value <= self.most else "**no**"
        return f"| {self.what} | ≤ {unit.format(self.most)} | {unit.format(value)} | {kept} |"


PASS, IMPORT = ("baselines", "pass"), ("baselines", "import sqlmodel")
BUDGETS = (
    Budget("warm `todo list` of 10,000, to `python -c pass`", FOCUS, WARM, "list", PASS, 2.5),
    Budget("the same to `task list`", FOCUS, WARM, "list", ("Taskwarrior", "list"), 0.25),
    Budget(
        'cold `todo list`, SQLite, to `python -c "import sqlmodel"`',
        FOCUS, COLD, "list", IMPORT, 1.6,
    ),
    Budget("the same on Postgres", FOCUS, COLD_PG, "list", IMPORT, 1.7),
    Budget("`todo --version`, to `python -c pass`", FOCUS, "baselines", "--version", PASS, 3.0),
    Budget("`todo --help`, to `python -c pass`", FOCUS, "baselines", "--help", PASS, 7.0),
    Budget(
        "warm `todo search` of 100,000, SQLite, over `list`",
        LARGE, WARM, "search", (WARM, "list"), 50, True,
    ),
    Budget(
        "the same for a word that every fifth task has",
        LARGE, WARM, "frequent", (WARM, "list"), 50, True,
    ),
    Budget(
        "warm `todo search` of 100,000, Postgres, over `list`",
        LARGE, WARM_PG, "search", (WARM_PG, "list"), 50, True,
    ),
    Budget(
        "the same for a word that every fifth task has",
        LARGE, WARM_PG, "frequent", (WARM_PG, "list"), 50, True,
    ),
)  # fmt: skip


def budgets(results: Results) -> Iterator[str]:
    """What DESIGN §8 wants of latency, and what there is."""
    yield from ("| what | budget | measured | kept |", "|---|---:|---:|---|")
    for budget in BUDGETS:
        yield budget.row(results)


def baselines(results: Results, size: int) -> Iterator[str]:
    """What comes before any work."""
    yield from ("| process | ms | to `python -c pass` |", "|---|---:|---:|")
    bare = results.median(size, *PASS)
    for command, shown in BASELINES.items():
        seconds = results.median(size, "baselines", command)
        if seconds and bare:
            yield f"| {shown} | {milliseconds(seconds)} | {seconds / bare:.2f} |"


def rounds(results: Results, size: int) -> str:
    """How often everything was run at a size."""
    few, many = results.rounds(size, STEPS)
    numbers = f"{few}" if few == many else f"{few} to {many}"
    return f"Milliseconds, medians of {numbers} rounds"


def tools(results: Results, names: Sequence[str], size: int) -> Iterator[str]:
    """Every tool at one size."""
    yield from _table(
        COMMANDS, names, lambda name, command: cell(results.median(size, name, command))
    )
    for name in names:
        if reason := results.dropped.get((size, name)):
            yield f"\n{name} was left out: {reason}."


def distance(results: Results, names: Sequence[str], size: int) -> Iterator[str]:
    """What the way costs, and how often it is gone."""

    def shown(name: str, command: str) -> str:
        seconds = results.median(size, name, command)
        return f"{cell(seconds)} ({seconds / ROUND_TRIP:.1f})" if seconds else "–"

    yield from _table(STEPS, names, shown)
    for (_, name), reason in results.dropped.items():
        yield f"\n{name} was left out: {reason}."


def _table(
    commands: Sequence[str], names: Sequence[str], cell: Callable[[str, str], str]
) -> Iterator[str]:
    yield f"| ms | {' | '.join(commands)} |"
    yield f"|---|{'---:|' * len(commands)}"
    for name in names:
        yield f"| {name} | {' | '.join(cell(name, command) for command in commands)} |"


def cell(seconds: float | None) -> str:
    """A time, or that there is none."""
    return "–" if seconds is None else milliseconds(seconds)


def milliseconds(seconds: float) -> str:
    """A time without more digits than it is worth."""
    number = seconds * 1000
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"
