"""A member asks for others' rows in every way, and gets the answer that nobody's rows get.

Not a search for secret words: the same questions are put to two databases that differ in others'
rows only, and all that comes back has to be the same to the letter: rows, plans, pages, counters,
errors and locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.databases import Postgres
from tests.postgres import PostgresServer
from tests.sharing import questions
from tests.sharing.interview import Difference, differences, interview
from tests.sharing.people import OWNER, PASSWORD, login
from tests.sharing.pooler import pooler
from tests.sharing.questions import ACCESSES, EMBEDDINGS, Access, Catalog, Question
from tests.sharing.worlds import World, Worlds, fill_again, make_worlds, places

BY_NAME = {access.name: access for access in ACCESSES}
SHARPEST = ("seq", "index", "tid")
"""The ways by which earlier policies could be seen through."""
FEW = ("bare", "or")


@pytest.fixture(scope="module", params=["new", pytest.param("upgraded", marks=pytest.mark.slow)])
def worlds(
    request: pytest.FixtureRequest,
    sharing_server: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Worlds]:
    """Two databases of the newest version, one pair of which was filled at version 0001.

    Their server is their own: transactions in other databases delay when a page is cleared of what
    was rolled back, so one world's tables would grow by a page that the other's do without.
    """
    is_new = request.param == "new"
    folder = tmp_path_factory.mktemp("worlds")
    server = PostgresServer.start(bin_dir=Path(sharing_server.bin_dir))
    try:
        with make_worlds(server, folder, "head" if is_new else "0001") as pair:
            if not is_new:
                for world in pair:
                    world.shared.owner.ok("db", "upgrade")
                    asyncio.run(fill_again(world))
            yield pair
    finally:
        server.stop()


@pytest.fixture(scope="module")
def catalog(worlds: Worlds) -> Catalog:
    return catalog_of(worlds)


@pytest.fixture(scope="module")
def rows(worlds: Worlds, catalog: Catalog) -> Mapping[str, tuple[str, str]]:
    return places(worlds, catalog.tables)


def catalog_of(worlds: Worlds) -> Catalog:
    async def read() -> Catalog:
        connection = await login(worlds[0].url)
        try:
            return await questions.read_catalog(connection)
        finally:
            await connection.close()

    return asyncio.run(read())


def answers_of(world: World, batch: Sequence[Question], access: Access) -> list[str]:
    async def ask() -> list[str]:
        connection = await login(world.url, statement_cache_size=0)
        try:
            return await interview(connection, batch, access.settings, access.isolation)
        finally:
            await connection.close()

    return asyncio.run(ask())


def questions_by(
    access: Access, catalog: Catalog, rows: Mapping[str, tuple[str, str]], *, is_thorough: bool
) -> list[Question]:
    """Return the questions of one way."""
    conditions = list(questions.every_condition(catalog, is_thorough=is_thorough))
    embeddings = EMBEDDINGS if is_thorough and access.name == "tid" else FEW
    batch = list(access.questions(conditions, catalog, rows, embeddings))
    assert batch
    return batch


def test_each_column_has_values_that_tell_the_worlds_apart(
    worlds: Worlds, catalog: Catalog
) -> None:
    every = worlds[0].admin(
        "SELECT relname FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace)"
    )
    assert {row[0] for row in every} - set(catalog.tables) == {"todo_version"}
    for column in catalog.columns:
        low, pivot, high = (str(column.value(side)) for side in ("low", "pivot", "high"))
        if column.type == "boolean":
            assert low != high
            continue
        assert low < pivot < high
        assert len(low) == len(pivot) == len(high)


@pytest.mark.slow
def test_each_way_is_the_one_it_says(sharing_server: Postgres, tmp_path: Path) -> None:
    """A setting that no longer has an effect would leave a way untried."""
    with make_worlds(sharing_server, tmp_path) as worlds:
        catalog = catalog_of(worlds)
        rows = places(worlds, catalog.tables)
        for access in ACCESSES:
            batch = questions_by(access, catalog, rows, is_thorough=False)
            answers = answers_of(worlds[0], batch[:: len(batch) // 40], access)
            assert any(access.node in each for each in answers), (access.name, answers[-1])


def test_overlong_texts_lie_elsewhere(worlds: Worlds) -> None:
    """Reading one takes more pages, which EXPLAIN would count."""
    for world in worlds:
        for table in ("tasks", "changes"):
            pages = world.admin(
                f"SELECT pg_relation_size(reltoastrelid) / 8192 FROM pg_class"
                f" WHERE oid = '{table}'::regclass"
            )
            assert pages[0][0] > 2


@pytest.mark.parametrize(
    "name", ["index", *(pytest.param(name, marks=pytest.mark.slow) for name in ("seq", "tid"))]
)
def test_conditions_are_answered_alike(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]], name: str
) -> None:
    access = BY_NAME[name]
    batch = questions_by(access, catalog, rows, is_thorough=False)
    assert described(differences(worlds, batch, access.settings)) == []


@pytest.mark.slow
@pytest.mark.parametrize("worlds", ["new"], indirect=True)
@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in SHARPEST])
def test_conditions_are_answered_alike_by_every_other_way(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]], name: str
) -> None:
    access = BY_NAME[name]
    batch = questions_by(access, catalog, rows, is_thorough=False)
    assert described(differences(worlds, batch, access.settings, access.isolation)) == []


@pytest.mark.slow
@pytest.mark.parametrize("worlds", ["new"], indirect=True)
@pytest.mark.parametrize("name", SHARPEST)
def test_all_conditions_that_there_are(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]], name: str
) -> None:
    access = BY_NAME[name]
    batch = questions_by(access, catalog, rows, is_thorough=True)
    assert described(differences(worlds, batch, access.settings)) == []


def test_writes_and_calls_are_answered_alike(worlds: Worlds, catalog: Catalog) -> None:
    batch = [*questions.writes(catalog), *questions.calls(catalog)]
    assert described(differences(worlds, batch, {"jit": "off"})) == []


@pytest.mark.slow
def test_estimates_are_alike_before_and_after_analyze(worlds: Worlds, catalog: Catalog) -> None:
    batch = list(questions.estimates(catalog))
    for settings in (questions.only("seqscan"), questions.only("indexscan")):
        assert described(differences(worlds, batch, settings)) == []
    for world in worlds:
        asyncio.run(analyze(world.shared.server.url(world.shared.database, OWNER, PASSWORD)))
    for settings in (questions.only("seqscan"), questions.only("indexscan")):
        assert described(differences(worlds, batch, settings)) == []


async def analyze(url: str) -> None:
    connection = await login(url)
    await connection.execute("ANALYZE")
    await connection.close()


@pytest.mark.slow
def test_through_a_pooler(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]]
) -> None:
    access = BY_NAME["tid"]
    conditions = list(questions.every_condition(catalog, is_thorough=False))
    batch = list(access.questions(conditions, catalog, rows, ("or",)))
    with pooler(worlds[0].shared.server) as port:
        assert described(differences(worlds, batch, access.settings, port=port)) == []


@pytest.mark.slow
def test_the_questions_see_through_the_policies_of_0001(
    sharing_server: Postgres, tmp_path: Path
) -> None:
    """What finds nothing where nothing is has to find something where it is."""
    with make_worlds(sharing_server, tmp_path, "0001") as earlier:
        leaking = leaking_columns(earlier)
        readable = [each for each in catalog_of(earlier).columns if each.table != "members"]
    assert leaking == {f"{column.table}.{column.name}" for column in readable}


@pytest.mark.slow
def test_the_questions_see_through_a_policy_that_costs_something(
    sharing_server: Postgres, tmp_path: Path
) -> None:
    """Only `completed` and what is NULL could precede it, which cost nothing."""
    with make_worlds(sharing_server, tmp_path, "0001") as weak:
        for world in weak:
            own = "user_id = ANY (ARRAY[todo_current_user()])"
            world.admin(
                "ALTER FUNCTION todo_current_user() IMMUTABLE",
                f"ALTER POLICY own_all ON tasks USING ({own})",
                "SELECT 1",
            )
        leaking = {name for name in leaking_columns(weak) if name.startswith("tasks.")}
        nullable = {
            f"tasks.{column.name}"
            for column in catalog_of(weak).columns
            if column.table == "tasks" and column.is_nullable
        }
        assert leaking == {"tasks.completed", *nullable}


def leaking_columns(worlds: Worlds) -> set[str]:
    """Return the columns of which a row of somebody else's tells something."""
    catalog = catalog_of(worlds)
    rows, tid = places(worlds, catalog.tables), BY_NAME["tid"]
    columns = {
        question: f"{column.table}.{column.name}"
        for column in catalog.columns
        for question in tid.questions(
            list(questions.column_conditions(column, catalog, is_thorough=False)),
            catalog,
            rows,
            ("or",),
        )
    }
    leaking = differences(worlds, list(columns), tid.settings, attempts=2)
    return {columns[each.question] for each in leaking}


def described(differing: list[Difference]) -> list[str]:
    """Return what a failing test should show."""
    return [str(each) for each in differing[:5]]
