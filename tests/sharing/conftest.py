"""A shared database on every version of Postgres at hand: 16 changed what a role's maker may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import fail

from neontodo.db import migrations
from neontodo.db.engine import make_engine
from neontodo.db.url import parse_url
from tests.databases import Postgres
from tests.postgres_bin import find_bin, version, wheel
from tests.sharing.arena import Arena
from tests.sharing.intruder import Intruder
from tests.sharing.people import OWNER, PASSWORD, OwnedDatabases, Shared


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each server in turn; only once where the wheel's is the only one.

    What depends on how roles are made is tried on both at once, the rest, and what is marked as
    `any_server`, on the second when there is time.
    """
    if "sharing_server" in metafunc.fixturenames:
        servers: list[Any] = ["postgres_server"]
        if version(find_bin()).split(".")[0] != version(next(wheel())).split(".")[0]:
            about_roles = metafunc.module.__name__.endswith(
                ("membership", "removal", "joining", "reach")
            )
            is_fast = about_roles and not metafunc.definition.get_closest_marker("any_server")
            marks = () if is_fast else pytest.mark.slow
            servers.append(pytest.param("neon_server", marks=marks))
        metafunc.parametrize("sharing_server", servers, indirect=True, scope="session")


@pytest.fixture(scope="session")
def sharing_server(request: pytest.FixtureRequest) -> Postgres:
    server: Postgres = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="session")
def owned_databases(sharing_server: Postgres) -> OwnedDatabases:
    return databases_on(sharing_server)


def databases_on(server: Postgres) -> OwnedDatabases:
    """Databases of a role that may create others, and is no superuser."""
    # Another worker of xdist may have made it.
    server.execute(
        f"DO $$ BEGIN CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}';"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    return OwnedDatabases(server, lambda url: prepare(server, url))


async def prepare(server: Postgres, url: str) -> None:
    """Give an empty database to the owner, who brings it to the newest schema."""
    name = url.rpartition("/")[2]
    engine = make_engine(parse_url(server.url(name)))
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f'ALTER DATABASE "{name}" OWNER TO {OWNER}')
    await engine.dispose()
    engine = make_engine(parse_url(server.url(name, OWNER, PASSWORD)))
    async with engine.begin() as connection:
        await connection.run_sync(migrations.migrate)
    await engine.dispose()


@pytest.fixture
def shared(owned_databases: OwnedDatabases, tmp_path: Path) -> Iterator[Shared]:
    """A database whose owner is its only user so far."""
    name = owned_databases.clone()
    yield founded(owned_databases.server, name, tmp_path)
    owned_databases.release(name)


@pytest.fixture
def shared_alone(own_postgres: Postgres, tmp_path: Path) -> Shared:
    """The same on a server that nobody else needs meanwhile."""
    return founded(own_postgres, databases_on(own_postgres).clone(), tmp_path)


def founded(server: Postgres, name: str, folder: Path) -> Shared:
    """A database that has become its owner's."""
    found = Shared(server, name, folder)
    found.owner.ok("db", "upgrade")
    return found


@pytest.fixture(autouse=True, scope="session")
def no_keyring() -> Iterator[None]:
    """Secrets go to files: the keyring of whoever runs the tests is not theirs."""
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture(scope="module")
def arena(
    owned_databases: OwnedDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arena]:
    """A shared database with somebody's secrets in it, for a whole module of attacks."""
    name = owned_databases.clone("arena")
    yield Arena(founded(owned_databases.server, name, tmp_path_factory.mktemp("arena")))
    owned_databases.release(name)


@pytest.fixture
def mallory(arena: Arena) -> Iterator[Intruder]:
    """A member with plain SQL; whatever they try, nothing of the others may change by it."""
    before = arena.state()
    intruder = arena.intruder()
    yield intruder
    intruder.close()
    assert arena.state() == before
