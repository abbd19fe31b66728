"""What became of the records of an imported file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from neontodo.errors import BadValue, capped
from neontodo.wording import pluralize

KEPT = 1000
DETAILS_SHOWN = 10


@dataclass
class Report:
    """What became of a file's records; details are of the first `KEPT` only.

    Attributes:
        renumbered: the tasks that got another number than the file's, `too_high` ones among them.
        numbers: the numbers of the file that were taken, and what they are now.
        high_numbers: those that were far above all others.
    """

    added: int = 0
    already_here: int = 0
    repeated: int = 0
    removed_here: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    renumbered: int = 0
    numbers: dict[int, int] = field(default_factory=dict)
    too_high: int = 0
    high_numbers: dict[int, int] = field(default_factory=dict)
    bad: int = 0
    problems: list[str] = field(default_factory=list)

    def renumber(self, old: int, new: int, *, is_too_high: bool) -> None:
        self.renumbered += 1
        self.too_high += is_too_high
        numbers = self.high_numbers if is_too_high else self.numbers
        if len(numbers) < KEPT:
            numbers[old] = new

    def refuse(self, where: str, problem: str | None) -> None:
        self.bad += 1
        if len(self.problems) < KEPT:
            self.problems.append(f"{where}: {problem}")

    def refusal(self) -> BadValue:
        """Why nothing was imported."""
        return BadValue(
            f"nothing was imported: {pluralize(self.bad, 'record')} cannot be read",
            details=capped(self.problems[:DETAILS_SHOWN], self.bad),
            hint="mend the file, or leave them out with `--skip-bad`",
        )
