"""What a check found, how long it took, and whether the rest of the checks can go on."""

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
    """What a check says when all is well, but somebody may want to know."""

    __slots__ = ()


@dataclass
class Examination:
    """The findings so far."""

    findings: list[Finding] = field(default_factory=list)

    def check(self, name: str, look: Callable[[], str], *, timed: bool = False) -> bool:
        """Make a check, which answers what it saw or raises; whether it went well."""
        started = time.monotonic()
        try:
            detail = look()
        except TodoError as problem:
            self.add(name, problem.message, since=started if timed else None, problem=problem)
            return False
        self.add(name, detail, since=started if timed else None)
        return True

    def add(
        self,
        name: str,
        detail: str,
        *,
        since: float | None = None,
        seconds: float | None = None,
        problem: TodoError | None = None,
    ) -> None:
        """Add what a check found."""
        status: Status = "failed" if problem else "note" if isinstance(detail, Note) else "ok"
        if since is not None:
            seconds = time.monotonic() - since
        self.findings.append(Finding(name, status, str(detail), seconds, problem))

    def skip(self, why: str, *names: str) -> None:
        """Say of checks that they could not be made."""
        self.findings += [Finding(name, "skipped", why) for name in names]
