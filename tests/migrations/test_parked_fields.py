"""Migration 0003 gives tasks the fields that imports had parked in `extra`, in the log as well."""

from __future__ import annotations

import random
import uuid
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from neontodo.db import migrations
from neontodo.models import Task
from tests.harness import Todo
from tests.migrations.earlier import CHANGES, insert_import, make_change, read_export
from tests.migrations.test_migrations import on

pytestmark = pytest.mark.slow

ID = "00000000-0000-4000-8000-00000000000{}"
ENTRY = "20181122T103257Z"
AT = "2018-11-22T10:32:57Z"
LONG = "x" * 2500


def note(number: int, at: str, text: str) -> dict[str, str]:
    """A note as an import now makes it."""
    note_id = uuid.uuid5(uuid.UUID(ID.format(number)), f"{at} {text}")
    return {"id": str(note_id), "at": at, "text": text}


def state(number: int, **extra: Any) -> dict[str, Any]:
    """A task as an import logged it."""
    return {
        "id": ID.format(number),
        "number": number,
        "title": f"Task {number}",
        "created_at": "2018-10-02T09:00:30Z",
        "updated_at": "2018-10-02T09:00:30Z",
        "extra": extra,
    }


def go_back(todo: Todo, revision: str) -> None:
    on(todo, partial(migrations.migrate, direction="downgrade", revision=revision))


def fill(todo: Todo, *states: dict[str, Any]) -> None:
    """Let the store be one of an earlier version with these tasks."""

    def work(connection: sa.Connection) -> None:
        user_id = connection.scalar(sa.text("SELECT id FROM users"))
        assert user_id
        insert_import(connection, user_id, states)

    on(todo, work)


def read(todo: Todo, name: str) -> list[dict[str, Any]]:
    """The rows of `tasks` or `changes`, by number or seq."""
    table = Task.metadata.tables[name]
    order = table.c["number" if name == "tasks" else "seq"]

    def work(connection: sa.Connection) -> list[dict[str, Any]]:
        rows = connection.execute(sa.select(table).order_by(order)).mappings()
        return [
            dict(row) | ({"notes": [*row["notes"]]} if row.get("notes") else {}) for row in rows
        ]

    found: list[dict[str, Any]] = on(todo, work)
    return found


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_the_147_tasks(todo: Todo, revision: str) -> None:
    go_back(todo, revision)
    states = read_export()
    fill(todo, *states)
    todo.ok("db", "upgrade")

    annotated = [each for each in states if "annotations" in each["extra"]]
    rows = read(todo, "tasks")
    assert [row["seq"] for row in rows] == list(range(1, len(states) + 1))
    assert [row["number"] for row in rows if row["notes"]] == [each["number"] for each in annotated]
    kept = [{"taskwarrior": each["extra"]["taskwarrior"]} for each in states]
    assert [row["extra"] for row in rows] == kept
    # What undo compares: a task is as its import logged it.
    logged = [each["after"] for each in read(todo, "changes")]
    assert [each["extra"] for each in logged] == kept
    assert [each.get("notes") for each in logged] == [row["notes"] or None for row in rows]
    assert len(todo.tasks()) == len(states)

    log = read(todo, "changes")
    go_back(todo, "0002")
    todo.ok("db", "upgrade")
    assert read(todo, "tasks") == rows
    assert read(todo, "changes") == log


def test_notes_are_those_that_an_import_now_makes(todo: Todo) -> None:
    go_back(todo, "0002")
    many = [{"entry": ENTRY, "description": f"note {n}"} for n in range(101)]
    fill(
        todo,
        state(
            1,
            annotations=[
                {"entry": ENTRY, "description": "second"},
                {"entry": "2017-01-01T00:00:00Z", "description": "first"},
                {"entry": ENTRY, "description": "second"},
                {"entry": ENTRY, "description": " "},
            ],
        ),
        state(2, annotations=[{"entry": ENTRY, "description": LONG}]),
        state(3, annotations=many, due={"on": "2018-11-22"}),
        state(4, annotations=[{"entry": "?", "description": "no time"}, {"description": "either"}]),
        state(5, annotations=[], todotxt={"line": "kept"}),
    )
    todo.ok("db", "upgrade")

    one, two, three, four, five = read(todo, "tasks")
    assert one["notes"] == [note(1, "2017-01-01T00:00:00Z", "first"), note(1, AT, "second")]
    assert one["extra"] is None
    whole = note(2, AT, LONG)
    assert two["notes"] == [whole | {"text": LONG[:1999] + "…"}]
    assert two["extra"] == {"notes": [whole]}
    assert len(three["notes"]) == 100
    assert [*three["extra"]] == ["due", "notes"]
    assert len(three["extra"]["notes"]) == 1
    assert four["notes"] == [
        note(4, "2018-10-02T09:00:30Z", "no time"),
        note(4, "2018-10-02T09:00:31Z", "either"),
    ]
    assert not five["notes"]
    go_back(todo, "0002")
    todo.ok("db", "upgrade")
    assert read(todo, "tasks") == [one, two, three, four, five]
    assert five["extra"] == {"todotxt": {"line": "kept"}}


