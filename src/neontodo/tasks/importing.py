"""Import tasks from elsewhere: each record once, whatever is here already left as it is."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from neontodo.columns import EXTRA_MAX_BYTES, write_json
from neontodo.errors import BadValue, limit_lines
from neontodo.models import NUMBER_MAX, Record
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.service import build_columns
from neontodo.tasks.state import read_before
from neontodo.tasks.unit_of_work import UnitOfWork
from neontodo.wording import pluralize

CHUNK = 2000
HIGHEST = NUMBER_MAX // 2
"""The highest number that a file may bring; those above are left to the tasks to come."""
NEAR = 100_000
"""How far above the last number here any file's may be: some tasks of somebody who had many."""
SPREAD = 10
"""How many numbers more a file may span for each of its tasks; the others were removed there."""
BYTES = 100
"""About how long a task is in a file: a short row of CSV is shorter, JSON three times as long."""
DETAILS_KEPT = 1000
"""How many numbers and problems a report names; very long files can have more."""
DETAILS_SHOWN = 10
NAMESPACE = uuid.UUID("6f1f7f0a-52d9-4f0e-9d7c-1b7a34c6a0b5")


@dataclass
class Report:
    """What became of a file's records; JSON has these fields in this order.

    Attributes:
        renumbered: the tasks that got another number than the file's, `too_high` ones among them.
        numbers: the numbers of the file that were taken, and what they are now.
        high_numbers: those that were far above all others; in JSON they are among `numbers`.
        incomplete: whether there may be more records than these, hidden by one that is broken.
        not_understood: how many records have each field that `extra` keeps.
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
    incomplete: bool = False
    not_understood: Counter[str] = field(default_factory=Counter)

    def add_renumbered(self, old: int, new: int, *, is_too_high: bool) -> None:
        self.renumbered += 1
        self.too_high += is_too_high
        numbers = self.high_numbers if is_too_high else self.numbers
        if len(numbers) < DETAILS_KEPT:
            numbers[old] = new

    def add_not_understood(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self.not_understood or len(self.not_understood) < DETAILS_KEPT:
                self.not_understood[name] += 1

    def add_problem(self, record: Record) -> None:
        self.bad += 1
        line = f"{record.where}: {record.problem}"
        if record.hides_others:
            # Whatever else is left out of the list, this is not.
            self.incomplete = True
            self.problems.insert(0, line)
        elif len(self.problems) < DETAILS_KEPT:
            self.problems.append(line)

    def count_bad(self) -> str:
        """Return how many records cannot be read, as far as that is known."""
        count = pluralize(self.bad, "record")
        return f"at least {count}" if self.incomplete else count

    def list_problems(self) -> tuple[str, ...]:
        """Return the first problems, and how many more there are."""
        return limit_lines(self.problems[:DETAILS_SHOWN], self.bad)


Columns = dict[str, Any]


async def import_tasks(
    unit: UnitOfWork,
    records: Iterable[Record],
    *,
    skip_bad: bool,
    restore: bool = False,
    size: int,
    progress: Callable[[], None],
) -> Report:
    """Add the records that are not here yet; a chunk at a time, so memory stays flat.

    A task keeps its number if that is above all numbers given so far, and not so far above them
    that it would make all later ones long; how far it may be is told by `size`, the bytes of the
    file. One that was removed here stays removed, unless `restore` is on or it went by an undo;
    then it comes back with the number that it had.
    Nothing is imported, and BadValue raised, if there are bad records and `skip_bad` is off.
    """
    await unit.start()
    importer = _Importer(unit, skip_bad, restore, size)
    unread = iter(records)
    while chunk := list(islice(unread, CHUNK)):
        await importer.add_new(chunk)
        await unit.flush()
        progress()
    if importer.report.bad and not skip_bad:
        raise BadValue(
            f"nothing was imported: {importer.report.count_bad()} cannot be read",
            details=importer.report.list_problems(),
            hint="fix the file, or skip them with `--skip-bad`",
        )
    await unit.finish()
    return importer.report


class _Importer:
    def __init__(self, unit: UnitOfWork, skip_bad: bool, restore: bool, size: int) -> None:
        self.unit = unit
        self.skip_bad = skip_bad
        self.restore = restore
        self.report = Report()
        self.occurrences: Counter[int] = Counter()
        self.numbers_before = unit.last_number
        self.highest = min(HIGHEST, unit.last_number + NEAR + SPREAD * size // BYTES)
        # A log without entries means that no task was ever here.
        self.was_empty = unit.seq == 0
        self.former_numbers: dict[uuid.UUID, int] = {}

    async def add_new(self, records: Iterable[Record]) -> None:
        """Hand the records that are new to the unit, which is flushed before the next ones."""
        good = self._collect_good(records)
        if self.report.bad and not self.skip_bad:
            return
        taken_numbers = await self._drop_known(good)
        if not self.was_empty:
            await self._drop_removed(good)
        self._assign_numbers(good, taken_numbers)
        for task_id, columns in good.items():
            self.unit.create(task_id, columns)
        self.report.added += len(good)

    def _collect_good(self, records: Iterable[Record]) -> dict[uuid.UUID, Columns]:
        """Return the columns of good records by id, each with the file's number or 0.

        The other records are counted in the report.
        """
        good: dict[uuid.UUID, Columns] = {}
        for record in records:
            self.report.add_not_understood(record.not_understood)
            if (task := record.task) is not None:
                task_id = task.id or self._derive_id(record.key)
                if task_id in good:
                    self.report.repeated += 1
                else:
                    good[task_id] = build_columns(task, task.number or 0, self.unit.now)
            elif record.skipped is not None:
                self.report.skipped[record.skipped] += 1
            else:
                self.report.add_problem(record)
        return good

    def _derive_id(self, key: str) -> uuid.UUID:
        # Counted by hash: the texts of a whole file would fill the memory.
        digest = hash(key)
        self.occurrences[digest] += 1
        return uuid.uuid5(NAMESPACE, f"{self.unit.user_id}\n{self.occurrences[digest]}\n{key}")

    async def _drop_known(self, good: dict[uuid.UUID, Columns]) -> set[int]:
        """Leave out tasks that are here; return the numbers that tasks here have."""
        numbers = [columns["number"] for columns in good.values()]
        numbers = [number for number in numbers if number > self.numbers_before]
        known = await tasks.fetch_ids_and_numbers(
            self.unit.session, self.unit.user_id, list(good), numbers
        )
        for task_id in known & good.keys():
            del good[task_id]
            if known[task_id] > self.numbers_before:
                self.report.repeated += 1
            else:
                self.report.already_here += 1
        return set(known.values())

    async def _drop_removed(self, good: dict[uuid.UUID, Columns]) -> None:
        """Leave out tasks that were removed here by hand; note the numbers of the others."""
        session, user_id = self.unit.session, self.unit.user_id
        last = await changes.fetch_newest_changes(session, user_id, list(good))
        undoing: set[uuid.UUID] = set()
        if reverted := [change.reverts for change in last.values() if change.reverts]:
            undoing = await changes.fetch_reverting_commands(session, user_id, reverted)
        for task_id, change in last.items():
            # Who takes back an undo removes again what was removed by hand.
            by_hand = change.reverts is None or change.reverts in undoing
            if by_hand and not self.restore:
                del good[task_id]
                self.report.removed_here += 1
            else:
                self.former_numbers[task_id] = read_before(change).get("number", 0)

    def _assign_numbers(self, good: dict[uuid.UUID, Columns], taken: set[int]) -> None:
        """Give each its own number if that is near and nobody ever had it, else the next free."""
        waiting = []
        for task_id, columns in good.items():
            number = columns["number"]
            if self.numbers_before < number <= self.highest and number not in taken:
                taken.add(number)
                self.unit.last_number = max(self.unit.last_number, number)
            else:
                waiting.append(task_id)
        for task_id in waiting:
            columns = good[task_id]
            own, number = columns["number"], self.former_numbers.pop(task_id, None)
            if number is None:
                number = self.unit.next_number()
            columns["number"] = number
            if own > self.highest:
                # The number of an earlier import stays.
                extra = {"number": own, **(columns["extra"] or {})}
                if len(write_json(extra).encode()) <= EXTRA_MAX_BYTES:
                    columns["extra"] = extra
            if own not in (0, number):
                self.report.add_renumbered(own, number, is_too_high=own > self.highest)
