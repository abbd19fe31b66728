"""`csv`: a header row and the fields of `json` (RFC 4180, UTF-8 without a mark).

Tags stand in one column with a space between, `extra` as JSON text, and what is not there is
empty. Values are written as they are, also those that a spreadsheet takes for a formula (`=1+1`):
what is exported must be what comes back. `for_spreadsheet` puts a `'` before these, as OWASP
advises; importing such a file keeps the `'`. Read are columns in any order and case, with some
other programs' names, between commas, semicolons or tabs; columns of other names go to `extra`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from itertools import chain, islice
from typing import Any, BinaryIO

from neontodo.fields import BY_NAME
from neontodo.formats.record import BadRecord, build_record, open_text
from neontodo.models import Record, TaskPublic

_ALIASES = {
    "name": "title",
    "task": "title",
    "summary": "title",
    "content": "title",
    "subject": "title",
    "note": "description",
    "notes": "description",
    "due_date": "due",
    "deadline": "due",
    "label": "tags",
    "labels": "tags",
    "tag": "tags",
    "done": "completed",
    "created": "created_at",
    "updated": "updated_at",
    "modified": "updated_at",
}
_YES = {"true", "yes", "y", "1", "x", "done", "completed"}
_NO = {"false", "no", "n", "0", "pending", "open"}
_TRIMMED = BY_NAME.keys() - {"title", "description"}
_ROWS = 500
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r\n＝＋－＠])")
"""Where a spreadsheet may begin a formula: at the start of a value, and, in countries where `;`
separates the cells of a CSV file, behind that and behind a line break, which then ends the row. A
tab separates cells where a spreadsheet is told so, or is given pasted text."""


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per row below the header."""
    with open_text(stream) as text:
        first = text.readline()
        mark = max(",;\t", key=first.count)
        rows = csv.reader(chain([first], text), delimiter=mark, strict=True)
        columns: list[str] | None = None
        for where, row in _number_rows(rows):
            if isinstance(row, Record):
                yield row
            elif columns is not None:
                yield _read_row(where, columns, row, tz, now)
            elif "title" in (columns := _name_columns(row)):
                continue
            else:
                yield Record(where, problem="the first row has no column `title`")
                return


def _number_rows(rows: Any) -> Iterator[tuple[str, list[str] | Record]]:
    """Yield the place of each row, with a problem for one whose quotes are broken."""
    while True:
        first = rows.line_num + 1
        where = f"line {first}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield where, _explain_quotes(first, rows.line_num, is_end="end of data" in str(error))
            continue
        if row:
            yield where, row


def _explain_quotes(first: int, last: int, *, is_end: bool) -> Record:
    """Return the problem of a row with a broken quote, which may have taken in other rows."""
    lines = f"line {first}" if first == last else f"lines {first}–{last}"
    where = f"line {first} and everything after it" if is_end else lines
    problem = "a quote is not closed, or stands inside a value"
    return Record(where, problem=problem, hides_others=is_end or last > first)


def _name_columns(header: list[str]) -> list[str]:
    """Return the field of each column; of two columns for one field the second is not it."""
    names = [name.strip().lower().replace(" ", "_") for name in header]
    columns: list[str] = []
    for position, name in enumerate(names):
        field = _ALIASES.get(name, name)
        taken = field in columns or (field != name and field in names)
        if field in BY_NAME and not taken:
            columns.append(field)
        else:
            own = header[position].strip()
            unusable = not own or own in columns or own in BY_NAME
            columns.append(f"column {position + 1}" if unusable else own)
    return columns


def _read_row(where: str, columns: list[str], row: list[str], tz: tzinfo, now: datetime) -> Record:
    if any(row[len(columns) :]):
        return Record(where, problem=f"has {len(row)} values for {len(columns)} columns")
    raw: dict[str, Any] = {name: value for name, value in zip(columns, row, strict=False) if value}
    try:
        _interpret(raw)
    except BadRecord as error:
        return Record(where, problem=str(error))
    return build_record(where, raw, "csv", tz=tz, now=now)


def _interpret(raw: dict[str, Any]) -> None:
    """Turn the texts of a row into what the same record would be in JSON."""
    for name in raw.keys() & _TRIMMED:
        raw[name] = raw[name].strip()
    if "tags" in raw:
        raw["tags"] = raw["tags"].replace(",", " ").split()
    if "completed" in raw:
        raw["completed"] = _parse_bool(raw["completed"])
    if "extra" in raw:
        try:
            raw["extra"] = json.loads(raw["extra"])
        except (ValueError, RecursionError):
            raise BadRecord("extra: is not JSON") from None
    for name in [name for name in raw if raw[name] == ""]:
        del raw[name]


def _parse_bool(word: str) -> bool:
    if word.lower() in _YES:
        return True
    if word.lower() in _NO or not word:
        return False
    raise BadRecord("completed: must be true or false")


def write(
    tasks: Iterable[TaskPublic], *, tz: tzinfo, for_spreadsheet: bool = False
) -> Iterator[str]:
    """Yield the header, then one row per task; instants are in UTC, whatever `tz` is."""
    yield _write_rows([BY_NAME])
    cells = ([*map(_format_value, task.to_json().values())] for task in tasks)
    while rows := list(islice(cells, _ROWS)):
        if for_spreadsheet:
            rows = [[_FORMULA.sub("'", value) for value in row] for row in rows]
        yield _write_rows(rows)


def _format_value(value: Any) -> str:
    """Return a cell with a value of JSON: nothing, a truth, tags, an object, a number or text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return " ".join(value)
        case dict():
            return json.dumps(value)
        case _:
            return str(value)


def _write_rows(rows: Iterable[Iterable[str]]) -> str:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(rows)
    return sheet.getvalue()
