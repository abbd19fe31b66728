"""The complete format: documented fields, byte for byte, and clear words for bad ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from neontodo.columns import EXTRA_MAX_BYTES
from neontodo.fields import Priority
from tests.formats.samples import ID, NOW, again, made, problem, records, tasks, text_of

TASK = made(
    title="Buy milk ☕",
    due=datetime(2026, 12, 1, 17, tzinfo=UTC),
    priority=Priority.HIGH,
    project="home",
    tags=["shop", "errand"],
    completed=True,
    completed_at=NOW,
    extra={"csv": {"Size": "L"}},
    notes=({"id": f"{ID}", "at": "2018-10-02T14:36:04Z", "text": "oat"},),
)
LINE = (
    '{"id": "a0f278d4-a62c-4621-a1f9-27e2fd5466b2", "number": 1, "title": "Buy milk \\u2615", '
    '"description": null, "completed": true, "completed_at": "2026-11-20T19:30:00Z", '
    '"due": "2026-12-01T17:00:00Z", "priority": "high", "project": "home", '
    '"tags": ["errand", "shop"], '
    '"extra": {"csv": {"Size": "L"}}, '
    '"created_at": "2026-11-20T19:30:00Z", "updated_at": "2026-11-20T19:30:00Z", '
    f'"start": null, "notes": [{{"id": "{ID}", "at": "2018-10-02T14:36:04Z", "text": "oat"}}]}}'
)


def of(**attributes: Any) -> str:
    return json.dumps([{"title": "x", **attributes}])


def test_an_array_has_one_line_per_task() -> None:
    assert text_of([TASK, TASK], "json") == f"[\n{LINE},\n{LINE}\n]\n"


def test_no_tasks_are_an_empty_array() -> None:
    assert text_of([], "json") == "[]\n"
    assert records("[]\n", "json") == []
    assert records("", "json") == []


def test_a_file_comes_back_byte_for_byte() -> None:
    text = text_of([TASK, made()], "json")
    assert again(text, "json") == text


def test_only_a_title_is_needed() -> None:
    (task,) = tasks('{"title": "Buy milk"}', "json")
    assert task.title == "Buy milk"
    assert (task.id, task.number, task.created_at, task.extra) == (None, None, None, None)


def test_a_due_instant_is_on_the_day_it_has_where_the_user_is() -> None:
    (task,) = tasks(of(due="2026-11-20T23:30:00Z"), "json")
    assert isinstance(task.due, datetime)
    assert task.due.date() == date(2026, 11, 21)


def test_a_time_without_a_zone_is_the_users() -> None:
    (task,) = tasks(of(due="2026-11-20T08:00"), "json")
    assert task.due == datetime(2026, 11, 20, 7, tzinfo=UTC)


def test_a_long_title_is_cut_and_kept() -> None:
    (task,) = tasks(of(title=" " + "t" * 300, description="d" * 20_000), "json")
    assert (task.title, task.description) == ("t" * 199 + "…", "d" * 20_000)
    assert task.extra == {"title": " " + "t" * 300}


def test_a_description_that_is_too_long_is_refused_by_its_name() -> None:
    text = of(description="d" * 20_001)
    assert problem(text, "json") == "record 1, line 1: description: longer than 20000 characters"


def test_unknown_attributes_are_kept() -> None:
    (task,) = tasks(of(colour="red", extra={"json": {"size": 1.5}, "csv": {"a": "b"}}), "json")
    assert task.extra == {"json": {"size": 1.5, "colour": "red"}, "csv": {"a": "b"}}


def test_a_completed_task_without_an_instant_was_completed_when_it_last_changed() -> None:
    changed, made_, unknown = tasks(
        '{"title": "a", "completed": true, "updated_at": "2026-01-02T00:00:00Z"}'
        '{"title": "b", "completed": true, "created_at": "2026-01-01"}'
        '{"title": "c", "completed": true}',
        "json",
    )
    assert changed.completed_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert made_.completed_at == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert unknown.completed_at == NOW


def test_an_instant_of_completion_completes_unless_it_is_denied() -> None:
    completed, denied = tasks(
        '[{"title": "a", "completed_at": "2026-01-02T00:00:00Z"},'
        ' {"title": "b", "completed_at": "2026-01-02T00:00:00Z", "completed": false}]',
        "json",
    )
    assert completed.completed
    assert (denied.completed, denied.completed_at) == (False, None)
    assert denied.extra == {"json": {"completed_at": "2026-01-02T00:00:00Z"}}


@pytest.mark.parametrize("project", ["", " \t"])
def test_an_empty_project_is_none(project: str) -> None:
    (task,) = tasks(json.dumps({"title": "x", "project": project}), "json")
    assert task.project is None


def test_a_record_without_an_id_has_a_key_that_its_layout_does_not_change() -> None:
    (one,) = records('[{"title": "x", "tags": ["a"]}]', "json")
    (same,) = records('{"tags":["a"],\n"title":"x"}', "json")
    (with_id,) = records(of(id=str(ID)), "json")
    assert one.key == same.key != ""
    assert with_id.key == ""


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"title": None}, "title: missing"),
        ({"title": " "}, "title: empty"),
        ({"title": 5}, "title: must be text"),
        ({"title": "a\0"}, "title: holds a NUL character"),
        ({"title": "\ud800"}, "title: is not valid UTF-8"),
        ({"id": "12"}, "id: `12` is not a UUID"),
        ({"number": "twelve"}, "number: must be a whole number"),
        ({"number": 0}, "number: must be 1 or more"),
        ({"project": "p" * 101}, "project: longer than 100 characters"),
        ({"tags": 5}, "tags: must be a list"),
        ({"tags": ["a\0"]}, "tags: holds a NUL character"),
        ({"tags": ["\ud800"]}, "tags: a tag is not valid UTF-8"),
        ({"priority": "urgent"}, "priority: must be none, low, medium or high"),
        ({"completed": "perhaps"}, "completed: must be true or false"),
        ({"completed": 2}, "completed: must be true or false"),
        ({"due_date": "soon"}, "due_date: `soon` is not like"),
        ({"due": 5}, "due: must be text such as `2026-11-20` or `2026-11-20T20:30:00Z`"),
        ({"due": "20.11.2026"}, "due: `20.11.2026` is not like"),
        ({"due": "2026-W47-5"}, "due: `2026-W47-5` is not like"),
        ({"created_at": "0001-01-01T00:00+05:00"}, "created_at: `0001-01-01T00:00+05:00` is not"),
        ({"extra": []}, "extra: must be an object"),
        ({"extra": {"title": 5}}, "extra: `title` must be text"),
        ({"extra": {"annotations": [{"entry": 5}]}}, "annotations: must be a list of objects"),
        ({"size": "n" * EXTRA_MAX_BYTES}, "more than 16384 bytes have no field of their own"),
        ({"size": float("nan")}, "holds a number that is not finite or too large"),
        ({"size": "a\0"}, "holds a NUL character"),
        ({"size": "\ud800"}, "is not valid UTF-8"),
    ],
)
def test_a_bad_record_names_the_field_and_the_reason(
    attributes: dict[str, Any], reason: str
) -> None:
    assert problem(of(**attributes), "json").startswith(f"record 1, line 1: {reason}")


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    text = '[{"title": "x", "note": ' + "1" * 5000 + '}, {"title": "y"}]'
    assert "too large" in problem(text, "json")
    assert [record.task.title for record in records(text, "json") if record.task] == ["y"]


@pytest.mark.parametrize("levels", [100, 20_000])
def test_deep_nesting_is_refused(levels: int) -> None:
    text = '[{"title": "x", "note": ' + "[" * levels + "]" * levels + "}]"
    assert "is nested too deeply" in problem(text, "json")


def test_what_looks_like_an_escaped_nul_is_not_one() -> None:
    (task,) = tasks(of(size="\\u0000 \U0001f600"), "json")
    assert task.extra == {"json": {"size": "\\u0000 \U0001f600"}}


def test_a_bad_record_does_not_stop_the_next() -> None:
    bad, good = records('[5,\n{"title": "x"}]', "json")
    assert (bad.where, bad.problem) == ("record 1, line 1", "must be an object")
    assert good.task is not None
    assert good.where == "record 2, line 2"
