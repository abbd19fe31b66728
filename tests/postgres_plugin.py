"""One Postgres server for a test run: the fixtures, and sharing it among the workers of xdist.

Alone, pytest starts the server when the first test asks for it. With xdist the controller starts
it before the workers and tells them where it is, so that it also outlives each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.databases import Postgres
from tests.postgres import PostgresServer
from tests.postgres_bin import NoPostgres, find_bin, version

_OURS = pytest.StashKey[PostgresServer]()


def pytest_report_header() -> str:
    """Which Postgres the run is about."""
    try:
        folder = find_bin()
    except NoPostgres:
        return "postgres: none"
    return f"postgres: {version(folder)} of {folder}"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the address of the server to a worker that is about to start."""
    node.workerinput["postgres"] = _ours(node.config).address()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server that this process started."""
    server = config.stash.get(_OURS, None)
    if server is not None:
        server.stop()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Postgres:
    """The server of this run, shared by all tests: make databases on it, never stop it."""
    given = getattr(pytestconfig, "workerinput", {}).get("postgres")
    return Postgres(**given) if given else _ours(pytestconfig)


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server for one test alone, to kill and restart; it takes about a second."""
    server = _started()
    yield server
    server.stop()


def _ours(config: pytest.Config) -> PostgresServer:
    if _OURS not in config.stash:
        config.stash[_OURS] = _started()
    return config.stash[_OURS]


def _started() -> PostgresServer:
    try:
        return PostgresServer.start()
    except NoPostgres as error:
        # A skip would let a whole engine go untested without a word.
        pytest.exit(f"error: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
