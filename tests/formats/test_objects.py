"""Objects out of any layout, to the place where the text stops being JSON."""

from __future__ import annotations

import io
import json

import pytest

from neontodo.formats.json_array import BrokenJson, read_values
from tests.formats.samples import problem, records


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"b": 2}]',
        '[\n{"a":1},\n{"b":2}\n]\n',
        '{"a":1}\n{"b":2}\n',
        '{"a":1},\r\n{"b":2}',
        '{"a":1}{"b":2}',
        '{\n  "a": 1\n}\n{\n  "b": 2\n}\n',
    ],
    ids=["array", "taskwarrior", "lines", "commas", "nothing between", "indented"],
)
def test_every_layout_is_read(text: str) -> None:
    assert [value for _, value in read_values(io.StringIO(text))] == [{"a": 1}, {"b": 2}]


def test_places_name_the_record_and_its_line() -> None:
    text = '[\n{"a":\n1},\n\n{"b": 2}]'
    assert [where for where, _ in read_values(io.StringIO(text))] == [
        "record 1, line 2",
        "record 2, line 5",
    ]


def test_records_may_lie_across_what_is_read_at_once() -> None:
    values = [{"n": number, "text": "é" * (number * 97 % 5000)} for number in range(300)]
    assert [value for _, value in read_values(io.StringIO(json.dumps(values)))] == values
    lines = "\n".join(map(json.dumps, values))
    assert [value for _, value in read_values(io.StringIO(lines))] == values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"title": "x"}', "line 1: the file ends before the closing `]`"),
        ('[{"title": "x"},\n{"title": "y', "record 2, line 2: the file ends inside it"),
        ('[{"title": "x"},\n{"title": ', "record 2, line 2: the file ends inside it"),
        ('[{"title": "x"}\n{"title": "y"}]', "record 1, line 2: a comma is missing after it"),
        (
            '[{"title": "x"},\n{"title":\n"y",}]',
            "record 2, line 3: broken JSON: expecting property name enclosed in double quotes",
        ),
        ('[{"title": "x"},]', "record 2, line 1: broken JSON: expecting value"),
        ('[{"title": "x"}]\n[]', "record 2, line 2: the array was closed before it"),
        ("title\nBuy milk\n", "record 1, line 1: broken JSON: expecting value"),
    ],
)
def test_broken_json_is_one_problem_with_its_place_after_the_good_records(
    text: str, expected: str
) -> None:
    assert problem(text, "json") == expected
    assert all(record.task for record in records(text, "json")[:-1])


def test_a_value_of_many_megabytes_is_refused_without_reading_on() -> None:
    text = io.StringIO('["' + "x" * (20 << 20))
    with pytest.raises(BrokenJson, match="is larger than 4 MB"):
        list(read_values(text))
    assert text.read(1) == "x"


def test_bytes_that_are_no_text_spoil_one_record_only() -> None:
    content = b'[{"title": "caf\xe9"}, {"title": "tea"}]'
    assert problem(content, "json") == "record 1, line 1: title: is not valid UTF-8"
    assert [record.task.title for record in records(content, "json") if record.task] == ["tea"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_understood(encoding: str) -> None:
    (record,) = records('[{"title": "ü"}]'.encode(encoding), "json")
    assert record.task is not None
    assert record.task.title == "ü"
