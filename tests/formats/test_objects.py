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
    ("text", "count", "line", "reason"),
    [
        ('[{"title": "x"}', 2, 1, "the file ends before the closing `]`"),
        ('[{"title": "x"},\n{"title": "y', 2, 2, "the file ends inside it"),
        ('[{"title": "x"},\n{"title": ', 2, 2, "the file ends inside it"),
        ('{"title": "x"}\n{"title": "y', 2, 2, "the file ends inside it"),
        ('[{"title": "x"},\n{"title": "y", "tags": ["a"]', 2, 2, "the file ends inside it"),
        ('[{"title": "x"} {"title": "y"}]', 2, 1, "a comma is missing before it"),
        (
            '[{"title": "x"}, {"title": "\\q"}, {"title": "z"}]',
            2,
            1,
            "broken JSON: invalid \\escape",
        ),
        ('[{"title": "\\q"}, {"title": "z"}]', 1, 1, "broken JSON: invalid \\escape"),
        ('[\n{\n"title": "\\q"\n},\n{\n"title": "z"\n}\n]', 1, 3, "broken JSON: invalid \\escape"),
        (
            '[{"title": "x",\n  "due": \\q,\n  "tags": [\n    {"title": "no task"}]}]',
            1,
            2,
            "broken JSON: expecting value",
        ),
        ('[{"title": "x"},]', 2, 1, "broken JSON: expecting value"),
        ('[{"title": "x"}]\n[]', 2, 2, "the array was closed before it"),
        ("title\nBuy milk\n", 1, 1, "broken JSON: expecting value"),
    ],
)
def test_what_follows_broken_json_is_named_with_it_after_the_good_records(
    text: str, count: int, line: int, reason: str
) -> None:
    *good, bad = records(text, "json")
    assert bad.where == f"record {count} and everything after it, from line {line}"
    assert (bad.problem, bad.hides_others) == (reason, True)
    assert len(good) == count - 1
    assert all(record.task for record in good)


@pytest.mark.parametrize(
    "line",
    [
        '{"title": "\\q"}',
        '{"title": "y}',
        '{"title": "y}\\"',
        '{"title": y"}',
        '{"title": "y"',
        "nonsense",
    ],
)
@pytest.mark.parametrize(
    "layout",
    [
        "[\n{0},\n{1},\n{2}\n]\n",
        "[\r\n  {0},\r\n  {1},\r\n  {2}\r\n]",
        "[{0},\n{1},\n{2}]",
        "[{0}\n,{1}\n,{2}\n]",
        "{0}\n{1}\n{2}\n",
    ],
)
def test_where_records_are_lines_a_broken_one_hides_no_other(layout: str, line: str) -> None:
    good = ['{"title": "x"}', '{"title": "z", "tags": ["a"]}']
    first, bad, last = records(layout.format(good[0], line, good[1]), "json")
    assert first.task is not None
    assert last.task is not None
    assert (first.task.title, last.task.title) == ("x", "z")
    assert (bad.problem or "").startswith("broken JSON: ")
    assert not bad.hides_others


def test_the_place_of_a_broken_record_has_all_its_lines() -> None:
    text = '[\n{"title": "x"},\n{"title": "\\q",\n"due"},\n{"title": "z"}\n]'
    bad = problem(text, "json")
    assert bad == "record 2, lines 3–4: broken JSON: invalid \\escape"


@pytest.mark.parametrize("end", ["]", "\n]", ""])
def test_a_broken_record_at_the_end_hides_no_other(end: str) -> None:
    text = '[\n{"title": "x"},\n{"title": "\\q"}' + end
    *_, bad = records(text if end else text[2:].replace(",", ""), "json")
    assert bad.problem == "broken JSON: invalid \\escape"
    assert not bad.hides_others


@pytest.mark.parametrize("character", ["\t", "\n", "\x01", "\x7f"])
def test_control_characters_may_stand_in_a_text(character: str) -> None:
    (record,) = records(f'{{"title": "a{character}b"}}\n', "json")
    assert record.task is not None
    assert record.task.title == f"a{character}b"


def test_lines_of_an_array_need_no_commas() -> None:
    found = records('[\n{"title": "x"}\n{"title": "y"}\n]', "json")
    assert [record.task.title for record in found if record.task] == ["x", "y"]
    assert len(found) == 2


def test_files_put_one_behind_the_other_may_have_a_byte_order_mark_each() -> None:
    found = records('\ufeff{"title": "x"}\n\ufeff{"title": "y"}\n', "json")
    assert [record.task.title for record in found if record.task] == ["x", "y"]


def test_a_value_of_many_megabytes_is_refused_without_reading_on() -> None:
    text = io.StringIO('["' + "x" * (20 << 20))
    ((_, error),) = read_values(text)
    assert isinstance(error, BrokenJson)
    assert str(error) == "is larger than 4 MB"
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


def test_a_broken_line_is_left_behind_without_reading_on() -> None:
    text = io.StringIO('{"title": "\\q"}\n' + '{"title": "x"}\n' * 1_000_000)
    next(read_values(text))
    assert text.tell() < 1 << 20
