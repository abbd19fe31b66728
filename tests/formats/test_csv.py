"""A table that spreadsheets read and write."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from neontodo.errors import BadValue
from neontodo.fields import Priority
from neontodo.formats import write
from tests.formats.samples import again, made, problem, records, tasks, text_of

HEADER = (
    "id,number,title,description,completed,completed_at,due,priority,project,tags,extra,"
    "created_at,updated_at,start,notes\r\n"
)


def test_a_row_has_the_fields_of_json() -> None:
    task = made(
        title='Say "hi", then\nleave',
        due=date(2026, 12, 1),
        priority=Priority.LOW,
        tags=["b", "a"],
        extra={"csv": {"Size": "L"}},
    )
    assert text_of([task], "csv") == (
        HEADER + "a0f278d4-a62c-4621-a1f9-27e2fd5466b2,1,"
        '"Say ""hi"", then\nleave",,false,,2026-12-01,low,,a b,'
        '"{""csv"": {""Size"": ""L""}}",2026-11-20T19:30:00Z,2026-11-20T19:30:00Z,,\r\n'
    )


def test_no_tasks_are_a_header() -> None:
    assert text_of([], "csv") == HEADER
    assert records(HEADER, "csv") == records("", "csv") == []


def test_a_file_comes_back_byte_for_byte() -> None:
    text = text_of([made(title="=1+1"), made(title="-x"), made(description=" a \r\n b ")], "csv")
    assert again(text, "csv") == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("＝1", "'＝1"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a=1-1 + b@c", "a=1-1 + b@c"),
        ("it's", "it's"),
    ],
)
def test_a_spreadsheet_is_given_no_formula(value: str, cell: str) -> None:
    task = made(title="t", description=value, tags=["a"], due=date(2026, 12, 1))
    plain, guarded = (
        list(csv.DictReader(io.StringIO("".join(pieces), newline="")))
        for pieces in (
            write([task], "csv", tz=UTC),
            write([task], "csv", tz=UTC, for_spreadsheet=True),
        )
    )
    assert plain[0]["description"] == value
    assert guarded == [plain[0] | {"description": cell}]


def test_a_file_for_a_spreadsheet_is_imported_with_the_quotes_that_it_has() -> None:
    pieces = write([made(title="=1+1")], "csv", tz=UTC, for_spreadsheet=True)
    assert [task.title for task in tasks("".join(pieces), "csv")] == ["'=1+1"]


def test_more_rows_than_are_written_at_once_are_all_written() -> None:
    text = text_of([made(title=f"t{number}") for number in range(1201)], "csv")
    assert [task.title for task in tasks(text, "csv")] == [f"t{number}" for number in range(1201)]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_have_any_order_case_and_delimiter(mark: str) -> None:
    text = f"\ufeffTags{mark}Due Date{mark}TITLE\r\nhome{mark}2026-12-01{mark}Buy milk\r\n"
    (task,) = tasks(text, "csv")
    assert (task.title, task.due, task.tags) == ("Buy milk", date(2026, 12, 1), ("home",))


def test_names_of_other_programs_are_understood() -> None:
    (task,) = tasks('Content,Notes,Labels,Done\nx,y,"a, b",yes\n', "csv")
    assert (task.title, task.description, task.tags) == ("x", "y", ("a", "b"))
    assert task.completed


def test_unknown_columns_are_kept() -> None:
    (task,) = tasks("title,Size,,name,title\nx,L,1,other,again\n", "csv")
    assert task.title == "x"
    assert task.extra == {
        "csv": {"Size": "L", "column 3": "1", "name": "other", "column 5": "again"}
    }


def test_missing_and_empty_values_are_left_out() -> None:
    short, spaces = tasks("title,due,priority\nx\n\ny, ,\n", "csv")
    assert (short.due, short.priority) == (None, Priority.NONE)
    assert (spaces.due, spaces.priority) == (None, Priority.NONE)


def test_a_spreadsheets_spelling_of_truth_is_understood() -> None:
    text = "title,completed\na,TRUE\nb,FALSE\nc,1\nd,\n"
    assert [task.completed for task in tasks(text, "csv")] == [True, False, True, False]


def test_instants_and_identity_are_taken_over() -> None:
    (task,) = tasks(
        "title,number,created_at,completed_at\nx, 12 ,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z\n",
        "csv",
    )
    assert (task.number, task.created_at) == (12, datetime(2026, 1, 1, tzinfo=UTC))
    assert (task.completed, task.completed_at) == (True, datetime(2026, 1, 2, tzinfo=UTC))


def test_a_record_without_an_id_has_a_key_that_its_columns_order_does_not_change() -> None:
    (one,) = records("title,due\nx,2026-12-01\n", "csv")
    (same,) = records("Due;Name\n2026-12-01;x\n", "csv")
    assert one.key == same.key == json.dumps({"due": "2026-12-01", "title": "x"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('title,due\n"a\nb",1.2.2026\n', "line 2: due: `1.2.2026` is not like"),
        ("title\nx,y\n", "line 2: has 2 values for 1 columns"),
        ("title,completed\nx,perhaps\n", "line 2: completed: must be true or false"),
        ("title,extra\nx,{\n", "line 2: extra: is not JSON"),
        ("title,extra\nx,[1]\n", "line 2: extra: must be an object"),
        ('title\nx\n"y\nz\n', "line 3 and everything after it: a quote is not closed"),
        ('title\nx\n"y\nz\n"w", a\n', "lines 3–5: a quote is not closed, or stands inside"),
        ('title\nx\n"y"z\n', "line 3: a quote is not closed, or stands inside a value"),
        ("title,id\nx,7\n", "line 2: id: `7` is not a UUID"),
    ],
)
def test_a_bad_row_names_its_line_and_the_reason(text: str, expected: str) -> None:
    assert problem(text, "csv").startswith(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Buy milk\nBuy tea\n", "nothing was imported: no column `title` among `Buy milk`"),
        ("Foo;;Foo\n1;2;3\n", "no column `title` among `Foo`, `column 2`, `column 3`"),
        (",".join("abcdefghijkl"), "no column `title` among `a`, `b`, .*, `j`, and 2 more"),
        ("TYPE,CONTENT,PRIORITY\ntask,x,4\n", "this is a file of Todoist's, which todo cannot"),
        ("\ufeffType,Content,Indent\ntask,x,1\n", "this is a file of Todoist's, which todo cannot"),
    ],
)
def test_a_table_of_something_else_is_refused_whole(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        records(text, "csv")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"Design, Big launch"', ("Big-launch", "Design")),
        ('"a,,b, "', ("a", "b")),
        ("b a", ("a", "b")),
        ('" a  b "', ("a", "b")),
    ],
)
def test_tags_have_commas_or_else_spaces_between_them(cell: str, expected: tuple[str, ...]) -> None:
    (task,) = tasks(f"title,tags\nx,{cell}\n", "csv")
    assert task.tags == expected


def test_the_words_of_an_empty_cell_do_not_change_what_a_column_is() -> None:
    first, second = records("name,description\n,d\nn,\n", "csv")
    assert first.problem == "name: missing"
    assert second.task is not None
    assert second.task.title == "n"


@pytest.mark.parametrize(
    ("rows", "hides_others"), [('"a"b\nc\n', False), ('"a\nb\n"c"d\ne\n', True), ('"a', True)]
)
def test_a_quote_that_takes_in_other_rows_is_told_from_one_that_does_not(
    rows: str, hides_others: bool
) -> None:
    (bad,) = (record for record in records(f"title\n{rows}", "csv") if record.problem)
    assert bad.hides_others is hides_others


def test_a_bad_row_does_not_stop_the_next() -> None:
    text = b'title,due\n"a"b,\nc,never\nd,\n\xff,\n'
    found = records(text, "csv")
    assert [record.where for record in found] == ["line 2", "line 3", "line 4", "line 5"]
    assert [bool(record.task) for record in found] == [False, False, True, False]
    assert found[3].problem == "title: is not valid UTF-8"
