"""`pytest --agent`: every command that an agent can run, of all the tests, is run by one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.agent.transport import Transport
from tests.harness import Todo


def pytest_configure() -> None:
    """Whatever starts a `todo` in a process of its own wants no agent, unless it says so."""
    os.environ["TODO_AGENT"] = "off"  # noqa: TID251


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--agent", action="store_true", help="run the commands in an agent")


@pytest.fixture(scope="session", autouse=True)
def agent_transport(pytestconfig: pytest.Config) -> Iterator[None]:
    """The agent that all commands of this process go to, if there is to be one."""
    if not pytestconfig.getoption("--agent"):
        yield
        return
    Todo.transport = transport = Transport()
    yield
    Todo.transport = None
    assert transport.commands
    transport.stop()
