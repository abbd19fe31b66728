"""The same names and words in every format, whatever program wrote the file."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from neontodo import formats
from neontodo.errors import BadValue
from neontodo.fields import BY_NAME
from neontodo.formats.names import match_fields
from neontodo.models import Record
from tests.formats.samples import made, records, tasks, text_of


def as_csv(**attributes: Any) -> str:
    return f"{','.join(attributes)}\n{','.join(attributes.values())}\n"


def read_both(**attributes: Any) -> list[Record]:
    """The record that these attributes are as JSON, and as CSV."""
    found = records(json.dumps(attributes), "json") + records(as_csv(**attributes), "csv")
    assert len(found) == 2
    return found


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        ("Title,Status", {"Title": "title", "Status": "completed"}),
        ("summary,description", {"summary": "title", "description": "description"}),
        ("description,notes", {"description": "title", "notes": "description"}),
        ("Task Name,DUE-DATE", {"Task Name": "title", "DUE-DATE": "due"}),
        ("content,name", {"name": "title"}),
        ("title,name", {"title": "title"}),
        ("Title,title", {"title": "title"}),
        ("state,done", {"done": "completed"}),
        ("dueDate,isCompleted", {"dueDate": "due", "isCompleted": "completed"}),
        ("createdAt,closedAt", {"createdAt": "created_at", "closedAt": "completed_at"}),
        ("id,ID,number,Number,extra,Extra", {"id": "id", "number": "number", "extra": "extra"}),
        ("Foo,due date sent,", {}),
    ],
)
def test_names_are_matched_in_any_spelling_and_each_field_once(
    names: str, fields: dict[str, str]
) -> None:
    assert match_fields(tuple(names.split(","))) == fields


def test_our_own_names_are_our_own_fields() -> None:
    assert match_fields(tuple(BY_NAME)) == {name: name for name in BY_NAME}


@pytest.mark.parametrize("name", ["Status", "state", "done", "Completed", "is_completed"])
@pytest.mark.parametrize(
    ("word", "completed"),
    [
        *((word, True) for word in ("Done", "completed", "COMPLETE", "CLOSED", "x", "true", "1")),
        *((word, False) for word in ("open", "To Do", "Not started", "pending", "0", "no")),
    ],
)
def test_every_word_for_done_is_understood(name: str, word: str, completed: bool) -> None:
    for record in read_both(**{"Title": "a", name: word}):
        assert record.task is not None
        assert (record.task.completed, record.task.extra) == (completed, None)
        assert record.not_understood == ()


def test_a_status_of_another_meaning_is_kept_and_named() -> None:
    one, other = read_both(Title="a", Status="In review", Foo="1")
    assert one.task is not None
    assert other.task is not None
    assert (one.task.completed, one.task.extra) == (
        False,
        {"json": {"Status": "In review", "Foo": "1"}},
    )
    assert other.task.extra == {"csv": {"Status": "In review", "Foo": "1"}}
    assert one.not_understood == other.not_understood == ("Status", "Foo")


def test_a_due_day_of_another_name_must_be_one() -> None:
    for record in read_both(title="a", Deadline="soon"):
        assert (record.problem or "").startswith("Deadline: `soon` is not like")


def test_objects_of_an_issue_tracker_are_understood() -> None:
    labels = [{"name": "bug", "color": "f00"}, {"name": "good first issue"}]
    issue = {
        "title": "Login fails",
        "body": "Steps",
        "state": "CLOSED",
        "createdAt": "2026-01-01T00:00:00Z",
        "closedAt": "2026-01-02T00:00:00Z",
        "labels": labels,
        "assignees": [],
        "milestone": None,
        "url": "https://example.com",
    }
    (record,) = records(json.dumps([issue]), "json")
    assert record.task is not None
    assert record.task.description == "Steps"
    assert record.task.completed_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert record.task.tags == ("bug", "good-first-issue")
    assert record.task.extra is not None
    assert record.task.extra["json"]["labels"] == labels
    assert record.not_understood == ("url",)


@pytest.mark.parametrize(
    "attributes",
    [
        {"title": "a", "name": {"first": "b"}},
        {"title": "a", "Created": "November 3"},
        {"title": "a", "list": ["b"]},
        {"title": "a", "done": "2026-11-20"},
        {"title": "a", "labels": {"b": "c"}},
    ],
)
def test_a_name_that_means_something_else_is_kept(attributes: dict[str, Any]) -> None:
    (record,) = records(json.dumps(attributes), "json")
    name = [*attributes][1]
    assert record.task is not None
    assert record.task.extra == {"json": {name: attributes[name]}}
    assert record.not_understood == (name,)


def test_instants_may_be_numbers_of_seconds_or_milliseconds() -> None:
    first, second = tasks(
        '[{"title": "a", "created": 1700000000}, {"title": "b", "due": 1700000000000}]', "json"
    )
    assert first.created_at == second.due == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_the_file_s_own_names_stand_in_what_is_said() -> None:
    (record,) = records("Name,Due Date\n,2026-12-01\n", "csv")
    assert record.problem == "Name: missing"


def test_spelling_does_not_make_another_task() -> None:
    (one,) = records('{"title": "x", "due": "2026-12-01"}', "json")
    (same,) = records('{"Due Date": "2026-12-01", "Name": "x"}', "json")
    assert one.key == same.key
    assert same.task is not None
    assert same.task.due == date(2026, 12, 1)


@pytest.mark.parametrize("format", ["json", "csv"])
def test_nothing_of_our_own_export_is_not_understood(format: str) -> None:
    text = text_of([made(extra={"csv": {"Size": "L"}}, tags=["b", "a"])], format)
    (record,) = records(text, format)
    assert record.not_understood == ()


def test_a_very_long_name_is_shortened_where_it_is_said() -> None:
    (record,) = records(json.dumps({"title": "a", "n" * 1000: 1}), "json")
    assert record.not_understood == ("n" * 39 + "…",)


def test_a_board_is_refused_whole() -> None:
    board = {"name": "Home", "lists": [{"name": "To do"}], "cards": [{"name": "Paint"}]}
    with pytest.raises(BadValue, match="this is a board of Trello's"):
        records(json.dumps(board), "json")


@pytest.mark.parametrize(
    ("keys", "format"),
    [
        ("summary,description,status", "json"),
        ("Title,description,entry", "json"),
        ("name,description,entry,status,uuid", "taskwarrior"),
        ("description,status", "taskwarrior"),
        ("description,status,modified,notes,tags,due", "taskwarrior"),
        ("description,status,due_date", "json"),
        ("description,Status", "json"),
    ],
)
def test_a_title_of_another_name_tells_our_json_from_taskwarriors(keys: str, format: str) -> None:
    assert (
        formats.detect("a.json", json.dumps(dict.fromkeys(keys.split(","), "x")).encode()) == format
    )
