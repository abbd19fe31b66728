"""Tasks from elsewhere: each record once, whatever is here already left as it is."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from neontodo.errors import BadValue
from neontodo.models import TaskCreate
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.service import new_columns
from neontodo.tasks.unit import Unit

CHUNK = 1000
KEPT = 1000
DETAILS_SHOWN = 10
NAMESPACE = uuid.UUID("6f1f7f0a-52d9-4f0e-9d7c-1b7a34c6a0b5")


class Incoming(Protocol):
    """A record of a file: a task, or why it is none."""

    @property
    def where(self) -> str: ...
    @property
    def task(self) -> TaskCreate | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def skipped(self) -> str | None: ...
    @property
    def key(self) -> str: ...


@dataclass
class Report:
    """What became of a file's records; details are of the first `KEPT` only."""

    added: int = 0
    already_here: int = 0
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


async def import_tasks(
    unit: Unit,
    records: Iterable[Incoming],
    *,
    skip_bad: bool,
    progress: Callable[[], None],
) -> Report:
    """Add the records that are not here yet; a thousand at a time, so memory stays flat.

    A task keeps its number if that is above all numbers given so far. One that was removed here
    stays removed, unless it went by an undo.

    Raises:
        BadValue: there are bad records and `skip_bad` is off; nothing is imported then.
    """
    await unit.start()
    importer = _Importer(unit)
    source = iter(records)
    while chunk := list(islice(source, CHUNK)):
        good = importer.sort_out(chunk)
        if skip_bad or not importer.report.bad:
            await importer.add(good)
        progress()
    if importer.report.bad and not skip_bad:
        raise _refusal(importer.report)
    await unit.finish()
    return importer.report


def _refusal(report: Report) -> BadValue:
    more = report.bad - DETAILS_SHOWN
    details = report.problems[:DETAILS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
    records = "1 record" if report.bad == 1 else f"{report.bad} records"
    return BadValue(
        f"nothing was imported: {records} cannot be read",
        details=tuple(details),
        hint="mend the file, or leave them out with `--skip-bad`",
    )


class _Importer:
    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.report = Report()
        self.occurrences: Counter[int] = Counter()
        self.numbers_before = unit.last_number
        # A log without entries means that no task was ever here.
        self.is_empty = unit.seq == 0

    def sort_out(self, records: Iterable[Incoming]) -> dict[uuid.UUID, TaskCreate]:
        """The good records by id; the others are counted."""
        good: dict[uuid.UUID, TaskCreate] = {}
        for record in records:
            if record.task is not None:
                task_id = record.task.id or self._derived_id(record.key)
                self.report.already_here += task_id in good
                good.setdefault(task_id, record.task)
            elif record.skipped is not None:
                self.report.skipped[record.skipped] += 1
            else:
                self.report.refuse(record.where, record.problem)
        return good

    def _derived_id(self, key: str) -> uuid.UUID:
        # Counted by hash: the texts of a whole file would fill the memory.
        digest = hash(key)
        self.occurrences[digest] += 1
        return uuid.uuid5(NAMESPACE, f"{self.unit.user_id}\n{self.occurrences[digest]}\n{key}")

    async def add(self, good: dict[uuid.UUID, TaskCreate]) -> None:
        """Write those that are new here."""
        taken: set[int] = set()
        if not self.is_empty:
            taken = await self._drop_known(good)
        self.is_empty = False
        for task_id, number in self._numbered(good, taken).items():
            self.unit.create(task_id, new_columns(good[task_id], number, self.unit.now))
        self.report.added += len(good)
        await self.unit.flush()

    async def _drop_known(self, good: dict[uuid.UUID, TaskCreate]) -> set[int]:
        """Leave out what is or was here; the numbers that others have."""
        session, user_id = self.unit.session, self.unit.user_id
        numbers = [task.number for task in good.values() if task.number is not None]
        known = await tasks.known(session, user_id, list(good), numbers)
        for task_id in known & good.keys():
            del good[task_id]
            self.report.already_here += 1
        for task_id, last in (await changes.last_of_tasks(session, user_id, list(good))).items():
            if last.kind == "delete" and last.reverts is None:
                del good[task_id]
                self.report.removed_here += 1
        return set(known.values())

    def _numbered(self, good: dict[uuid.UUID, TaskCreate], taken: set[int]) -> dict[uuid.UUID, int]:
        """A number for each: its own if nobody ever had it, else the next free one."""
        numbers = {}
        for task_id, task in good.items():
            if task.number and task.number > self.numbers_before and task.number not in taken:
                numbers[task_id] = task.number
                taken.add(task.number)
        self.unit.last_number = max(self.unit.last_number, *numbers.values(), 0)
        for task_id, task in good.items():
            if task_id not in numbers:
                numbers[task_id] = self.unit.next_number()
                if task.number:
                    self.report.renumber(task.number, numbers[task_id])
        return numbers
