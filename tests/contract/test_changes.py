"""Adding, editing, completing and removing: rows, log and numbers, alike on both engines."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest

from neontodo.errors import NotSignedIn, Refused, SchemaMismatch, StoreUnavailable, TaskNotFound
from neontodo.fields import Priority
from neontodo.models import TaskCreate, TaskUpdate
from neontodo.tasks import service
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.references import parse_refs
from neontodo.tasks.service import Edit
from neontodo.tasks.unit_of_work import AlreadyApplied, UnitOfWork, WriteContext
from tests.contract.conftest import ANN, BOB, Store
from tests.harness import FRIDAY_NOON


def test_numbers_count_up_and_are_never_reused(store: Store) -> None:
    store.add("one", "two")
    store.write(service.remove, parse_refs(["2"]))

    assert store.add("three")[0].number == 3


def test_each_user_has_numbers_of_their_own(store: Store) -> None:
    store.add("ann's")

    assert store.as_(BOB).add("bob's")[0].number == 1


def test_what_is_added_comes_back_whole(store: Store) -> None:
    due = datetime(2026, 12, 24, 16, 30, tzinfo=UTC)
    task = store.add(
        "Geschenke 🎁 מתנות",
        description="line\nline",
        due=due,
        priority=Priority.MEDIUM,
        project="xmas",
        tags=("b", "a"),
        extra={"json": {"ключ": [1, 2.5, None, True]}},
    )[0]

    assert store.tasks() == [task]
    assert (task.due_on, task.due_at) == (date(2026, 12, 24), due)
    assert task.tags == ("a", "b")


@pytest.mark.parametrize("count", [1, 60])
def test_every_column_of_many_rows_can_be_updated_at_once(store: Store, count: int) -> None:
    old = store.add(*(f"task {n}" for n in range(count)), project="old", extra={"kept": 1})
    columns = {
        "title": 'Ge"schenke\\ 🎁',
        "description": "line\nline",
        "completed": True,
        "completed_at": FRIDAY_NOON,
        "due_on": date(2026, 12, 24),
        "due_at": datetime(2026, 12, 24, 16, 30, tzinfo=UTC),
        "priority": 3,
        "project": None,
        "tags": ("a", "b"),
        "search_text": " found ",
        "extra": {"name": "ä", "deep": [{"x": None, "y": 1.5}]},
        "updated_at": FRIDAY_NOON,
    }
    rows = [{"user_id": ANN, "id": task.id, **columns} for task in old[:-1]]
    last = {"user_id": ANN, "id": old[-1].id, "title": "last", "extra": None}
    store.in_session(lambda session: tasks.update_tasks(session, [*rows, last]))

    new = {task.id: task for task in store.tasks()}
    assert len(new) == count
    for task in old[:-1]:
        assert new[task.id] == task.model_copy(
            update={name: value for name, value in columns.items() if name in task.model_fields_set}
        )
    assert new[old[-1].id] == old[-1].model_copy(update={"title": "last", "extra": None})
    assert len(store.tasks(words=("found",))) == count - 1


def test_an_update_of_a_row_that_is_not_there_fails(store: Store) -> None:
    missing = {"user_id": ANN, "id": uuid.uuid4(), "title": "nothing"}
    with pytest.raises(StoreUnavailable, match="refused a statement"):
        store.in_session(lambda session: tasks.update_tasks(session, [missing]))


def test_an_edit_changes_only_what_it_names(store: Store) -> None:
    before = store.add("old", project="p", tags=("t",), due=date(2026, 12, 1))[0]
    store.edit("1", title="new")
    after = store.tasks()[0]

    assert after == before.model_copy(update={"title": "new", "updated_at": store.now})
    assert store.titles(words=("new",)) == ["new"]
    assert store.titles(words=("old",)) == []


def test_none_clears_a_field(store: Store) -> None:
    store.add("x", project="p", tags=("t",), due=FRIDAY_NOON, description="d")
    store.edit("1", project=None, tags=None, due=None, description=None, priority=None)
    task = store.tasks()[0]

    assert (task.project, task.tags, task.due, task.description) == (None, (), None, None)


def test_tags_are_added_and_removed_from_what_each_task_has(store: Store) -> None:
    store.add("x", tags=("a", "b"))
    store.add("y")
    change = Edit(TaskUpdate(), add_tags=("c",), remove_tags=("a",))
    store.write(service.edit, parse_refs(["1-2"]), change)

    assert [task.tags for task in store.tasks()] == [("b", "c"), ("c",)]


def test_completing_twice_is_no_change(store: Store) -> None:
    store.add("x")
    first = store.write(service.complete, parse_refs(["1"]), True)
    second = store.write(service.complete, parse_refs(["1"]), True)

    assert (len(first.changed), len(second.changed), len(second.unchanged)) == (1, 0, 1)
    assert second.unchanged[0].completed_at == first.changed[0].completed_at
    assert len(store.read(changes.fetch_log)) == 2


def test_toggle_turns_each_into_the_other(store: Store) -> None:
    store.add("x", "y")
    store.write(service.complete, parse_refs(["1"]), True)
    store.write(service.complete, parse_refs(["1,2"]), None)

    assert [task.completed for task in store.tasks(completed=None)] == [False, True]


@pytest.mark.parametrize("ref", ["3", "7-9", "abcd", "@last"])
def test_a_missing_task_changes_nothing_at_all(store: Store, ref: str) -> None:
    if ref != "@last":
        store.add("x", "y")
    with pytest.raises(TaskNotFound):
        store.write(service.complete, parse_refs(["1", ref] if ref != "@last" else [ref]), True)

    assert not any(task.completed for task in store.tasks())


def test_an_ambiguous_prefix_lists_the_candidates(store: Store) -> None:
    ids = [uuid.UUID("abcd" + f"{n:028x}") for n in (1, 2)]
    store.write(service.add, [TaskCreate(title=f"t{n + 1}", id=ids[n]) for n in (0, 1)])
    with pytest.raises(TaskNotFound) as caught:
        store.write(service.complete, parse_refs(["abcd"]), True)

    assert caught.value.details == (f"1  {ids[0]}  t1", f"2  {ids[1]}  t2")
    assert store.write(service.complete, parse_refs([str(ids[1])]), True).changed[0].number == 2


def test_last_is_what_this_machine_touched_last(store: Store) -> None:
    store.add("one", "two")
    store.as_(ANN, "desktop").add("elsewhere")
    store.edit("1", title="uno")

    assert store.write(service.complete, parse_refs(["@last"]), True).changed[0].title == "uno"


def test_a_removed_task_is_gone(store: Store) -> None:
    store.add("x", "y")
    removed = store.write(service.remove, parse_refs(["1"])).changed

    assert [task.title for task in removed] == ["x"]
    assert store.titles() == ["y"]


def test_saving_a_task_that_was_removed_is_refused(store: Store) -> None:
    read = store.add("title")[0]
    store.write(service.remove, parse_refs(["1"]))

    with pytest.raises(Refused, match="removed while you were editing"):
        store.write(service.replace, read, TaskUpdate(title="mine"))


def test_the_log_is_gapless_and_has_old_and_new_values(store: Store) -> None:
    store.add("x", tags=("a",))
    store.write(service.edit, parse_refs(["1"]), Edit(TaskUpdate(title="y", tags=("b",))))
    store.write(service.remove, parse_refs(["1"]))
    log = store.read(changes.fetch_log)

    assert [entry.seq for entry in log] == [3, 2, 1]
    assert [entry.kind for entry in log] == ["delete", "update", "create"]
    assert log[1].before == {"title": "x", "tags": {"added": ["a"], "removed": ["b"]}}
    assert log[1].after == {"title": "y", "tags": {"added": ["b"], "removed": ["a"]}}
    assert {(entry.number, entry.title) for entry in log} == {(1, "y")}
    assert {entry.machine for entry in log} <= {"laptop", "ann's laptop"}


def test_a_command_is_applied_once_however_often_it_is_sent(store: Store) -> None:
    command = WriteContext(ANN, "laptop", FRIDAY_NOON)
    new = [TaskCreate(title="once")]
    store.apply(command, service.add, new)
    with pytest.raises(AlreadyApplied):
        store.apply(command, service.add, new)

    assert store.titles() == ["once"]


def test_a_dry_run_answers_and_leaves_nothing(store: Store) -> None:
    async def work() -> int:
        command = WriteContext(ANN, "laptop", FRIDAY_NOON)
        async with store.database.write(ANN, dry_run=True) as session:
            outcome = await service.add(UnitOfWork(session, command), [TaskCreate(title="x")])
            return outcome.changed[0].number

    assert store.runner.run(work()) == 1
    assert store.tasks() == []
    assert store.add("real")[0].number == 1


def test_a_key_that_the_store_does_not_know_cannot_write(store: Store) -> None:
    with pytest.raises(NotSignedIn, match="does not know this machine's key"):
        store.as_(ANN, "stolen").add("x")

    assert store.tasks() == []


def test_a_user_that_the_store_does_not_know_cannot_write(store: Store) -> None:
    with pytest.raises(NotSignedIn, match="not a user of this store"):
        store.as_("eve").add("x")


def test_a_store_of_another_version_is_not_written(store: Store) -> None:
    async def age() -> None:
        async with store.database.connect() as connection:
            await connection.exec_driver_sql("UPDATE todo_version SET version_num = '9999'")

    store.runner.run(age())
    with pytest.raises(SchemaMismatch, match="9999"):
        store.add("x")
