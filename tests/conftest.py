"""Fixtures for every test: stores of both engines, and people who use them."""

from __future__ import annotations

import gc
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


@pytest.fixture
def todo(database_url: str, tmp_path: Path) -> Todo:
    """A person with a store of their own, on each engine in turn."""
    person = Todo(tmp_path / "home", {"TODO_DATABASE_URL": database_url})
    person.ok("db", "upgrade")
    return person


@pytest.fixture
def local(tmp_path: Path) -> Todo:
    """A person on the embedded store, which does not exist yet."""
    return Todo(tmp_path / "home")
