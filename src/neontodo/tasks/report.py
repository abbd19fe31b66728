"""What became of the records of an imported file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from neontodo.errors import BadValue, capped

KEPT = 1000
DETAILS_SHOWN = 10


@dataclass
class Report:
    """What became of a file's records; details are of the first `KEPT` only."""

    added: int = 0
    already_here: int = 0
    repeated: int = 0
    removed_here: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    renumbered: int = 0
    numbers: dict[int, int] = field(default_factory=dict)
    bad: int = 0
    problems: list[str] = field(default_factory=list)

    def renumber(self, old: int, new: int) -> None:
        self.renumbered += 1
        if len(self.numbers) < KEPT:
            self.numbers[old] = new

    def refuse(self, where: str, problem: str | None) -> None:
        self.bad += 1
        if len(self.problems) < KEPT:
            self.problems.append(f"{where}: {problem}")

    def refusal(self) -> BadValue:
        """Why nothing was imported."""
        records = "1 record" if self.bad == 1 else f"{self.bad} records"
        return BadValue(
            f"nothing was imported: {records} cannot be read",
            details=capped(self.problems[:DETAILS_SHOWN], self.bad),
            hint="mend the file, or leave them out with `--skip-bad`",
        )
