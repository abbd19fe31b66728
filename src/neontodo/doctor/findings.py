"""What the checks found, how long they took, and which could not be made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from neontodo.errors import TodoError

Status = Literal["ok", "note", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """One check's outcome: `ok`, a `note` that harms nobody, `failed`, or `skipped`."""

    check: str
    status: Status
    detail: str
    seconds: float | None = None
    problem: TodoError | None = None

    @property
    def hint(self) -> str | None:
        return self.problem.hint if self.problem else None


class Note(str):
    """What a check returns when all is well, but somebody may want to know."""

    __slots__ = ()


@dataclass
class Examination:
    """Runs checks, and keeps the findings in their order."""

    findings: list[Finding] = field(default_factory=list)

    def run(self, name: str, check: Callable[[], str], *, timed: bool = False) -> bool:
        """Run a check, which returns what it saw or raises, and return whether it passed."""
        started = time.monotonic()
        try:
            detail = check()
        except TodoError as problem:
            self.fail(name, problem, time.monotonic() - started if timed else None)
            return False
        self.add(name, detail, time.monotonic() - started if timed else None)
        return True

    def add(self, name: str, detail: str, seconds: float | None = None) -> None:
        """Add what a check that passed saw."""
        status: Status = "note" if isinstance(detail, Note) else "ok"
        self.findings.append(Finding(name, status, str(detail), seconds))

    def fail(self, name: str, problem: TodoError, seconds: float | None = None) -> None:
        """Add a check that failed."""
        self.findings.append(Finding(name, "failed", problem.message, seconds, problem))

    def skip(self, why: str, *names: str) -> None:
        """Add checks that could not be made."""
        self.findings += [Finding(name, "skipped", why) for name in names]
