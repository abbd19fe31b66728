"""Whatever plain SQL writes, within what the database takes: its export can be imported."""

from __future__ import annotations

import asyncio
import json
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neontodo.columns import DAYS, INSTANTS
from neontodo.models import SPACES
from tests.harness import Todo
from tests.sharing.conftest import founded
from tests.sharing.people import OwnedDatabases, Shared, connection_url, login

_chars = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_odd = st.sampled_from(
    [
        "\x1c",
        "\u3000",
        " ",
        ",",
        "\x85",
        "\ufdfa",
        "\x1b",
        "\u202e",
        "é",
        "e\u0301",
        "\\",
        '"',
        "\n",
    ]
)
_text = st.lists(_chars | _odd, max_size=20).map("".join)
_instants = st.datetimes(
    *(moment.replace(tzinfo=None) for moment in INSTANTS), timezones=st.just(UTC)
)
_SPELT = "0 -0 1.50 1e15 1E2 1e+16 1.5e-07 1e999 1e307 5e-324 0.1e+16 -1 2.0 12345678901234567.5"
_numbers = st.sampled_from([*_SPELT.split(" "), "9" * 200, "9" * 201, "1" + "0" * 4400])
_strings = st.one_of(
    _text.map(json.dumps),
    _text.map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from([r'"\ud800"', r'"\u0000"', r'"\ud83d\ude00"', r'"\\u0000"', '"1e15"']),
)
_keys = _strings | st.sampled_from(['"title"', '"annotations"', r'"titl\u0065"', '"description"'])


def _object(items: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{key}:{value}" for key, value in items) + "}"


_json = st.recursive(
    _numbers | _strings | st.sampled_from(["null", "true", " false "]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(_keys, inner), max_size=3).map(_object),
        st.integers(1, 30).flatmap(
            lambda levels: inner.map(lambda item: "[" * levels + item + "]" * levels)
        ),
        st.integers(100, 4000).flatmap(
            lambda times: inner.map(
                lambda item: f"[{','.join([item] * min(times, 9000 // len(item) or 1))}]"
            )
        ),
    ),
    max_leaves=4,
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row that may be sound, or nearly so."""
    completed_at = draw(st.none() | _instants)
    due_at = draw(st.none() | st.none() | _instants)
    day = due_at.date() if due_at else draw(st.none() | st.dates(date(1, 1, 1), date.max))
    tags = draw(st.lists(st.text(_chars, min_size=1, max_size=8) | _odd, max_size=4))
    return {
        "title": draw(_text.filter(bool)),
        "description": draw(st.none() | _text),
        "completed": completed_at is not None,
        "completed_at": completed_at,
        "due_on": day and draw(st.sampled_from([day, *_near(day)])),
        "due_at": due_at,
        "priority": draw(st.integers(0, 3)),
        "project": draw(st.none() | _text),
        "tags": f" {' '.join(sorted(set(tags)))} " if tags else draw(st.sampled_from(["", " "])),
        "search_text": draw(_text),
        "extra": draw(st.none() | st.lists(st.tuples(_keys, _json), max_size=3).map(_object)),
        "created_at": draw(_instants),
        "updated_at": draw(_instants),
    }


def _near(day: date) -> list[date]:
    return [
        day + timedelta(days=n)
        for n in (-2, -1, 1, 2)
        if DAYS[0].toordinal() <= day.toordinal() + n <= DAYS[1].toordinal()
    ]


class Member:
    """Somebody with plain SQL, beside the program."""

    def __init__(self, shared: Shared) -> None:
        self.todo = shared.member("ann")
        self.user_id = shared.ids()["ann"]
        shared.server.execute("UPDATE users SET last_number = 1000", database=shared.database)
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(login(connection_url(self.todo)))

    def write(self, found: list[dict[str, Any]]) -> int:
        """Have these tasks and no others; how many of them the database took."""
        return self._runner.run(self._write(found))

    async def _write(self, found: list[dict[str, Any]]) -> int:
        connection = self._connection
        await connection.execute(
            "SELECT todo_remove_tasks($1, (SELECT array_agg(id) FROM tasks))", self.user_id
        )
        taken = 0
        for number, row in enumerate(found, 1):
            values = {"user_id": self.user_id, "id": uuid.uuid4(), "number": number, **row}
            marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
            try:
                await connection.execute(
                    f"INSERT INTO tasks ({', '.join(values)}) VALUES ({marks})", *values.values()
                )
            except asyncpg.PostgresError:
                continue
            taken += 1
        return taken

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


@pytest.fixture(scope="module")
def member(
    owned_databases: OwnedDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Member]:
    name = owned_databases.clone("round")
    found = Member(founded(owned_databases.server, name, tmp_path_factory.mktemp("round")))
    yield found
    found.close()
    owned_databases.release(name)
    # A property that only ever met refused rows would say nothing.
    assert min(SEEN.values()) > 0, SEEN


FORMATS = {"json": True, "csv": True, "todotxt": False, "taskwarrior": False}
"""Which of them have a place for everything."""
SEEN = {"taken": 0, "refused": 0}


@pytest.mark.slow
@settings(
    deadline=None, max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(found=st.lists(rows(), min_size=1, max_size=15), format=st.sampled_from([*FORMATS]))
def test_an_export_of_plain_sql_is_importable(
    member: Member, found: list[dict[str, Any]], format: str
) -> None:
    taken = member.write(found)
    SEEN["taken"] += taken
    SEEN["refused"] += len(found) - taken
    tasks = member.todo.ok("list", "--all", "--sort", "number", "--json")
    assert tasks.err == ""
    assert len(tasks.json) == taken
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"tasks.{format}"
        member.todo.ok("export", str(file), "--format", format)
        fresh = Todo(Path(folder) / format, {"TZ": "UTC"})
        fresh.ok("import", str(file), "--format", format)
        got = fresh.tasks()
    assert bool(got) is bool(taken)
    if FORMATS[format]:
        assert by_id(got) == by_id(tasks.json)


def by_id(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks without their numbers, which a file may bring in any order."""
    plain = ({**task, "number": 0} for task in tasks)
    return sorted(plain, key=lambda task: str(task["id"]))


def test_the_white_space_of_sql_is_that_of_python() -> None:
    assert SPACES.count("\\u") == 29
