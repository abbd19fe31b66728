"""A member asks for others' rows in every way, and gets the answer that nobody's rows get.

Not a search for secret words: the same questions are put to two databases that differ in others'
rows only, and all that comes back has to be the same to the letter: rows, plans, pages, counters,
errors and locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from tests.databases import Postgres
from tests.sharing import questions
from tests.sharing.interview import Difference, differences
from tests.sharing.people import OWNER, PASSWORD, login
from tests.sharing.pooler import pooler
from tests.sharing.questions import ACCESSES, EMBEDDINGS, Access, Catalog, Question
from tests.sharing.worlds import Worlds, make_worlds, places

BY_NAME = {access.name: access for access in ACCESSES}
SHARPEST = ("seq", "index", "tid")
"""The ways by which a policy that is wrong in any way has told something so far."""
FEW = ("bare", "or")


@pytest.fixture(scope="module", params=["new", pytest.param("upgraded", marks=pytest.mark.slow)])
def worlds(
    request: pytest.FixtureRequest,
    sharing_server: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Worlds]:
    """Two databases of the newest version, one pair of which was filled at version 0001."""
    is_new = request.param == "new"
    folder = tmp_path_factory.mktemp("worlds")
    with make_worlds(sharing_server, folder, "head" if is_new else "0001") as made:
        if not is_new:
            for world in made:
                world.shared.owner.ok("db", "upgrade")
        yield made


@pytest.fixture(scope="module")
def earlier_worlds(
    sharing_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worlds]:
    """The same at version 0001, with policies that a condition could precede."""
    with make_worlds(sharing_server, tmp_path_factory.mktemp("earlier"), "0001") as made:
        yield made


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


def asked(
    access: Access, catalog: Catalog, rows: Mapping[str, tuple[str, str]], *, is_thorough: bool
) -> list[Question]:
    """Return the questions of one way."""
    conditions = list(questions.every_condition(catalog, is_thorough=is_thorough))
    embeddings = EMBEDDINGS if access.name == "tid" or is_thorough else FEW
    found = list(access.questions(conditions, catalog, rows, embeddings))
    assert found
    return found


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


def test_overlong_texts_lie_elsewhere(worlds: Worlds) -> None:
    """Reading one takes more pages, which EXPLAIN would count."""
    for world in worlds:
        for table in ("tasks", "changes"):
            pages = world.admin(
                f"SELECT pg_relation_size(reltoastrelid) / 8192 FROM pg_class"
                f" WHERE oid = '{table}'::regclass"
            )
            assert pages[0][0] > 2


@pytest.mark.parametrize("name", SHARPEST)
def test_conditions_are_answered_alike(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]], name: str
) -> None:
    access = BY_NAME[name]
    found = asked(access, catalog, rows, is_thorough=False)
    assert report(differences(worlds, found, access.settings)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in SHARPEST])
def test_conditions_are_answered_alike_by_every_other_way(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]], name: str
) -> None:
    access = BY_NAME[name]
    found = asked(access, catalog, rows, is_thorough=False)
    assert report(differences(worlds, found, access.settings, access.isolation)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARPEST)
def test_all_conditions_that_there_are(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]], name: str
) -> None:
    access = BY_NAME[name]
    found = asked(access, catalog, rows, is_thorough=True)
    assert report(differences(worlds, found, access.settings)) == []


def test_writes_and_calls_are_answered_alike(worlds: Worlds, catalog: Catalog) -> None:
    found = [*questions.writes(catalog), *questions.calls(catalog)]
    assert report(differences(worlds, found, {"jit": "off"})) == []


def test_estimates_are_alike_before_and_after_analyze(worlds: Worlds, catalog: Catalog) -> None:
    found = list(questions.estimates(catalog))
    for settings in (questions.only("seqscan"), questions.only("indexscan"), {"jit": "off"}):
        assert report(differences(worlds, found, settings)) == []
    for world in worlds:
        asyncio.run(analyze(world.shared.server.url(world.shared.database, OWNER, PASSWORD)))
    for settings in (questions.only("seqscan"), questions.only("indexscan"), {"jit": "off"}):
        assert report(differences(worlds, found, settings)) == []


async def analyze(url: str) -> None:
    connection = await login(url)
    await connection.execute("ANALYZE")
    await connection.close()


def test_through_a_pooler(
    worlds: Worlds, catalog: Catalog, rows: Mapping[str, tuple[str, str]]
) -> None:
    access = BY_NAME["tid"]
    conditions = list(questions.every_condition(catalog, is_thorough=False))
    found = list(access.questions(conditions, catalog, rows, FEW))
    with pooler(worlds[0].shared.server) as port:
        assert report(differences(worlds, found, access.settings, port=port)) == []


def test_the_questions_see_through_earlier_policies(earlier_worlds: Worlds) -> None:
    """Of version 0001; what a suite finds nothing with has to find something where it is."""
    catalog = catalog_of(earlier_worlds)
    rows = places(earlier_worlds, catalog.tables)
    access = BY_NAME["tid"]
    conditions = list(questions.every_condition(catalog, is_thorough=False))
    found = list(access.questions(conditions, catalog, rows, ("or",)))
    told = {each.question.about for each in differences(earlier_worlds, found, access.settings)}
    for column in catalog.columns:
        if column.table != "members" and column.name not in ("created_at", "updated_at"):
            about = f"tid: {column.table}: {column.name}"
            assert any(each.startswith(about) for each in told), about


def report(found: list[Difference]) -> list[str]:
    """Return what a failing test should show."""
    return [str(each) for each in found[:5]]
