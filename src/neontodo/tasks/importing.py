"""Tasks from elsewhere: each record once, whatever is here already left as it is."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from neontodo.columns import EXTRA_MAX_BYTES, write_json
from neontodo.models import NUMBER_MAX, TaskCreate
from neontodo.tasks.aside import Aside
from neontodo.tasks.bloom import BloomFilter
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.report import Report
from neontodo.tasks.service import new_columns
from neontodo.tasks.state import folded, logged_before
from neontodo.tasks.unit_of_work import Unit

CHUNK = 2000
TURN = 0.0005
HIGHEST = NUMBER_MAX // 2
"""Of the numbers that a file may bring; those after it are left to the tasks to come."""
NEAR = 100_000
"""How far above the last number here any file's may be: some tasks of somebody who had many."""
SPREAD = 10
"""How many numbers more a file may span for each of its tasks; the others were removed there."""
BYTES = 100
"""Of a task in a file, about: a short row of CSV has fewer, a line of JSON three times as many."""
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


Columns = dict[str, Any]
Candidate = tuple[Incoming, Columns | None]


async def import_tasks(
    unit: Unit,
    records: Iterable[Incoming],
    *,
    skip_bad: bool,
    restore: bool = False,
    size: int = 0,
    progress: Callable[[], None],
) -> Report:
    """Add the records that are not here yet; a chunk at a time, so memory stays flat.

    A task keeps its number if that is above all numbers given so far, and not so far above them
    that it would make all later ones long; how far it may be is told by `size`, the bytes of the
    file. One that was removed here stays removed, unless `restore` is on or it went by an undo;
    then it comes back with the number that it had.

    Raises:
        BadValue: there are bad records and `skip_bad` is off; nothing is imported then.
    """
    await unit.start()
    importer = _Importer(unit, skip_bad, restore, size)
    candidates = _candidates(records, unit.now)
    async with Aside() as reading, Aside() as saving:
        with _short_turns():
            reading.start(asyncio.to_thread(_next, candidates))
            while chunk := await reading.done():
                await importer.take(chunk, saving)
                parcel = unit.parcel()
                await saving.done()
                saving.start(parcel())
                reading.start(asyncio.to_thread(_next, candidates))
                progress()
            await saving.done()
    importer.judge()
    await unit.finish()
    return importer.report


def _next(candidates: Iterator[Candidate]) -> list[Candidate]:
    return list(islice(candidates, CHUNK))


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let a thread that wants Python's lock have it soon, as SQLite's does twice a statement."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _candidates(records: Iterable[Incoming], now: datetime) -> Iterator[Candidate]:
    """Each record with the columns of its task, the number being the file's, if any."""
    for record in records:
        columns = None
        if record.task is not None:
            columns = new_columns(record.task, record.task.number or 0, now)
            columns["search_text"] = folded(columns)
        yield record, columns


class _Importer:
    def __init__(self, unit: Unit, skip_bad: bool, restore: bool, size: int) -> None:
        self.unit = unit
        self.skip_bad = skip_bad
        self.restore = restore
        self.report = Report()
        self.occurrences: Counter[int] = Counter()
        self.numbers_before = unit.last_number
        self.highest = min(HIGHEST, unit.last_number + NEAR + SPREAD * size // BYTES)
        # A log without entries means that no task was ever here.
        self.was_empty = unit.seq == 0
        self.ids = BloomFilter()
        self.numbers = BloomFilter()
        self.former: dict[uuid.UUID, int] = {}

    async def take(self, candidates: Iterable[Candidate], saving: Aside) -> None:
        """Collect what is new here; the store is asked once it is done with `saving`."""
        good = self._sort_out(candidates)
        if self.report.bad and not self.skip_bad:
            return
        taken = await self._drop_known(good, saving)
        self._number(good, taken)
        for task_id, columns in good.items():
            self.unit.create(task_id, columns)
        self.report.added += len(good)

    def judge(self) -> None:
        """Raise BadValue if records were bad, unless these are to be left out."""
        if self.report.bad and not self.skip_bad:
            raise self.report.refusal()

    def _sort_out(self, candidates: Iterable[Candidate]) -> dict[uuid.UUID, Columns]:
        """The columns of good records by id; the others are counted."""
        good: dict[uuid.UUID, Columns] = {}
        for record, columns in candidates:
            if record.task is not None and columns is not None:
                task_id = record.task.id or self._derived_id(record.key)
                self.report.repeated += task_id in good
                good.setdefault(task_id, columns)
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

    async def _drop_known(self, good: dict[uuid.UUID, Columns], saving: Aside) -> set[int]:
        """Leave out what is or was here; the numbers that others have."""
        session, user_id = self.unit.session, self.unit.user_id
        # In a store that was empty only this file itself can have brought the same before.
        ids = [task_id for task_id in good if not (self.ids.note(task_id.int) and self.was_empty)]
        numbers = [
            number
            for columns in good.values()
            if (number := columns["number"]) > self.numbers_before and not self.numbers.note(number)
        ]
        if not ids and not numbers:
            return set()
        await saving.done()
        known = await tasks.known(session, user_id, ids, numbers)
        for task_id in known & good.keys():
            del good[task_id]
            if known[task_id] > self.numbers_before:
                self.report.repeated += 1
            else:
                self.report.already_here += 1
        if not self.was_empty:
            await self._drop_removed(good)
        return set(known.values())

    async def _drop_removed(self, good: dict[uuid.UUID, Columns]) -> None:
        session, user_id = self.unit.session, self.unit.user_id
        last = await changes.last_of_tasks(session, user_id, list(good))
        reverted = [change.reverts for change in last.values() if change.reverts]
        undoing = await changes.reverting(session, user_id, reverted) if reverted else set()
        for task_id, change in last.items():
            # Who takes back an undo removes again what was removed by hand.
            by_hand = change.reverts is None or change.reverts in undoing
            if by_hand and not self.restore:
                del good[task_id]
                self.report.removed_here += 1
            else:
                self.former[task_id] = logged_before(change).get("number", 0)

    def _number(self, good: dict[uuid.UUID, Columns], taken: set[int]) -> None:
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
            own, number = columns["number"], self.former.pop(task_id, None)
            if number is None:
                number = self.unit.next_number()
            self.numbers.note(number)
            columns["number"] = number
            if own > self.highest:
                columns["extra"] = _with_number(columns["extra"], own)
            if own not in (0, number):
                self.report.renumber(own, number, is_too_high=own > self.highest)


def _with_number(extra: dict[str, Any] | None, number: int) -> dict[str, Any] | None:
    """Keep a number in `extra`, unless an earlier import has kept one or there is no room."""
    with_number = {"number": number, **(extra or {})}
    return with_number if len(write_json(with_number).encode()) <= EXTRA_MAX_BYTES else extra