def test_a_description_that_was_cut_is_whole_again(todo: Todo) -> None:
    go_back(todo, "0002")
    whole = "whole " * 400
    cut = f"{whole[:1999]}…"
    fill(
        todo,
        state(1, description=whole) | {"description": cut},
        state(2, description=whole) | {"description": "edited since"},
    )
    todo.ok("db", "upgrade")

    one, two = read(todo, "tasks")
    assert (one["description"], one["extra"]) == (whole, None)
    assert (two["description"], two["extra"]) == ("edited since", {"description": whole})
    assert read(todo, "changes")[0]["after"]["description"] == whole
    go_back(todo, "0002")
    todo.ok("db", "upgrade")
    assert read(todo, "tasks") == [one, two]
    todo.ok("undo", "--any")
    assert todo.tasks() == []


STARTS: list[tuple[dict[str, Any], str, str | None]] = [
    ({"taskwarrior": {"wait": ENTRY, "scheduled": "x"}}, "2018-11-22", AT),
    ({"taskwarrior": {"wait": "?", "scheduled": ENTRY}}, "2018-11-22", AT),
    ({"todotxt": {"line": "t:soon Call t:2026-12-24 Ann"}}, "2026-12-24", None),
    ({"todotxt": {"line": "t:0001-01-01 t:20261224"}}, "", None),
    ({"taskwarrior": "?", "todotxt": 3}, "", None),
    ({"taskwarrior": {"wait": ENTRY}, "description": LONG}, "2018-11-22", AT),
    ({"taskwarrior": {"wait": "99991230T000000Z"}}, "9999-12-30", None),
]


def test_a_start_is_read_and_stays_for_exports(todo: Todo) -> None:
    go_back(todo, "0002")
    fill(todo, *(state(number, **extra) for number, (extra, _, _) in enumerate(STARTS, 1)))
    todo.ok("db", "upgrade")

    rows, log = read(todo, "tasks"), read(todo, "changes")
    # `wait:someday` is the last day of all.
    someday = {"start": {"on": "9999-12-30", "at": "99991230T000000Z"}}
    for row, change, (extra, day, at) in zip(rows, log, STARTS, strict=True):
        after = change["after"]
        assert str(row["start_on"] or "") == after.get("start_on", "") == day
        assert after.get("start_at") == at
        assert (row["start_at"] is None) == (at is None)
        kept = extra | (someday if day == "9999-12-30" else {})
        assert row["extra"] == after["extra"] == kept


def test_rows_that_plain_sql_wrote_stop_nothing(todo: Todo, engine: str) -> None:
    go_back(todo, "0001")
    annotations = [{"entry": ENTRY, "description": "a note"}]
    odd = state(1, annotations=annotations) | {"title": " not stripped"}
    fill(
        todo,
        odd,
        state(2, annotations=[{"entry": ENTRY}]),
        state(3, annotations=annotations) | {"project": random.Random(0).randbytes(3000).hex()},
        state(4, annotations=annotations),
    )
    todo.ok("db", "upgrade")

    moved = [row["number"] for row in read(todo, "tasks") if row["notes"]]
    assert moved == ([4] if engine == "postgresql" else [1, 4])
    numbered = [row["number"] for row in read(todo, "tasks") if row["seq"]]
    assert numbered == ([4] if engine == "postgresql" else [1, 2, 3, 4])
    assert read(todo, "tasks")[1]["extra"] == {"annotations": [{"entry": ENTRY}]}


def test_the_log_has_an_update_of_notes_as_a_set(todo: Todo) -> None:
    go_back(todo, "0002")
    one, two = ({"entry": ENTRY, "description": text} for text in ("one", "two"))
    fill(todo, state(1, annotations=[one], taskwarrior={"wait": ENTRY}))

    def update(connection: sa.Connection) -> None:
        before = {"extra": {"annotations": [one], "taskwarrior": {"wait": ENTRY}}}
        after = {"extra": {"annotations": [two]}}
        change = make_change(
            str(connection.scalar(sa.text("SELECT id FROM users"))),
            uuid.UUID(ID.format(1)),
            2,
            uuid.uuid4(),
            kind="update",
            before=before,
            after=after,
        )
        connection.execute(sa.insert(CHANGES), [change])

    on(todo, update)
    todo.ok("db", "upgrade")

    old, new = note(1, AT, "one"), note(1, AT, "two")
    change = read(todo, "changes")[1]
    assert change["before"] == {
        "notes": {"added": [old], "removed": [new["id"]]},
        "start_on": "2018-11-22",
        "start_at": AT,
        "extra": {"taskwarrior": {"wait": ENTRY}},
    }
    assert change["after"] == {
        "notes": {"added": [new], "removed": [old["id"]]},
        "start_on": None,
        "start_at": None,
        "extra": None,
    }


def test_100_000_tasks(todo: Todo) -> None:
    go_back(todo, "0002")
    parked: list[dict[str, Any]] = [
        {"annotations": [{"entry": ENTRY, "description": "a note"}]},
        {"taskwarrior": {"wait": ENTRY}},
        {},
    ]
    states = (
        state(1, **parked[number % 3])
        | {"number": number, "id": str(uuid.UUID(int=number)), "title": f"Task {number}"}
        for number in range(1, 100_001)
    )
    fill(todo, *states)
    todo.ok("db", "upgrade")

    rows, log = read(todo, "tasks"), read(todo, "changes")
    assert [row["number"] for row in rows if row["notes"]] == list(range(3, 100_001, 3))
    assert [row["number"] for row in rows if row["start_at"]] == list(range(1, 100_001, 3))
    assert [change["seq"] for change in log if "notes" in change["after"]] == [
        *range(3, 100_001, 3)
    ]
    assert [change["seq"] for change in log if "start_at" in change["after"]] == [
        *range(1, 100_001, 3)
    ]
    assert [row["seq"] for row in rows] == [*range(1, 100_001)]
