"""`csv`: a header row and the fields of `json` (RFC 4180, UTF-8 without a mark).

Tags stand in one column with a space between, `notes` and `extra` as JSON text, and what is not
there is empty. Values are written as they are, also those that a spreadsheet takes for a formula
(`=1+1`): what is exported must be what comes back. `for_spreadsheet` puts a `'` before these, as
OWASP advises; importing such a file keeps the `'`. Read are columns in any order, with the names
that `formats.names` knows, between commas, semicolons or tabs; columns of other names go to
`extra`.
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

from neontodo.errors import BadValue, limit_lines
from neontodo.fields import BY_NAME
from neontodo.formats.dates import shorten_for_message
from neontodo.formats.names import match_fields
from neontodo.formats.record import build_record, open_text
from neontodo.models import Record, TaskPublic

_COLUMNS_SHOWN = 10
_ROWS = 500
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r\n＝＋－＠])")
"""Where a spreadsheet may begin a formula: at the start of a value, and, in countries where `;`
separates the cells of a CSV file, behind that and behind a line break, which then ends the row. A
tab separates cells where a spreadsheet is told so, or is given pasted text."""


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per row below the header.

    Raises:
        BadValue: the header is not one of tasks.
    """
    with open_text(stream) as text:
        first = text.readline()
        mark = max(",;\t", key=first.count)
        rows = csv.reader(chain([first], text), delimiter=mark, strict=True)
        columns: list[str] | None = None
        for where, row in _number_rows(rows):
            if isinstance(row, Record):
                yield row
            elif columns is None:
                columns = _name_columns(row)
            else:
                yield _read_row(where, columns, row, tz, now)


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
    """Return the names of the columns, each once; BadValue if this is no table of tasks."""
    if [name.strip().upper() for name in header[:2]] == ["TYPE", "CONTENT"]:
        raise BadValue(
            "this is a file of Todoist's, which todo cannot read yet: nothing was imported",
            hint="keep the rows whose `TYPE` is `task`, and name the column `CONTENT` `title`",
        )
    columns: list[str] = []
    for position, name in enumerate(map(str.strip, header), 1):
        columns.append(f"column {position}" if not name or name in columns else name)
    if "title" not in match_fields(tuple(columns)).values():
        names = [f"`{shorten_for_message(name)}`" for name in columns[:_COLUMNS_SHOWN]]
        seen = ", ".join(limit_lines(names, len(columns)))
        raise BadValue(
            f"nothing was imported: no column `title` among {seen}",
            hint="name the columns in the first row, as `todo help formats` says",
        )
    return columns


def _read_row(where: str, columns: list[str], row: list[str], tz: tzinfo, now: datetime) -> Record:
    if any(row[len(columns) :]):
        return Record(where, problem=f"has {len(row)} values for {len(columns)} columns")
    fields = match_fields(tuple(columns))
    raw: dict[str, Any] = dict(zip(columns, row, strict=False))
    for name in fields.keys() & raw.keys():
        if fields[name] not in ("title", "description"):
            raw[name] = raw[name].strip()
    raw = {name: value for name, value in raw.items() if value}
    if "extra" in raw:
        try:
            raw["extra"] = json.loads(raw["extra"])
        except (ValueError, RecursionError):
            return Record(where, problem="extra: is not JSON")
    return build_record(where, raw, "csv", fields=fields, tz=tz, now=now)


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
        case [str(), *_] | []:
            return " ".join(value)
        case dict() | list():
            return json.dumps(value)
        case _:
            return str(value)


def _write_rows(rows: Iterable[Iterable[str]]) -> str:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(rows)
    return sheet.getvalue()
