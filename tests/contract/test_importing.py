"""Importing: what is new, what is known, which numbers; alike on both engines."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.columns import DAYS, EXTRA_MAX_BYTES, INSTANTS
from neontodo.db import bulk
from neontodo.db.session_guard import WrongUser
from neontodo.errors import BadValue
from neontodo.fields import Priority
from neontodo.models import NUMBER_MAX, Record, Task, TaskCreate
from neontodo.tasks import history, importing, service
from neontodo.tasks.importing import BYTES, CHUNK, HIGHEST, NEAR, Report
from neontodo.tasks.queries import changes, users
from neontodo.tasks.references import parse_refs
from tests.contract.conftest import ANN, BOB, Store
from tests.harness import FRIDAY_NOON


def record(title: str, **fields: Any) -> Record:
    """A record as a reader of files makes it; one with a number is whole, as in our own export."""
    if "number" in fields:
        task_id = uuid.uuid5(uuid.NAMESPACE_OID, f"{title} {fields['number']}")
        stamps = {"created_at": FRIDAY_NOON, "updated_at": FRIDAY_NOON}
        fields = {"id": task_id, "priority": Priority.NONE, **stamps, **fields}
    task = TaskCreate(title=title, **fields)
    return Record("line 1", task, key="" if task.id else title)


def load(
    store: Store,
    records: Iterable[Record],
    *,
    skip_bad: bool = False,
    restore: bool = False,
    size: int = 0,
) -> Report:
    return store.write(
        importing.import_tasks,
        records,
        skip_bad=skip_bad,
        restore=restore,
        size=size,
        progress=lambda: None,
    )


def numbered(store: Store) -> list[tuple[int, str]]:
    return sorted((task.number, task.title) for task in store.tasks())


FULL: dict[str, Any] = {
    "id": uuid.UUID(int=7),
    "number": 5,
    "description": "line\nline",
    "due": datetime(2026, 12, 24, 16, 30, tzinfo=UTC),
    "priority": Priority.MEDIUM,
    "project": "Büro",
    "tags": ("a", "b"),
    "completed": True,
    "completed_at": datetime(2026, 1, 3, tzinfo=UTC),
    "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    "extra": {"csv": {"ключ": [1, 2.5, None, True]}},
}


@pytest.mark.parametrize("others", [0, bulk.FEW], ids=["few", "many"])
def test_a_task_comes_whole(store: Store, others: int) -> None:
    load(store, [record("Zoë", **FULL), *(record(f"t{n}") for n in range(others))])
    found = next(task for task in store.tasks() if task.number == 5)

    assert {name: getattr(found, name) for name in FULL} == FULL
    assert store.titles(words=("zoe",)) == ["Zoë"]


@pytest.mark.parametrize("others", [0, bulk.FEW], ids=["few", "many"])
def test_undo_and_redo_of_an_import_bring_back_all_of_it(store: Store, others: int) -> None:
    load(store, [record("Zoë", **FULL), *(record(f"t{n}") for n in range(others))])
    before = store.tasks(sort=())
    store.write(history.undo)
    assert store.tasks() == []
    store.write(history.redo)

    assert store.tasks() == before


@pytest.mark.parametrize("due", [*DAYS, *INSTANTS], ids=str)
def test_the_first_and_the_last_due_are_read_again(store: Store, due: date) -> None:
    load(store, [record("far", due=due)])

    assert [task.due for task in store.tasks()] == [due]


def test_known_ids_are_left_as_they_are(store: Store) -> None:
    mine = store.add("mine")[0]
    report = load(store, [record("theirs", id=mine.id), record("new")])

    assert (report.added, report.already_here) == (1, 1)
    assert numbered(store) == [(1, "mine"), (2, "new")]


def test_twins_in_one_file_are_two_tasks_and_known_the_next_time(store: Store) -> None:
    twins = [record("twin"), record("other"), record("twin")]

    assert load(store, twins).added == 3
    assert load(store, twins).already_here == 3
    assert load(store, [*twins, record("twin")]).added == 1


def test_derived_ids_differ_between_users(store: Store) -> None:
    load(store, [record("same")])
    load(store.as_(BOB), [record("same")])

    assert store.tasks()[0].id != store.as_(BOB).tasks()[0].id


def test_one_id_twice_in_a_file_counts_once_even_far_apart(store: Store) -> None:
    once = record("first", id=uuid.UUID(int=1))
    between = [record(f"t{n}") for n in range(CHUNK)]
    report = load(store, [once, once, *between, record("again", id=uuid.UUID(int=1))])

    assert (report.added, report.repeated, report.already_here) == (CHUNK + 1, 2, 0)
    assert "again" not in store.titles()


def test_numbers_survive_in_an_empty_store(store: Store) -> None:
    far_apart = [record(f"t{n}", number=n) for n in range(CHUNK + 500, 0, -1)]
    report = load(store, far_apart)

    assert report.renumbered == 0
    assert numbered(store) == [(n, f"t{n}") for n in range(1, CHUNK + 501)]
    assert store.add("next")[0].number == CHUNK + 501


def test_a_number_that_was_ever_given_is_not_given_again(store: Store) -> None:
    store.add("one", "two", "three")
    store.write(service.remove, parse_refs(["2"]))
    report = load(store, [record("their two", number=2), record("their nine", number=9)])

    assert report.numbers == {2: 10}
    assert numbered(store)[2:] == [(9, "their nine"), (10, "their two")]


def test_one_number_twice_in_a_file_goes_to_the_first(store: Store) -> None:
    between = [record(f"t{n}") for n in range(CHUNK)]
    report = load(store, [record("a", number=7), *between, record("b", number=7)])

    assert report.numbers == {7: 7 + CHUNK + 1}
    assert len({number for number, _ in numbered(store)}) == CHUNK + 2


def test_a_number_given_to_one_without_is_taken_for_later_ones(store: Store) -> None:
    without = [record(f"t{n}") for n in range(CHUNK)]
    report = load(store, [*without, record("late", number=3)])

    assert report.numbers == {3: CHUNK + 1}


def test_numbers_of_a_large_file_survive_in_any_order(store: Store) -> None:
    # As 100,000 tasks numbered up to 150,000, whose highest may come first.
    highest = NEAR + 50_000
    file = [record("last", number=highest), record("first", number=1)]
    report = load(store, file, size=5_000 * BYTES)

    assert (report.renumbered, numbered(store)) == (0, [(1, "first"), (highest, "last")])
    assert store.add("next")[0].number == highest + 1


@pytest.mark.parametrize("high", [NEAR + 1, 10**9, 2**52, NUMBER_MAX])
def test_a_number_far_above_all_others_is_replaced_and_kept_beside(store: Store, high: int) -> None:
    extra = {"csv": {"Size": "L"}}
    file = [record("high", number=high, extra=extra), record("a", number=1), record("b", number=3)]
    report = load(store, file)

    assert numbered(store) == [(1, "a"), (3, "b"), (4, "high")]
    assert (report.renumbered, report.too_high, report.high_numbers) == (1, 1, {high: 4})
    (found,) = (task for task in store.tasks() if task.title == "high")
    assert found.extra == {"number": high, **extra}
    assert store.add("next")[0].number == 5
    assert load(store, file).already_here == 3


def test_how_far_is_counted_from_the_numbers_here(store: Store) -> None:
    load(store, [record("a", number=NEAR)])
    report = load(store, [record("b", number=2 * NEAR), record("c", number=3 * NEAR + 1)])

    assert report.numbers | report.high_numbers == {3 * NEAR + 1: 2 * NEAR + 1}


def test_a_high_number_that_was_replaced_once_is_kept_beside_as_it_was_first(store: Store) -> None:
    load(store, [record("a", number=NUMBER_MAX - 1, extra={"number": NUMBER_MAX})])

    assert [(task.number, task.extra) for task in store.tasks()] == [(1, {"number": NUMBER_MAX})]


def test_a_high_number_for_which_extra_has_no_room_is_replaced_all_the_same(store: Store) -> None:
    full = {"csv": "x" * (EXTRA_MAX_BYTES - 20)}
    load(store, [record("a", number=NUMBER_MAX, extra=full)])

    assert [(task.number, task.extra) for task in store.tasks()] == [(1, full)]


def test_a_task_with_a_high_number_comes_back_with_the_number_that_it_had_here(
    store: Store,
) -> None:
    file = [record("a", number=2**52)]
    load(store, file)
    store.write(service.remove, parse_refs(["1"]))
    store.add("meanwhile")
    report = load(store, file, restore=True)

    assert (report.added, report.high_numbers) == (1, {2**52: 1})
    assert numbered(store) == [(1, "a"), (2, "meanwhile")]
    assert store.tasks()[0].extra == {"number": 2**52}


def test_a_store_that_came_to_high_numbers_can_be_imported_to(store: Store) -> None:
    # As an earlier release let a file bring it there.
    load(store, [record("a", number=HIGHEST)], size=HIGHEST * BYTES)
    (next_one,) = store.add("b")
    assert next_one.number == HIGHEST + 1

    report = load(store, [record("c", number=NUMBER_MAX), record("d", number=10**9)])
    assert report.numbers | report.high_numbers == {
        NUMBER_MAX: HIGHEST + 2,
        10**9: HIGHEST + 3,
    }


def test_what_was_removed_comes_back_with_its_number_if_that_is_wanted(store: Store) -> None:
    file = [record("a"), record("b", number=9)]
    load(store, file)
    store.write(service.remove, parse_refs(["9,10"]))
    store.add("meanwhile")
    report = load(store, file, restore=True)

    assert (report.added, report.removed_here, report.renumbered) == (2, 0, 0)
    assert numbered(store) == [(9, "b"), (10, "a"), (11, "meanwhile")]
    assert load(store, file, restore=True).already_here == 2


def test_what_was_removed_stays_removed(store: Store) -> None:
    load(store, [record("a"), record("b")])
    store.write(service.remove, parse_refs(["1"]))
    report = load(store, [record("a"), record("b")])

    assert (report.added, report.already_here, report.removed_here) == (0, 1, 1)


def test_what_an_undo_took_comes_back_with_its_number(store: Store) -> None:
    load(store, [record("a"), record("b", number=9)])
    store.write(history.undo)
    store.add("meanwhile")
    report = load(store, [record("a"), record("b", number=9)])

    assert (report.added, report.renumbered) == (2, 0)
    assert numbered(store) == [(9, "b"), (10, "a"), (11, "meanwhile")]


def test_redoing_a_removal_removes_for_good(store: Store) -> None:
    load(store, [record("a")])
    store.write(service.remove, parse_refs(["1"]))
    store.write(history.undo)
    store.write(history.redo)

    assert load(store, [record("a")]).removed_here == 1


def test_a_bad_record_far_behind_stops_everything(store: Store) -> None:
    good = [record(f"t{n}") for n in range(CHUNK + 1)]
    with pytest.raises(BadValue, match="1 record cannot be read"):
        load(store, [*good, Record("line 9", problem="title: empty")])

    assert store.tasks() == []
    assert store.add("first")[0].number == 1


def test_records_are_counted_by_what_became_of_them(store: Store) -> None:
    report = load(
        store,
        [record("a"), Record("line 2", skipped="deleted"), Record("line 3", problem="no")],
        skip_bad=True,
    )

    assert (report.added, report.skipped, report.bad) == (1, {"deleted": 1}, 1)
    assert report.problems == ["line 3: no"]


def test_a_reader_that_fails_takes_everything_with_it(store: Store) -> None:
    def broken() -> Iterable[Record]:
        yield from (record(f"t{n}") for n in range(CHUNK + 1))
        raise BadValue("the disk broke")

    with pytest.raises(BadValue, match="the disk broke"):
        load(store, broken())
    assert store.tasks() == []


def test_each_task_has_one_entry_in_the_log(store: Store) -> None:
    load(store, [record(f"t{n}") for n in range(CHUNK + 20)])
    entries = store.read(changes.fetch_log)

    assert [entry.seq for entry in entries] == list(range(CHUNK + 20, 0, -1))
    assert {entry.kind for entry in entries} == {"create"}


def test_rows_of_others_are_refused_in_bulk_too(store: Store) -> None:
    ann_s = {"user_id": ANN, "id": uuid.UUID(int=1), "title": "x"}

    async def smuggle(session: AsyncSession) -> None:
        await users.insert_rows(session, Task, [ann_s | {"user_id": BOB}] * bulk.FEW + [ann_s])

    with pytest.raises(WrongUser):
        store.as_(BOB).in_session(smuggle)
