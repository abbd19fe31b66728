"""Rows that this program never writes, as plain SQL can: what each must cost is itself."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import asyncpg

MEGABYTE = 1 << 20
FIRST = 1001
"""The number of the first poisoned task."""


class Poison(NamedTuple):
    """What is odd about a row: columns with the text that stands there."""

    table: str
    column: str
    value: str
    rest: Mapping[str, str] = MappingProxyType({})

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column} {self.value[:30]!r} of {len(self.value)}"


def nested(levels: int) -> str:
    return '{"n":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"


JSON = (
    '{"n":' + "1" * 5000 + "}",
    '{"n":' + "1" * 4000 + "}",
    '{"n":' + "1" * 400 + ".0}",
    nested(5000),
    nested(950),
    nested(60),
    '{"n":1e999}',
    '{"n":[-1e999]}',
    '{"n":1E400}',
    '{"n":NaN}',
    r'{"n":"\ud800"}',
    r'{"n":"\udc00\ud800"}',
    r'{"\ud800":1}',
    r'{"n":"\u0000"}',
    r'{"\u0000":1}',
    "[1]",
    '"text"',
    "5",
    "null",
    "true",
    '{"n":',
    "",
)
EXTRA = (
    *JSON,
    json.dumps({"n": "x" * 17_000}),
    json.dumps({"n": "x" * 5 * MEGABYTE}),
    json.dumps({"n": "é" * 9000}, ensure_ascii=False),
    '{"n":[' + ",".join(["1e15"] * 3000) + "]}",
    '{"n":[' + ",".join(["12345678901234568.0"] * 800) + "]}",
    '{"n":[' + ",".join(["0.00001e+16"] * 1300) + "]}",
    '{"annotations":5}',
    '{"annotations":null}',
    '{"annotations":["x"]}',
    '{"annotations":[{}]}',
    '{"annotations":[{"entry":1,"description":"x"}]}',
    '{"title":5}',
    '{"title":null}',
    '{"title":"x","title":5}',
    r'{"titl\u0065":5}',
    '{"description":[]}',
)
NOTE_ID = "a1b2c3d4-0000-4000-8000-000000000001"


def notes(*found: dict[str, Any]) -> str:
    """Notes that are sound but for what is given."""
    sound = {"id": NOTE_ID, "at": "2026-01-01T00:00:00Z", "text": "x"}
    return json.dumps([{**sound, **each} for each in found], ensure_ascii=False)


NOTES = (
    *JSON,
    "[]",
    "[1]",
    "[[]]",
    "{}",
    '[{"id":"x"}]',
    notes({"more": 1}),
    notes({"id": NOTE_ID.upper()}),
    notes({"id": 5}),
    *(
        notes({"at": at})
        for at in (
            "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
            "2026-01-01T23:59:60Z", "0000-01-01T00:00:00Z", "9999-12-31T00:00:00Z",
            "2026-01-01", "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00.5Z",
        )
    ),
    *(notes({"text": text}) for text in ("", "x" * 2001, 5, None, ["x"])),
    notes(*[{}] * 101),
    notes(*[{"text": "€" * 2000}] * 50),
    notes({}).replace('"x"', r'"\ud800"'),
    notes({}).replace('"x"', r'"\u0000"'),
)  # fmt: skip
STATES = (
    notes({}).join(('{"notes":{"added":', ',"removed":[5]}}')),
    '{"notes":{"added":["x"],"removed":[]}}',
    '{"notes":[{"id":1}]}',
    *JSON,
    json.dumps({"title": "x" * MEGABYTE}),
    '{"title":5}',
    '{"priority":99}',
    '{"tags":[5]}',
    '{"tags":{"added":1,"removed":[]}}',
    '{"tags":{}}',
    '{"number":"abc"}',
    '{"number":1e5}',
    '{"number":99999999999999999999}',
    '{"due_at":"soon"}',
    '{"due_at":"2026-01-01T00:00:00"}',
    '{"created_at":"9999-12-31T23:59:59Z"}',
    '{"completed":"yes"}',
    '{"unknown":1}',
    "{}",
)
BLANKS = ("", " ", "\t\n", "\u3000", "\x1c", " x", "x ", "\x1fx", "x\xa0")
DAYS = ("infinity", "-infinity", "0044-03-15 BC", "20000-01-01", "9999-12-31", "0001-01-01")
INSTANTS = (
    "infinity",
    "-infinity",
    "0044-03-15 00:00:00+00 BC",
    "20000-01-01 00:00:00+00",
    "9999-12-31 23:59:59+00",
    "0001-01-01 00:00:00+00",
)
TAGS = (
    "zz aa",
    " b a ",
    " a a ",
    " a,b ",
    ",",
    " ",
    "  ",
    " a  b ",
    "a",
    " a",
    "a ",
    " a\tb ",
    " a\xa0b ",
    " a\n",
    f" {'x' * 101} ",
    f" {' '.join(f'{n:05}' for n in range(3000))} ",
    f" {'x ' * 4 * MEGABYTE}",
)
POISONS = (
    *(Poison("tasks", "extra", value) for value in EXTRA),
    *(Poison("tasks", "notes", value) for value in NOTES),
    *(Poison("tasks", "title", value) for value in (*BLANKS, "x" * 201)),
    *(Poison("tasks", "description", value) for value in ("", "x" * 20_001)),
    *(Poison("tasks", "project", value) for value in (*BLANKS, "x" * 101, "x" * 8 * MEGABYTE)),
    *(Poison("tasks", "tags", value) for value in TAGS),
    *(Poison("tasks", "search_text", "x" * size * MEGABYTE) for size in (1, 20)),
    *(Poison("tasks", "due_on", value) for value in DAYS),
    *(Poison("tasks", "due_at", value, {"due_on": "2026-01-01"}) for value in INSTANTS),
    Poison("tasks", "due_at", "2036-01-01 00:00:00+00", {"due_on": "2026-01-01"}),
    *(Poison("tasks", "completed_at", value, {"completed": "true"}) for value in INSTANTS),
    *(Poison("tasks", "created_at", value) for value in INSTANTS),
    *(Poison("tasks", "updated_at", value) for value in INSTANTS),
    *(Poison("tasks", "number", str(n)) for n in (0, 2**52 + 1, 2**53 + 1, 2**63 - 1)),
    *(Poison("changes", "before", value, {"kind": "delete"}) for value in STATES),
    *(Poison("changes", "after", value) for value in STATES),
    *(Poison("changes", "before", value, {"kind": "update"}) for value in STATES),
    Poison("changes", "key_id", "k" * 5 * MEGABYTE),
    *(Poison("changes", "position", str(n)) for n in (-1, -1000, 2**31 - 1)),
    *(Poison("changes", "at", value) for value in INSTANTS),
    *(Poison("changes", "seq", str(n)) for n in (-1, 0, 2**53 + 1, 2**63 - 1)),
    *(Poison("users", "last_seq", str(n)) for n in (0, -1, 2**53, 2**63 - 1)),
    *(Poison("users", "last_number", str(n)) for n in (0, -1, 2**53, 2**63 - 1)),
)
TYPES = {
    "id": "uuid", "task_id": "uuid", "command_id": "uuid", "number": "bigint", "seq": "bigint",
    "completed": "boolean", "priority": "smallint", "position": "integer", "due_on": "date",
    "extra": "json", "notes": "json", "before": "json", "after": "json", "last_seq": "bigint",
    "last_number": "bigint",
    **dict.fromkeys(("completed_at", "due_at", "created_at", "updated_at", "at"), "timestamptz"),
}  # fmt: skip
NOW = "2026-11-20 12:00:00"


def statements(user_id: str, seq: int) -> Iterator[tuple[Poison, str, list[Any]]]:
    """Each poison as a statement with `?` for its values."""
    for place, poison in enumerate(POISONS):
        if poison.table == "users":
            statement = f"UPDATE users SET {poison.column} = ? WHERE id = ?"
            yield poison, statement, [poison.value, user_id]
            continue
        values = {**_row(poison.table, place, seq), **poison.rest, poison.column: poison.value}
        values["user_id"] = user_id
        marks = ", ".join("?" * len(values))
        statement = f"INSERT INTO {poison.table} ({', '.join(values)}) VALUES ({marks})"
        yield poison, statement, list(values.values())
        seq += poison.table == "changes"


def _row(table: str, place: int, seq: int) -> dict[str, str]:
    if table == "tasks":
        return {
            "id": uuid.uuid4().hex,
            "number": str(FIRST + place),
            "title": f"poison {place}",
            "completed": "false",
            "priority": "0",
            "tags": "",
            "search_text": " poison ",
            "created_at": NOW,
            "updated_at": NOW,
        }
    return {
        "seq": str(seq),
        "command_id": uuid.uuid4().hex,
        "position": "0",
        "key_id": "k",
        "task_id": uuid.uuid4().hex,
        "kind": "create",
        "at": NOW,
    }


async def into_postgres(connection: asyncpg.Connection, user_id: str, seq: int) -> list[Poison]:
    """Write each by plain SQL; those that the database takes are answered."""
    taken = []
    for poison, statement, values in statements(user_id, seq):
        columns = _columns(statement)
        text = statement
        for place, column in enumerate(columns, 1):
            text = text.replace(
                "?", f"CAST(CAST(${place} AS text) AS {TYPES.get(column, 'text')})", 1
            )
        try:
            async with connection.transaction():
                await connection.execute(text, *values)
        except asyncpg.PostgresError:
            continue
        taken.append(poison)
    return taken


def _columns(statement: str) -> list[str]:
    if statement.startswith("UPDATE"):
        return [statement.split()[3], "id_text"]
    return statement.partition("(")[2].partition(")")[0].split(", ")


def into_sqlite(path: Path, user_id: str, seq: int) -> list[Poison]:
    """The same in an SQLite store."""
    taken = []
    with sqlite3.connect(path) as connection:
        for poison, statement, values in statements(user_id, seq):
            try:
                connection.execute(statement, [_sqlite(value) for value in values])
            except (sqlite3.IntegrityError, OverflowError):
                continue
            taken.append(poison)
    connection.close()
    return taken


def _sqlite(value: str) -> Any:
    return {"true": 1, "false": 0}.get(value, value)
