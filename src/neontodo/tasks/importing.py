"""Import tasks from elsewhere: each record once, and what is here left as it is unless asked for.

Of several records of one task the newest counts, wherever in the file it stands.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from neontodo.columns import EXTRA_MAX_BYTES, write_json
from neontodo.errors import BadValue, limit_lines
from neontodo.models import NUMBER_MAX, Record, Task
from neontodo.tasks.differences import build_wanted_columns, is_exported, name_differences
from neontodo.tasks.history import find_removed_by_hand
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.service import build_columns
from neontodo.tasks.state import Unreadable, read_before, take_snapshot
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
NEVER = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T")
Moments = dict[uuid.UUID, datetime]
Records = dict[uuid.UUID, Record]


@dataclass
class Report:
    """What became of a file's records; JSON has these fields in this order.

    Attributes:
        repeated: records of tasks of which the file has another one that is used.
        renumbered: the tasks that got another number than the file's, `too_high` ones among them.
        numbers: the numbers of the file that were taken, and what they are now.
        high_numbers: those that were far above all others; in JSON they are among `numbers`.
        incomplete: whether there may be more records than these, hidden by one that is broken.
        not_understood: how many records have each field that `extra` keeps.
        foreign: the tasks with a number of another program.
        foreign_numbers: their numbers; in JSON they are among `numbers`.
        updated: the tasks that were changed to what the file has.
        differing: those of the tasks here that the file has otherwise, and that were left so.
        differences: the fields of tasks that were updated or differ, by number.
        schedules: how many of the added tasks repeat where they come from.
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
    updated: int = 0
    differing: int = 0
    differences: dict[int, list[str]] = field(default_factory=dict)
    foreign: int = 0
    foreign_numbers: dict[int, int] = field(default_factory=dict)
    schedules: Counter[str] = field(default_factory=Counter)

    def add_renumbered(self, old: int, new: int, *, is_too_high: bool) -> None:
        self.renumbered += 1
        self.too_high += is_too_high
        _note(self.high_numbers if is_too_high else self.numbers, old, new)

    def add_foreign(self, old: int, new: int) -> None:
        self.foreign += 1
        _note(self.foreign_numbers, old, new)

    def add_difference(self, number: int, fields: list[str], *, is_updated: bool) -> None:
        self.updated += is_updated
        self.differing += not is_updated
        _note(self.differences, number, fields)

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


def _note(details: dict[int, T], number: int, what: T) -> None:
    if len(details) < DETAILS_KEPT:
        details[number] = what


class ReadAgain(Exception):
    """The file has a newer record of a task that an earlier chunk brought.

    A task is changed once by a command, or undo could not tell what was before. So nothing is
    saved: the next reading, with the same `newest`, leaves the older records out.
    """


async def import_tasks(
    unit: UnitOfWork,
    records: Iterable[Record],
    *,
    skip_bad: bool,
    restore: bool = False,
    update: bool = False,
    newest: Moments | None = None,
    size: int,
    progress: Callable[[], None],
) -> Report:
    """Add the records that are not here yet; a chunk at a time, so memory stays flat.

    A task of our own export keeps its number if that is above all numbers given so far, and not so
    far above them that it would make all later ones long; how far it may be is told by `size`, the
    bytes of the file. One that was removed here stays removed, unless `restore` is on or it went by
    an undo; then it comes back with the number that it had. One that is here is changed only if
    `update` is on, in the fields that its record has.
    Nothing is imported, and BadValue raised, if there are bad records and `skip_bad` is off.

    Raises:
        ReadAgain: with what was noted in `newest`, the records are to be read once more.
    """
    await unit.start()
    importer = _Importer(unit, skip_bad, restore, update, {} if newest is None else newest, size)
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
    if importer.must_read_again:
        raise ReadAgain
    await unit.finish()
    return importer.report


