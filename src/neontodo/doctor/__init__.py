"""Check what a command needs, one thing after the other, for `todo doctor`; change nothing."""

from __future__ import annotations

from dataclasses import dataclass
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
