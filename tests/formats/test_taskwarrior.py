"""Taskwarrior's own JSON, with a real person's tasks."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from neontodo.columns import DAYS
from neontodo.fields import Priority
from tests.formats.samples import ID, NOW, TZ, made, problem, records, stored, tasks, text_of

EXPORT = (Path(__file__).parent.parent / "data" / "taskwarrior-export.json").read_text()
BASE = {
    "description": "Pay rent",
    "entry": "20180914T103257Z",
    "modified": "20181022T150855Z",
    "status": "pending",
    "uuid": str(ID),
}


def of(**attributes: Any) -> str:
    return json.dumps([{**BASE, **attributes}])


def exported(text: str, tz: ZoneInfo = TZ, **changes: Any) -> dict[str, Any]:
    """What one task becomes when it is imported in Berlin, changed, and exported."""
    (task,) = tasks(text, "taskwarrior")
    (back,) = json.loads(text_of([stored(task, **changes)], "taskwarrior", tz=tz))
    return dict(back)


def test_real_tasks_come_back_equal() -> None:
    originals = [raw for raw in json.loads(EXPORT) if raw["status"] != "deleted"]
    text = text_of([stored(task) for task in tasks(EXPORT, "taskwarrior")], "taskwarrior")
    assert json.loads(text) == originals
    assert [list(raw) for raw in json.loads(text)] == [list(raw) for raw in originals]
    assert len(originals) == 144


def test_deleted_tasks_are_skipped() -> None:
    skipped = [record for record in records(EXPORT, "taskwarrior") if record.skipped]
    assert [record.skipped for record in skipped] == ["deleted"] * 3
    assert skipped[0].where.startswith("record ")


def test_the_fields_that_both_have_are_taken_over() -> None:
    (task,) = tasks(
        of(priority="H", project="home", tags=["b", "a"], due="20261201T163000Z"), "taskwarrior"
    )
    assert (task.id, task.title, task.project, task.tags) == (ID, "Pay rent", "home", ("a", "b"))
    assert (task.priority, task.due) == (Priority.HIGH, datetime(2026, 12, 1, 16, 30, tzinfo=UTC))
    assert task.created_at == datetime(2018, 9, 14, 10, 32, 57, tzinfo=UTC)
    assert task.updated_at == datetime(2018, 10, 22, 15, 8, 55, tzinfo=UTC)


def test_an_empty_list_is_laid_out_as_taskwarrior_does() -> None:
    assert text_of([], "taskwarrior") == "[\n]\n"
    assert text_of([made()], "taskwarrior") == (
        '[\n{"description":"Buy milk","entry":"20261120T193000Z","modified":"20261120T193000Z",'
        '"status":"pending","uuid":"a0f278d4-a62c-4621-a1f9-27e2fd5466b2"}\n]\n'
    )


LATER = "20270101T000000Z"


@pytest.mark.parametrize("joint", ["\n", ",\n", ""])
def test_objects_need_no_array(joint: str) -> None:
    line = json.dumps(BASE)
    assert len(tasks(joint.join([line, line]), "taskwarrior")) == 2


@pytest.mark.parametrize("status", ["waiting", "recurring"])
def test_waiting_and_recurring_are_pending_and_stay_so(status: str) -> None:
    text = of(status=status, wait="20270101T000000Z", recur="weekly", imask=0.0)
    (task,) = tasks(text, "taskwarrior")
    assert not task.completed
    assert exported(text) == json.loads(text)[0]


@pytest.mark.parametrize(
    ("attributes", "start"),
    [
        ({"status": "waiting", "wait": "20261130T230000Z"}, date(2026, 12, 1)),
        ({"wait": "20261201T090000Z"}, datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ({"wait": "2026-12-01"}, date(2026, 12, 1)),
        ({"scheduled": "20261130T230000Z"}, date(2026, 12, 1)),
        ({"wait": "20261130T230000Z", "scheduled": "20261224T000000Z"}, date(2026, 12, 1)),
        ({"wait": "99991230T050000Z"}, date(9999, 12, 30)),
        ({"wait": "soon"}, None),
    ],
)
def test_a_start_is_read_and_exported_as_it_came(
    attributes: dict[str, str], start: date | None
) -> None:
    text = of(**attributes)
    (task,) = tasks(text, "taskwarrior")
    assert task.start == start
    for zone in (TZ, ZoneInfo("America/New_York")):
        assert exported(text, zone) == json.loads(text)[0]


WAITING = {"status": "waiting", "wait": "20261201T090000Z"}
MOVED = {"start_on": date(2026, 12, 5), "start_at": None}


@pytest.mark.parametrize(
    ("attributes", "changes", "expected"),
    [
        ({}, MOVED, {"status": "pending", "wait": "20261204T230000Z"}),
        (WAITING, MOVED, {"status": "waiting", "wait": "20261204T230000Z"}),
        ({"scheduled": LATER}, MOVED, {"status": "pending", "scheduled": "20261204T230000Z"}),
        (
            {**WAITING, "scheduled": LATER},
            {"start_on": None, "start_at": None},
            {"status": "pending"},
        ),
    ],
    ids=["new", "moved", "scheduled", "cleared"],
)
def test_a_changed_start_is_exported(
    attributes: dict[str, str], changes: dict[str, Any], expected: dict[str, str]
) -> None:
    found = exported(of(**attributes), **changes)
    assert {k: found[k] for k in ("status", "wait", "scheduled") if k in found} == expected


def test_completing_a_waiting_task_completes_it() -> None:
    changed = exported(of(status="waiting"), completed=True, completed_at=NOW)
    assert (changed["status"], changed["end"]) == ("completed", "20261120T193000Z")


def test_a_task_that_was_taken_up_again_has_no_end() -> None:
    text = of(status="completed", end="20181022T150855Z")
    assert exported(text) == json.loads(text)[0]
    changed = exported(text, completed=False, completed_at=None)
    assert changed == json.loads(of())[0]


@pytest.mark.parametrize(
    "attributes",
    [
        {"estimate": 2.5, "jira": "X-1", "depends": ["b", "a"], "urgency": 2.6137, "id": 5},
        {"priority": "X"},
        {"tags": ["b", "a", "b"]},
        {"tags": ["two words", "a"]},
        {"tags": ["a,b", "c"]},
        {"end": "20181022T150855Z"},
        {"description": " " + "long " * 60},
        {"notes": "n" * 3000},
        {"notes": 5},
        {"due": "20261201T163000Z"},
        {"due": "20261130T230000Z"},
    ],
    ids=lambda attributes: "+".join(attributes),
)
def test_an_unchanged_task_is_exported_as_it_came(attributes: dict[str, Any]) -> None:
    text = of(**attributes)
    assert exported(text) == json.loads(text)[0]


@pytest.mark.parametrize(
    ("attributes", "changes", "expected"),
    [
        ({"description": "d" * 300}, {"title": "New"}, {"description": "New"}),
        ({"notes": "n" * 3000}, {"description": "New"}, {"notes": "New"}),
        ({"priority": "X"}, {"priority": Priority.LOW}, {"priority": "L"}),
        ({"priority": "H"}, {"priority": Priority.NONE}, {"priority": None}),
        ({"tags": ["c", "a"]}, {"tags": ("a", "b", "c")}, {"tags": ["c", "a", "b"]}),
        ({"tags": ["c", "a"]}, {"tags": ()}, {"tags": None}),
        ({"tags": ["two words", "a,b"]}, {"tags": ("b", "new")}, {"tags": ["b", "new"]}),
        ({"project": "home"}, {"project": None}, {"project": None}),
        ({"due": "20261130T230000Z"}, {"due_on": date(2026, 12, 2)}, {"due": "20261201T230000Z"}),
        ({"due": "20261130T230000Z"}, {"due_on": None}, {"due": None}),
    ],
)
def test_changed_fields_are_laid_over_what_came(
    attributes: dict[str, Any], changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    back = exported(of(**attributes), **changes)
    assert {name: back.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("x,y", ("x", "y")), ("x", ("x",)), ("", ()), (["two words", "a,b"], ("a", "b", "two-words"))],
)
def test_tags_are_read_as_task_takes_them(given: Any, expected: tuple[str, ...]) -> None:
    (task,) = tasks(of(tags=given), "taskwarrior")
    assert task.tags == expected


@pytest.mark.parametrize("given", [1700000000, "1700000000", 1700000000.0, 1700000000000])
def test_instants_may_be_numbers_of_seconds(given: Any) -> None:
    (task,) = tasks(of(entry=given, modified=given, due=given), "taskwarrior")
    moment = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert (task.created_at, task.updated_at, task.due) == (moment, moment, moment)


def test_a_number_at_the_beginning_of_a_day_is_that_day_and_exported_as_an_instant() -> None:
    text = of(due=1796079600)
    (task,) = tasks(text, "taskwarrior")
    assert task.due == date(2026, 12, 1)
    assert exported(text, ZoneInfo("America/New_York"))["due"] == "20261130T230000Z"


@pytest.mark.parametrize(
    ("status", "completed"), [("done", True), ("Closed", True), ("x", True), ("open", False)]
)
def test_a_status_has_the_words_of_all_formats(status: str, completed: bool) -> None:
    (task,) = tasks(of(status=status), "taskwarrior")
    assert task.completed is completed
    assert task.extra is None


def test_what_stays_without_effect_is_said_by_name() -> None:
    text = of(id=5, status="waiting", wait=LATER, until=LATER, priority="X", jira=None)
    (record,) = records(text, "taskwarrior")
    assert record.not_understood == ("until", "priority")


def test_due_at_the_beginning_of_a_day_is_that_day() -> None:
    (task,) = tasks(of(due="20261130T230000Z"), "taskwarrior")
    assert task.due == date(2026, 12, 1)


def test_such_a_due_is_the_same_instant_when_exported_elsewhere() -> None:
    elsewhere = exported(of(due="20261130T230000Z"), ZoneInfo("America/New_York"))
    assert elsewhere["due"] == "20261130T230000Z"


def test_a_day_that_begins_late_is_a_day_all_the_same() -> None:
    sao_paulo = ZoneInfo("America/Sao_Paulo")  # where there was no 00:00 on this day
    text = text_of([made(due=date(2018, 11, 4))], "taskwarrior", tz=sao_paulo)
    (task,) = tasks(text, "taskwarrior", tz=sao_paulo)
    assert task.due == date(2018, 11, 4)


def test_a_completed_task_without_an_end_was_completed_when_it_last_changed() -> None:
    (task,) = tasks(of(status="completed"), "taskwarrior")
    assert task.completed_at == task.updated_at


@pytest.mark.parametrize("tz", [TZ, ZoneInfo("America/New_York")], ids=str)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_first_and_the_last_day_can_be_exported(day: date, tz: ZoneInfo) -> None:
    assert '"due":"' in text_of([made(due=day)], "taskwarrior", tz=tz)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"description": None}, "description: missing"),
        ({"description": ""}, "description: empty"),
        ({"uuid": "5"}, "uuid: `5` is not a UUID"),
        ({"status": "odd"}, "status: must be pending, waiting, recurring, completed or deleted"),
        ({"status": []}, "status: must be pending"),
        ({"entry": "yesterday"}, "entry: must be like `20181122T103257Z`"),
        ({"modified": 5}, "modified: must be like `20181122T103257Z`"),
        ({"due": "20261332T000000Z"}, "due: must be like `20181122T103257Z`"),
        ({"project": "p" * 101}, "project: longer than 100 characters"),
        ({"tags": 5}, "tags: must be a list"),
        ({"tags": [5]}, "tags: must be a list of texts"),
        ({"annotations": "note"}, "annotations: must be a list of objects"),
        ({"uda": "u" * 20_000}, "more than 16384 bytes have no field of their own"),
        ({"uda": float("inf")}, "holds a number that is not finite or too large"),
    ],
)
def test_a_bad_record_names_the_field_and_the_reason(
    attributes: dict[str, Any], reason: str
) -> None:
    text = f"{of()[:-1]}, {of(**attributes)[1:]}"
    assert problem(text, "taskwarrior").startswith(f"record 2, line 1: {reason}")


def test_an_annotation_without_a_text_is_no_note() -> None:
    notes = [{"entry": BASE["entry"], "description": text} for text in ("", " \n", "Called")]
    (task,) = tasks(of(annotations=notes), "taskwarrior")
    assert [note["text"] for note in task.notes] == ["Called"]


def test_what_else_stands_in_extra_cannot_spoil_an_export() -> None:
    odd = {
        "taskwarrior": {"tags": 5, "status": [], "uuid": "no", "annotations": 1},
        "due": {"on": "2026-12-01", "at": 5},
        "title": "other",
        "todotxt": [],
    }
    (back,) = json.loads(text_of([made(due=date(2026, 12, 1), extra=odd)], "taskwarrior"))
    assert (back["status"], back["uuid"]) == ("pending", str(ID))
    assert back["due"] == "20261130T230000Z"
    assert back["description"] == "Buy milk"


def test_a_record_without_a_uuid_has_a_key() -> None:
    (record,) = records('{"description": "x"}', "taskwarrior")
    assert record.task is not None
    assert record.task.id is None
    assert record.key == '{"description": "x"}'


def test_instants_are_written_to_the_second() -> None:
    later = NOW + timedelta(microseconds=999_999)
    assert '"modified":"20261120T193000Z"' in text_of([made(updated_at=later)], "taskwarrior")