@dataclass
class _Importer:
    """Adds chunks of records.

    `newest` tells when the newest record of a task was changed, for tasks whose older records are
    to be left out; `met` when the record of a task here was that has been looked at, by number.
    """

    unit: UnitOfWork
    skip_bad: bool
    restore: bool
    update: bool
    newest: Moments
    size: int
    met: dict[int, datetime] = field(default_factory=dict)
    must_read_again: bool = False
    report: Report = field(default_factory=Report)
    occurrences: Counter[int] = field(default_factory=Counter)
    former_numbers: dict[uuid.UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers_before = self.unit.last_number
        self.highest = min(HIGHEST, self.numbers_before + NEAR + SPREAD * self.size // BYTES)
        # A log without entries means that no task was ever here.
        self.was_empty = self.unit.seq == 0

    async def add_new(self, chunk: Iterable[Record]) -> None:
        """Hand the records that are new to the unit, which is flushed before the next ones."""
        good, deleted = self._collect_good(chunk)
        if self.report.bad and not self.skip_bad:
            return
        taken_numbers = await self._take_known(good, deleted)
        if not self.was_empty:
            await self._drop_removed(good)
        numbers = self._assign_numbers(good, taken_numbers)
        for task_id, record in good.items():
            self._create(task_id, record, numbers[task_id])
        self.report.added += len(good)

    def _collect_good(self, chunk: Iterable[Record]) -> tuple[Records, Moments]:
        """Return good records by id, and when which tasks were deleted where they come from.

        The other records are counted in the report.
        """
        good: Records = {}
        deleted: Moments = {}
        for record in chunk:
            self.report.add_not_understood(record.not_understood)
            if (task := record.task) is not None:
                task_id = task.id or self._derive_id(record.key)
                is_known = task_id in good or task_id in self.newest
                if not is_known or self._is_newest(good, task_id, _read_changed(record)):
                    good[task_id] = record
            elif record.skipped is not None:
                self.report.skipped[record.skipped] += 1
                if record.deleted is not None:
                    self._note_deleted(good, *record.deleted)
                    deleted |= [record.deleted]
            else:
                self.report.add_problem(record)
        return good, deleted

    def _derive_id(self, key: str) -> uuid.UUID:
        # Counted by hash: the texts of a whole file would fill the memory.
        digest = hash(key)
        self.occurrences[digest] += 1
        return uuid.uuid5(NAMESPACE, f"{self.unit.user_id}\n{self.occurrences[digest]}\n{key}")

    def _is_newest(self, good: Records, task_id: uuid.UUID, changed: datetime) -> bool:
        """Return whether no known record of a task is as new; the older one counts as repeated."""
        if changed < self.newest.get(task_id, NEVER):
            self.report.repeated += 1
            return False
        if (other := good.get(task_id)) is None:
            return True
        self.report.repeated += 1
        return changed > _read_changed(other)

    def _note_deleted(self, good: Records, task_id: uuid.UUID, when: datetime) -> None:
        self._note_newest(task_id, when)
        if task_id in good and _read_changed(good[task_id]) < when:
            del good[task_id]
            self.report.repeated += 1

    def _note_newest(self, task_id: uuid.UUID, changed: datetime) -> None:
        self.newest[task_id] = max(changed, self.newest.get(task_id, NEVER))

    async def _take_known(self, good: Records, deleted: Moments) -> set[int]:
        """Take out the records of tasks that are here; return the numbers that tasks here have."""
        own_numbers = map(_read_own_number, good.values())
        numbers = [number for number in own_numbers if number > self.numbers_before]
        session, user_id = self.unit.session, self.unit.user_id
        known = await tasks.fetch_ids_and_numbers(session, user_id, [*good, *deleted], numbers)
        # A record without an id (it has a key then) is known by its text, which is the same.
        named = [i for i in known if i in deleted or (i in good and not good[i].key)]
        rows = await tasks.fetch_by_ids(session, user_id, named) if named else {}
        # Plain SQL can have put anything there; such a task stays as it is.
        rows = {task_id: row for task_id, row in rows.items() if isinstance(row.number, int)}
        for task_id in [task_id for task_id in good if task_id in known]:
            record = good.pop(task_id)
            if task_id not in rows:
                self.report.already_here += 1
            elif self._is_first(rows[task_id], _read_changed(record)):
                self._compare(rows[task_id], record)
            else:
                self.report.repeated += 1
        for task_id in rows.keys() & deleted.keys():
            self._is_first(rows[task_id], deleted[task_id])
        return set(known.values())

    def _is_first(self, row: Task, changed: datetime) -> bool:
        """Return whether this command has not met the task before.

        If it has, and this is newer, the file must be read again.
        """
        is_new = row.number > self.numbers_before
        before = row.updated_at if is_new else self.met.get(row.number)
        if before is not None and before < changed:
            self._note_newest(row.id, changed)
            self.must_read_again = True
        return before is None

    def _compare(self, row: Task, record: Record) -> None:
        """Count a task that is here by whether its record says the same; perhaps change it."""
        self.met[row.number] = _read_changed(record)
        fields = []
        # A row that cannot be read stays as it is.
        with suppress(Unreadable):
            take_snapshot(row)
            wanted = build_wanted_columns(row, record, self.unit.now)
            fields = name_differences(row, wanted)
        if fields:
            self.report.add_difference(row.number, fields, is_updated=self.update)
        if fields and self.update:
            self.unit.update(row, wanted)
        else:
            self.report.already_here += 1

    async def _drop_removed(self, good: Records) -> None:
        """Leave out tasks that were removed here by hand; note the numbers of the others."""
        session, user_id = self.unit.session, self.unit.user_id
        last = await changes.fetch_newest_changes(session, user_id, list(good))
        by_hand = await find_removed_by_hand(session, user_id, last)
        for task_id, change in last.items():
            if task_id in by_hand and not self.restore:
                del good[task_id]
                self.report.removed_here += 1
            else:
                self.former_numbers[task_id] = read_before(change).get("number", 0)

    def _assign_numbers(self, good: Records, taken: set[int]) -> dict[uuid.UUID, int]:
        """Give each its own number if that is near and nobody ever had it, else the next free."""
        numbers = {}
        for task_id, record in good.items():
            number = _read_own_number(record)
            if self.numbers_before < number <= self.highest and number not in taken:
                taken.add(number)
                numbers[task_id] = number
                self.unit.last_number = max(self.unit.last_number, number)
        for task_id in [task_id for task_id in good if task_id not in numbers]:
            former = self.former_numbers.pop(task_id, None)
            numbers[task_id] = self.unit.next_number() if former is None else former
        return numbers

    def _create(self, task_id: uuid.UUID, record: Record, number: int) -> None:
        assert record.task is not None
        columns = build_columns(record.task, number, self.unit.now)
        if record.task.number is not None:
            self._report_number(record, record.task.number, columns)
        if record.task.id is not None and number <= self.numbers_before:
            self.met[number] = _read_changed(record)
        if record.schedule is not None:
            self.report.schedules[record.schedule] += 1
        self.unit.create(task_id, columns)

    def _report_number(self, record: Record, own: int, columns: dict[str, Any]) -> None:
        """Count what became of a file's number; one that cannot be given here goes to `extra`."""
        number = columns["number"]
        is_foreign = not _read_own_number(record)
        is_too_high = own > self.highest
        if is_foreign or is_too_high:
            # The number of an earlier import stays.
            extra = {"number": own, **(columns["extra"] or {})}
            if len(write_json(extra).encode()) <= EXTRA_MAX_BYTES:
                columns["extra"] = extra
        if is_foreign:
            self.report.add_foreign(own, number)
        elif own != number:
            self.report.add_renumbered(own, number, is_too_high=is_too_high)


def _read_changed(record: Record) -> datetime:
    """Return when a record was changed last, NEVER if it does not tell."""
    assert record.task is not None
    return record.task.updated_at or record.task.created_at or NEVER


def _read_own_number(record: Record) -> int:
    """Return the number that a task had here or in another store of ours; 0 if it had none."""
    task = record.task
    assert task is not None
    return task.number if task.number is not None and is_exported(task) else 0
