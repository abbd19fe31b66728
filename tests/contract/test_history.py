"""Undo and redo, alike on both engines."""

from __future__ import annotations

import pytest

from neontodo.errors import Refused
from neontodo.models import TaskUpdate
from neontodo.tasks import history, service
from neontodo.tasks.queries import changes
from neontodo.tasks.references import parse_refs
from neontodo.tasks.service import Edit
from tests.contract.conftest import ANN, Store


def state(store: Store) -> list[object]:
    """Everything about the tasks but when they were last touched."""
    return [task.model_dump(exclude={"updated_at"}) for task in store.tasks()]


def test_undo_walks_back_to_the_beginning_and_redo_to_the_end(store: Store) -> None:
    states = [state(store)]
    for step in (
        lambda: store.add("one", "two", "three", tags=("t",), project="p"),
        lambda: store.write(service.complete, parse_refs(["1-2"]), True),
        lambda: store.edit("3", title="drei", tags=("u", "v"), project=None),
        lambda: store.write(service.remove, parse_refs(["1", "3"])),
        lambda: store.write(service.complete, parse_refs(["2"]), None),
    ):
        step()
        states.append(state(store))

    for expected in reversed(states[:-1]):
        store.write(history.undo)
        assert state(store) == expected
    with pytest.raises(Refused, match="nothing to undo"):
        store.write(history.undo)
    for expected in states[1:]:
        store.write(history.redo)
        assert state(store) == expected
    with pytest.raises(Refused, match="nothing to redo"):
        store.write(history.redo)


def test_a_change_after_an_undo_ends_redo(store: Store) -> None:
    store.add("one")
    store.write(history.undo)
    store.add("two")

    with pytest.raises(Refused, match="nothing to redo"):
        store.write(history.redo)
    store.write(history.undo)
    assert store.tasks() == []


def test_undo_after_redo_takes_the_same_command_back_again(store: Store) -> None:
    store.add("one")
    store.add("two")
    for action in (history.undo, history.redo, history.undo):
        store.write(action)

    assert store.titles() == ["one"]


def test_a_removed_task_comes_back_with_its_number(store: Store) -> None:
    store.add("one", "two")
    whole = store.tasks()
    store.write(service.remove, parse_refs(["2"]))
    store.add("three")
    desktop = store.as_(ANN, "desktop")
    with pytest.raises(Refused, match="nothing to undo"):
        desktop.write(history.undo)
    store.write(history.undo)
    store.write(history.undo)

    assert store.tasks() == whole


def test_undo_takes_back_only_what_this_machine_did(store: Store) -> None:
    store.add("mine")
    store.as_(ANN, "desktop").add("theirs")
    store.write(history.undo)

    assert store.titles() == ["theirs"]


def test_undo_any_takes_back_what_another_machine_did(store: Store) -> None:
    store.add("mine")
    store.as_(ANN, "desktop").add("theirs")
    store.write(history.undo, any_machine=True)

    assert store.titles() == ["mine"]


def test_what_another_machine_undid_is_not_undone_twice(store: Store) -> None:
    store.add("first")
    store.add("second")
    store.as_(ANN, "desktop").write(history.undo, any_machine=True)
    store.write(history.undo)

    assert store.tasks() == []


def test_undo_is_refused_whole_where_a_field_was_changed_since(store: Store) -> None:
    store.add("one", "two")
    store.write(service.edit, parse_refs(["1-2"]), Edit(TaskUpdate(project="p")))
    store.as_(ANN, "desktop").edit("2", project="q")
    with pytest.raises(Refused) as caught:
        store.write(history.undo)

    assert caught.value.details == ("task 2: project changed since",)
    assert [task.project for task in store.tasks()] == ["p", "q"]


def test_undo_leaves_what_others_changed_in_other_fields(store: Store) -> None:
    store.add("one", tags=("a",))
    store.edit("1", title="uno", tags=("a", "b"))
    other = store.as_(ANN, "desktop")
    other.write(service.edit, parse_refs(["1"]), Edit(TaskUpdate(project="p"), add_tags=("c",)))
    store.write(history.undo)
    task = store.tasks()[0]

    assert (task.title, task.project, task.tags) == ("one", "p", ("a", "c"))


def test_undo_of_a_note_leaves_later_ones(store: Store) -> None:
    store.add("one")
    store.write(service.note, parse_refs(["1"]), ["mine"])
    store.as_(ANN, "desktop").write(service.note, parse_refs(["1"]), ["later"])
    for step, left in ((history.undo, ["later"]), (history.redo, ["mine", "later"])):
        store.write(step)
        assert [note["text"] for note in store.tasks()[0].notes] == left


def test_an_added_task_that_others_changed_is_not_taken_away(store: Store) -> None:
    store.add("one")
    store.as_(ANN, "desktop").edit("1", description="important")

    with pytest.raises(Refused, match="something was changed since"):
        store.write(history.undo)


def test_undo_of_a_removal_is_refused_for_what_was_removed_by_another_since(store: Store) -> None:
    store.add("one")
    store.edit("1", title="uno")
    store.as_(ANN, "desktop").write(service.remove, parse_refs(["1"]))

    with pytest.raises(Refused) as caught:
        store.write(history.undo)
    assert "was removed since" in caught.value.details[0]


def test_an_undo_is_logged_as_reverting_its_command(store: Store) -> None:
    store.add("one")
    store.write(history.undo)
    undone, added = store.read(changes.fetch_log)

    assert (undone.kind, undone.reverts) == ("delete", added.command_id)


def test_undo_of_a_large_command_is_whole(store: Store) -> None:
    store.add(*(f"task {n}" for n in range(1, 1203)))
    store.write(service.complete, parse_refs(["1-1202"]), True)
    outcome = store.write(history.undo)

    assert len(outcome.changed) == 1202
    assert store.tasks(completed=True) == []
    store.write(history.undo)
    assert store.tasks() == []
