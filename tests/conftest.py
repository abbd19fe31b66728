"""Fixtures for every test: stores of both engines, and people who use them."""

from __future__ import annotations

import asyncio
import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from neontodo.db import migrations
from neontodo.db.engine import make_engine
from neontodo.db.url import parse_url
from tests.databases import Postgres, TemplateDatabases
from tests.harness import Todo

pytest_plugins = [
    "tests.postgres_plugin",
    "tests.neon",
    "tests.no_skips",
    "tests.accounts.better_auth_server",
    "tests.agent.plugin",
    "tests.faults.tally",
]

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session", autouse=True)
def no_keyring() -> Iterator[None]:
    """Secrets of tests stay out of the keyring of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        yield


def pytest_collection_finish() -> None:
    """Leave what has been imported out of every later collection, which takes 0.2 s otherwise."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """Report a connection that was left open in the module that left it, not in a later one."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def templates(postgres_server: Postgres) -> TemplateDatabases:
    """Copies of a migrated Postgres database that has no users yet."""
    return TemplateDatabases(postgres_server, prepare)


async def prepare(url: str) -> None:
    """Bring an empty Postgres database to the newest schema."""
    engine = make_engine(parse_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(migrations.migrate)
    await engine.dispose()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty store of its own for one test."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'shared.db'}"
        return
    templates: TemplateDatabases = request.getfixturevalue("templates")
    with templates.cloned() as url:
        yield url


@pytest.fixture(scope="session")
def owner_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a machine that has its key and an empty embedded store, to be copied."""
    home = tmp_path_factory.mktemp("owner") / "home"
    Todo(home).ok("db", "upgrade")
    return home


@pytest.fixture(scope="session")
def owned_templates(postgres_server: Postgres, owner_home: Path) -> TemplateDatabases:
    """Copies of a Postgres database whose only user is that machine's."""

    async def prepare_owned(url: str) -> None:
        owner = Todo(owner_home, {"TODO_DATABASE_URL": url})
        await asyncio.to_thread(owner.ok, "db", "upgrade")

    return TemplateDatabases(postgres_server, prepare_owned)


@pytest.fixture
def todo(
    engine: str, owner_home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Todo]:
    """A person with a store of their own, on each engine in turn."""
    home = tmp_path / "home"
    # A copy takes 2 ms where making a key, tables and a user takes 65.
    shutil.copytree(owner_home, home)
    if engine == "sqlite":
        yield Todo(home, {"TODO_DATABASE_URL": f"sqlite:///{home / 'tasks.db'}"})
        return
    templates: TemplateDatabases = request.getfixturevalue("owned_templates")
    with templates.cloned() as url:
        yield Todo(home, {"TODO_DATABASE_URL": url})


@pytest.fixture
def local(tmp_path: Path) -> Todo:
    """A person on the embedded store, which does not exist yet."""
    return Todo(tmp_path / "home")
