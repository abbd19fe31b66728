"""Rounds in which every tool runs each command once, so that other work hits all of them alike."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks.stores import Sample, Store, Tool
from tests.benchmarks.timing import SLOWEST, Argv, Failed, TooSlow

ALLOWANCE = 20.0
"""Seconds of a phase that one tool gets at a size; what it has begun it ends."""
PATIENCE = 120.0
"""Seconds that a first command may take, which reads files that were laid there, and a transfer."""
TRANSFERS = 3
"""Rounds of imports, each into a store of its own, and of exports."""


@dataclass
class Results:
    """All times, by size, tool and command; and why a tool has none at a size."""

    times: dict[tuple[int, str, str], list[float]] = field(default_factory=dict)
    dropped: dict[tuple[int, str], str] = field(default_factory=dict)

    def note(self, size: int, tool: str, command: str, seconds: float) -> None:
        """Take down a time."""
        self.times.setdefault((size, tool, command), []).append(seconds)

    def median(self, size: int, tool: str, command: str) -> float | None:
        """The seconds of a command."""
        times = self.times.get((size, tool, command))
        return median(times) if times else None

    def rounds(self, size: int, commands: Iterable[str]) -> tuple[int, int]:
        """The fewest and the most rounds behind figures of a size."""
        numbers = [
            len(t) for (at, _, name), t in self.times.items() if at == size and name in commands
        ]
        return (min(numbers), max(numbers)) if numbers else (0, 0)


class Entrant:
    """A tool at one size."""

    def __init__(self, tool: Tool, sample: Sample, folder: Path, results: Results) -> None:
        self._tool, self._sample, self._results = tool, sample, results
        name = re.sub(r"\W+", "-", tool.name)
        self._home = folder / f"{name}-{sample.size}"
        self._store: Store | None = None
        self.is_out = False

    def importing(self, round: int) -> None:
        """Fill a new store; where a tool cannot import, it gets one that is full."""
        if self._store:
            if not self._store.importing:
                return
            self.leave()
        self._home.mkdir()
        self._store = self._tool.open(self._home, self._sample)
        if self._store.importing:
            self._time("import", self._store.importing, PATIENCE)

    def commands(self, round: int) -> None:
        """Do one round; that of number 0 does not count."""
        assert self._store
        limit = SLOWEST if round else PATIENCE
        for name, argv in self._store.commands(round).items():
            self._time(name if round else None, argv, limit)

    def exporting(self, round: int) -> None:
        """Write everything, where a tool can."""
        assert self._store
        if self._store.exporting:
            self._time("export", self._store.exporting, PATIENCE)

    def drop(self, reason: Exception) -> None:
        """Have no more of it at this size."""
        self.is_out = True
        self._results.dropped[self._sample.size, self._tool.name] = str(reason)

    def leave(self) -> None:
        """Take away what it needed."""
        if self._store:
            self._store.close()
            self._store = None
        shutil.rmtree(self._home, ignore_errors=True)

    def _time(self, name: str | None, argv: Argv, limit: float) -> None:
        assert self._store
        seconds = self._store.run(argv, limit)
        if name:
            self._results.note(self._sample.size, self._tool.name, name, seconds)


def race(
    tools: Sequence[Tool], sample: Sample, folder: Path, rounds: int, results: Results
) -> None:
    """Measure everything at one size."""
    entrants = [Entrant(tool, sample, folder, results) for tool in tools]
    transfers = range(1, min(rounds, TRANSFERS) + 1)
    try:
        _go(entrants, transfers, Entrant.importing)
        _go(entrants, range(rounds + 1), Entrant.commands)
        _go(entrants, transfers, Entrant.exporting)
    finally:
        for entrant in entrants:
            entrant.leave()


def _go(entrants: list[Entrant], rounds: range, step: Callable[[Entrant, int], None]) -> None:
    spent = dict.fromkeys(entrants, 0.0)
    for round in rounds:
        for entrant in entrants:
            if entrant.is_out or spent[entrant] > ALLOWANCE:
                continue
            start = time.perf_counter()
            try:
                step(entrant, round)
            except (TooSlow, Failed) as reason:
                entrant.drop(reason)
            if round:
                spent[entrant] += time.perf_counter() - start
