"""What is measured: tools, each with stores of its own that hold the same tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.benchmarks import data
from tests.benchmarks.timing import SLOWEST, Argv, clock

COMMANDS = ("add", "list", "search", "done", "import", "export")
TITLE = ("buy", "flour", "and", "call", "the", "baker")
WORD, FREQUENT = "baker", "party"
"""What is searched for: only tasks that a run has added have it; every fifth task has it."""
NEW = "{new}"
"""Stands in a command for the number of the task that `add` has just made."""


@dataclass(frozen=True)
class Sample:
    """So many tasks, as files to import."""

    size: int
    pending: int
    json: Path
    taskwarrior: Path

    @classmethod
    def write(cls, folder: Path, size: int) -> Sample:
        """Make the files."""
        return cls(
            size,
            sum(not task["completed"] for task in data.tasks(size)),
            data.write(folder / f"{size}.json", "json", size),
            data.write(folder / f"{size}-taskwarrior.json", "taskwarrior", size),
        )


@dataclass
class Store:
    """Where one tool keeps the tasks, and what it is asked to do with them.

    Attributes:
        env: the whole environment of the commands.
        steps: the commands of one round, in their order, by name.
        importing: what fills the store; without it, it was made full.
        exporting: what writes all of it to standard output.
        new: the number of the first task that `add` makes.
        stride: by how much that number grows from round to round.
        runs: how many commands it has run.
    """

    env: Mapping[str, str]
    steps: Mapping[str, Argv]
    importing: Argv | None = None
    exporting: Argv | None = None
    new: int = 0
    stride: int = 0
    close: Callable[[], None] = lambda: None
    runs: int = 0

    def run(self, argv: Argv, limit: float = SLOWEST) -> float:
        """How many seconds a command takes."""
        self.runs += 1
        return clock(argv, self.env, limit)

    def commands(self, round: int) -> dict[str, Argv]:
        """The steps, for this round."""
        number = str(self.new + round * self.stride)
        return {
            name: tuple(word.replace(NEW, number) for word in argv)
            for name, argv in self.steps.items()
        }


class Tool(Protocol):
    """A task manager in one of its forms."""

    @property
    def name(self) -> str:
        """As the tables call it."""

    def open(self, home: Path, sample: Sample) -> Store:
        """Make a store in a home folder that is empty."""


def environment(home: Path) -> dict[str, str]:
    """The environment of a user who has set nothing."""
    inherited = {n: os.environ[n] for n in ("PATH", "LD_LIBRARY_PATH") if n in os.environ}  # noqa: TID251
    return inherited | {"HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC"}
