"""Whatever is in a task or in a file: nothing is lost, and nothing is raised."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo import formats
from neontodo.errors import BadValue
from neontodo.formats import todotxt
from neontodo.formats.json_array import BrokenJson, read_values
from neontodo.formats.record import open_text
from neontodo.models import TaskPublic
from tests.formats.samples import (
    NOW,
    extras,
    public_tasks,
    records,
    stored,
    tasks,
    text_of,
    whole_seconds,
)

_pieces = (
    st.sampled_from(
        [
            "[",
            "]",
            "{",
            "}",
            "[1]",
            "{}",
            ",",
            ":",
            ";",
            '"',
            "\\",
            "null",
            "true",
            "1e999",
            "NaN",
            '"x"',
            "é",
            "-",
            "+",
            "@",
        ]
    )
    | st.sampled_from(["\n", "\r", "\t", " ", "\ufeff", "\0", "\xa0"])
    | st.sampled_from(["title", '"title":', '"due":', '"uuid":', '"tags":', '"extra":'])
    | st.sampled_from(["x", "(A)", "2026-11-20", "+p", "@c", "due:2026-11-20", "pri:B"])
)
contents = st.binary() | st.lists(_pieces).map("".join).map(str.encode)
json_objects = st.dictionaries(
    st.sampled_from(["title", "description", "uuid", "id", "status", "due", "entry", "tags"])
    | st.sampled_from(["priority", "project", "annotations", "extra", "completed", "notes", "end"])
    | st.text(max_size=3),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["H", "high", "completed", "waiting", "20180914T103257Z", "2026-11-20"])
    | st.lists(st.text() | st.integers() | st.dictionaries(st.text(), st.text()), max_size=3)
    | st.dictionaries(st.sampled_from(["title", "annotations", "x"]), st.text() | st.integers()),
)


@pytest.mark.parametrize("format", formats.FORMATS)
@given(content=contents)
def test_reading_any_bytes_raises_nothing_else(format: str, content: bytes) -> None:
    try:
        found = records(content, format)
    except BadValue:
        assert format == "csv"
        return
    for record in found:
        assert [record.task, record.problem, record.skipped].count(None) == 2


@pytest.mark.parametrize("format", ["json", "taskwarrior"])
@given(written=st.lists(json_objects))
def test_reading_any_objects_raises_nothing_and_answers_one_record_each(
    format: str, written: list[dict[str, object]]
) -> None:
    assert len(records(json.dumps(written), format)) == len(written)


@pytest.mark.parametrize("format", formats.FORMATS)
@given(task=public_tasks(extras))
def test_writing_any_task_raises_nothing_and_is_utf8(format: str, task: TaskPublic) -> None:
    assert text_of([task], format).encode()


@given(tasks_=st.lists(public_tasks(), max_size=3))
def test_json_brings_back_every_field(tasks_: list[TaskPublic]) -> None:
    assert [stored(task) for task in tasks(text_of(tasks_, "json"), "json", tz=UTC)] == [
        in_order(task) for task in tasks_
    ]


@given(tasks_=st.lists(public_tasks(), max_size=3))
def test_csv_brings_back_every_field(tasks_: list[TaskPublic]) -> None:
    assert [stored(task) for task in tasks(text_of(tasks_, "csv"), "csv", tz=UTC)] == [
        in_order(task) for task in tasks_
    ]


@given(task=public_tasks())
def test_taskwarrior_brings_back_every_field_it_has_to_the_second(task: TaskPublic) -> None:
    (read,) = tasks(text_of([task], "taskwarrior"), "taskwarrior")
    back = stored(read)
    same = ("id", "title", "description", "completed", "priority", "project")
    assert {name: getattr(back, name) for name in same} == {
        name: getattr(task, name) for name in same
    }
    assert back.tags == tuple(sorted(task.tags))
    for name in ("created_at", "updated_at", "completed_at"):
        assert getattr(back, name) == whole_seconds(getattr(task, name))
    assert text_of([back], "taskwarrior") == text_of([task], "taskwarrior")


@given(task=public_tasks())
def test_todotxt_line_of_a_task_reads_as_one_task_and_stays_the_same(task: TaskPublic) -> None:
    line = text_of([task], "todotxt")
    (read,) = tasks(line, "todotxt")
    assert read.completed == task.completed
    assert text_of([stored(read)], "todotxt") == line


_lines = st.lists(
    st.sampled_from(["x", "(A)", "(B)", "(D)", "2026-11-20", "2026-11-21", "", "Call", "Mom"])
    | st.sampled_from(["+a", "+b", "@c", "@d", "due:2026-12-01", "pri:B", "pri:D", "t:x", "+"])
    | st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=3),
    min_size=1,
).map(" ".join)


@given(line=_lines)
def test_any_todotxt_line_is_the_sum_of_its_parts(line: str) -> None:
    assert str(todotxt.parse_line(line)) == line


@given(line=_lines)
def test_any_todotxt_line_comes_back_byte_for_byte(line: str) -> None:
    for record in records(line, "todotxt"):
        if record.task:
            assert text_of([stored(record.task)], "todotxt", tz=UTC) == f"{line}\n"


@given(
    line=_lines,
    title=st.sampled_from(["Call Dad", "x", "2026-01-01 y", "(A) z"]),
    project=st.sampled_from([None, "a", "b", "other"]),
    tags=st.sets(st.sampled_from(["a", "b", "c", "d", "e"])),
    due_on=st.sampled_from([None, date(2026, 12, 1), date(2027, 1, 1)]),
    priority=st.sampled_from([0, 1, 2, 3]),
    completed=st.booleans(),
)
def test_a_changed_todotxt_line_says_what_the_task_says(
    line: str,
    title: str,
    project: str | None,
    tags: set[str],
    due_on: date | None,
    priority: int,
    completed: bool,
) -> None:
    for record in records(line, "todotxt"):
        if not record.task or line.count("due:") > 1:
            continue  # a second due day takes the place of one that was removed
        changed = stored(
            record.task,
            title=title,
            project=project,
            tags=tuple(sorted(tags)),
            due_on=due_on,
            priority=priority,
            completed=completed,
            completed_at=NOW if completed else None,
        )
        (back,) = tasks(text_of([changed], "todotxt"), "todotxt")
        assert (back.project, back.tags, back.due) == (project, changed.tags, due_on)
        assert (back.title, back.completed) == (title, completed)
        assert back.priority == priority


@given(value=st.recursive(st.floats(allow_nan=False) | st.text() | st.integers(), st.lists))
def test_objects_are_what_the_standard_library_reads(value: object) -> None:
    written = json.dumps([value, value], indent=1).replace("Infinity", "1e999")
    with open_text(io.BytesIO(written.encode())) as text:
        assert [found for _, found in read_values(text)] == json.loads(written)


@given(content=contents)
def test_no_text_is_accepted_that_the_standard_library_refuses(content: bytes) -> None:
    with open_text(io.BytesIO(b"[" + content)) as text:
        found = [value for _, value in read_values(text)]
    text_content = "[" + content.decode("utf-8", "surrogateescape").replace("\ufeff", "")
    is_comma_missing = re.search(r"\n[ \t\r]*[^],\s]", text_content)
    if not is_comma_missing and not any(isinstance(value, BrokenJson) for value in found):
        assert str(json.loads(text_content, strict=False)) == str(found)


def in_order(task: TaskPublic) -> TaskPublic:
    """The same task with its tags sorted, as they always are in a store."""
    return task.model_copy(update={"tags": tuple(sorted(task.tags))})
