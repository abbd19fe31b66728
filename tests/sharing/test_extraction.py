"""A robot goes after another's row by bisection: it came back with everything, now with nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Postgres
from tests.sharing.extraction_robot import (
    CHANNELS,
    FACTS,
    LETTERS,
    WANTED,
    WAYS,
    Extracted,
    Extraction,
    Fact,
    Ordinal,
    Robot,
    Row,
    Text,
)
from tests.sharing.people import login
from tests.sharing.pooler import pooler
from tests.sharing.worlds import (
    BULK_USER_IDS,
    MEMBER_ID,
    OTHER_IDS,
    World,
    make_worlds,
    owner_column,
)

TABLES = ("users", "keys", "tasks")


def rows(world: World, table: str, *owners: str) -> list[Row]:
    """Return the first row that each owner has in a table, which anybody can know to be there."""
    owner = owner_column(table)
    wanted = f"SELECT ctid::text, id::text, {owner} FROM {table}"
    return [
        Row(table, *world.admin(f"{wanted} WHERE {owner} = '{each}' ORDER BY 1")[0])
        for each in owners
    ]


def extraction(world: World, **options: Any) -> list[Extracted]:
    """Return what the robot finds out about others."""
    pairs = {}
    for table in TABLES:
        first, second = rows(world, table, *OTHER_IDS[world.side])
        pairs[table] = first, second
    return run_robot(world, pairs, WANTED, FACTS, **options)


def run_robot(
    world: World,
    pairs: dict[str, tuple[Row, Row]],
    wanted: Sequence[Text | Ordinal],
    facts: Sequence[Fact],
    **options: Any,
) -> list[Extracted]:
    """Return what the robot finds out about two rows of each table."""
    own = {table: rows(world, table, MEMBER_ID)[0] for table in TABLES}

    async def work() -> list[Extracted]:
        connection = await login(world.url, statement_cache_size=0, **options)
        try:
            return await Extraction(
                Robot(connection), own, pairs, BULK_USER_IDS, wanted, facts
            ).run()
        finally:
            await connection.close()

    return asyncio.run(work())


def actual(world: World, wanted: Text | Ordinal, row: Row) -> Any:
    """Return what the robot wants to know of a row, as far as it wants to know it."""
    question = f"SELECT {wanted.column} FROM {wanted.table} WHERE ctid = '{row.place}'"
    value = world.admin(question)[0][0]
    return value[:LETTERS] if isinstance(wanted, Text) else value


def place_where_true(world: World, fact: Fact) -> str:
    """Return the place of the row for which something holds."""
    first, second = rows(world, fact.table, *OTHER_IDS[world.side])
    question = f"SELECT {fact.condition} FROM {fact.table} WHERE ctid = '{first.place}'"
    return first.place if world.admin(question)[0][0] else second.place


@pytest.mark.slow
def test_the_robot_extracts_everything_with_earlier_policies(
    sharing_server: Postgres, tmp_path: Path
) -> None:
    """Those of version 0001, so that finding nothing later is not for want of trying."""
    with make_worlds(sharing_server, tmp_path, "0001") as (world, _):
        extracted = extraction(world)
        right = {
            (f"{wanted.table}.{wanted.column}", actual(world, wanted, row))
            for wanted in WANTED
            for row in rows(world, wanted.table, OTHER_IDS[world.side][0])
        }
        right |= {
            (f"{each.table}: {each.condition}", place_where_true(world, each)) for each in FACTS
        }
        right |= {
            ("tasks: longer row", rows(world, "tasks", OTHER_IDS[world.side][0])[0].place),
            ("tasks: estimates by user_id", BULK_USER_IDS[0]),
        }
    claims = {(each.what, each.value) for each in extracted}
    assert right - claims == set()
    assert {(each.channel, each.way) for each in extracted} >= {
        (channel, way) for channel in CHANNELS for way in WAYS
    }


@pytest.mark.parametrize("revision", ["head", pytest.param("0001", marks=pytest.mark.slow)])
def test_the_robot_extracts_nothing(
    sharing_server: Postgres, tmp_path: Path, revision: str
) -> None:
    """Neither from a new database nor from one that was shared and filled before the upgrade."""
    with make_worlds(sharing_server, tmp_path, revision) as (world, _):
        if revision != "head":
            world.shared.owner.ok("db", "upgrade")
        assert extraction(world) == []
        with pooler(sharing_server) as port:
            assert extraction(world, port=port) == []


@pytest.mark.slow
def test_the_robot_reads_its_own_row_over_each_channel(
    sharing_server: Postgres, tmp_path: Path
) -> None:
    """With the policies of today: it is others' rows about which the channels are silent."""
    with make_worlds(sharing_server, tmp_path) as (world, _):
        (row,) = rows(world, "tasks", MEMBER_ID)
        wanted = Text("tasks", "title")
        extracted = run_robot(world, {"tasks": (row, row)}, [wanted], [])
        title = actual(world, wanted, row)
    reading = {
        (each.channel, each.way)
        for each in extracted
        if each.what == "tasks.title" and each.value == title
    }
    assert reading == {
        (channel, way) for channel in CHANNELS for way in WAYS if not channel.startswith("policy")
    }
