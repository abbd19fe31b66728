"""Saving what a person made of a task that others may have changed meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from neontodo.errors import Conflict, Refused
from neontodo.models import TaskPublic, TaskUpdate
from neontodo.tasks import history, service
from neontodo.tasks.references import parse_refs
from neontodo.tasks.results import Outcome
from neontodo.tasks.service import Edit
from tests.contract.conftest import ANN, Store
from tests.harness import FRIDAY_NOON

DAY = date(2026, 11, 27)
TIME = FRIDAY_NOON + timedelta(days=7)


def meanwhile(store: Store, **fields: Any) -> None:
    """What another machine does to task 1."""
    change = Edit(TaskUpdate(**fields))
    store.as_(ANN, "desktop").write(service.edit, parse_refs(["1"]), change)


def saved(store: Store, read: TaskPublic, **fields: Any) -> Outcome:
    return store.write(service.replace, read, TaskUpdate(**fields))


@pytest.mark.parametrize(
    "theirs",
    [{"title": "theirs"}, {"title": "mine"}, {"due": None}, {"tags": ("a",)}, {"completed": True}],
    ids=str,
)
def test_a_task_that_was_changed_meanwhile_is_a_conflict(
    store: Store, theirs: dict[str, Any]
) -> None:
    read = store.add("x", due=DAY)[0]
    meanwhile(store, **theirs)
    before = store.tasks()
    with pytest.raises(Conflict, match="task 1 was changed elsewhere"):
        saved(store, read, title="mine")

    assert store.tasks() == before


def test_what_is_empty_in_another_way_is_no_change(store: Store) -> None:
    read = store.add("x")[0]
    outcome = saved(store, read, title="x", priority=None, description="", tags=None, due=None)

    assert (outcome.changed, outcome.unchanged) == ((), (read,))
    assert store.tasks() == [read]


@pytest.mark.parametrize("due", [None, DAY, TIME], ids=str)
@pytest.mark.parametrize("had", [None, DAY, TIME, TIME + timedelta(hours=1)], ids=str)
def test_a_due_changes_whole_and_back(
    store: Store, had: date | datetime | None, due: date | datetime | None
) -> None:
    read = store.add("x", due=had)[0]
    changed = saved(store, read, due=due).changed
    assert store.tasks()[0].due == due
    if changed:
        store.write(history.undo)
    assert store.tasks()[0].due == had


def test_done_sets_when_and_pending_clears_it(store: Store) -> None:
    read = store.add("x")[0]
    done = saved(store, read, completed=True).changed[0]
    saved(store, done, completed=False)

    assert done.completed_at == store.now - timedelta(minutes=1)
    assert store.tasks()[0].completed_at is None


def test_a_task_that_was_removed_cannot_be_saved(store: Store) -> None:
    read = store.add("x")[0]
    store.as_(ANN, "desktop").write(service.remove, parse_refs(["1"]))

    with pytest.raises(Refused, match="task 1 was removed while you were editing it"):
        saved(store, read, title="mine")
