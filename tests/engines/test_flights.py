"""How often a fresh process waits for Postgres 17, over TLS; a warm one is the agent's tests'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.benchmarks.distance import Distance
from tests.conftest import prepare
from tests.databases import TemplateDatabases
from tests.faults.network import Network
from tests.harness import Todo
from tests.postgres import PostgresServer

AWAY = 0.05
"""Seconds: longer than a client takes to send what it need not wait with."""

DIRECT, ON_REQUEST = "&sslnegotiation=direct", ""


@pytest.fixture(scope="module")
def databases(neon_server: PostgresServer) -> TemplateDatabases:
    return TemplateDatabases(neon_server, prepare)


@dataclass
class Scene:
    """Somebody with a task on a server; what leads there from nearby is in `env`."""

    person: Todo
    server: PostgresServer

    def through(self, port: int, parameters: str) -> dict[str, str]:
        """What leads there another way."""
        url = self.person.env["TODO_DATABASE_URL"].replace(f":{self.server.port}/", f":{port}/")
        return {"TODO_DATABASE_URL": f"{url}?{parameters}"}


@pytest.fixture
def scene(
    databases: TemplateDatabases, neon_server: PostgresServer, tmp_path: Path
) -> Iterator[Scene]:
    with databases.cloned() as url:
        person = Todo(tmp_path, {"TODO_DATABASE_URL": url})
        person.ok("db", "upgrade")
        person.ok("add", "Buy milk", "-t", "shop")
        person.ok("view", "save", "shop", "+shop")
        yield Scene(person, neon_server)


@pytest.mark.parametrize(
    ("tls", "with_token", "most"),
    [(DIRECT, False, (7, 13)), (ON_REQUEST, False, (8, 14)), (ON_REQUEST, True, (10, 16))],
    ids=["direct TLS", "TLS on request", "with a token"],
)
def test_a_fresh_connection_keeps_to_its_round_trips(
    scene: Scene, tls: str, with_token: bool, most: tuple[int, int]
) -> None:
    person, ca_file = scene.person, quote(scene.server.ca_file, safe="")
    token = person.ok("token", "create", "--name", "ci").out.strip() if with_token else ""
    with closing(Distance(scene.server.port, AWAY)) as far:
        env = scene.through(far.port, f"sslmode=verify-full&sslrootcert={ca_file}{tls}")
        counted = []
        for argv in (("list",), ("add", "Write")):
            far.flights = 0
            person.ok(*argv, env=env | ({"TODO_TOKEN": token} if token else {}))
            counted.append(far.flights)

    assert 6 < counted[0] <= most[0]
    assert counted[0] < counted[1] <= most[1]


@pytest.mark.parametrize(
    ("argv", "statements", "controls"),
    [
        (("list",), 1, 0),
        (("list", "view:shop", "or", "view:shop"), 2, 0),
        (("search", "milk"), 1, 0),
        (("stats",), 1, 0),
        (("add", "Write"), 3, 2),
    ],
)
def test_a_new_connection_asks_nothing_that_the_server_has_said(
    scene: Scene, argv: tuple[str, ...], statements: int, controls: int
) -> None:
    with closing(Network(scene.server.port)) as network:
        scene.person.ok(*argv, terminal=True, env=scene.through(network.port, "sslmode=disable"))
        network.settle()
        sent = Counter(label for label in network.trace if label.startswith("c:"))

    # No version, settings, types or schemas: what the command itself asks for, BEGIN and COMMIT.
    # A statement without a name goes out twice, to be described and with its values.
    assert (sent["c:B"], sent["c:P"], sent["c:Q"]) == (statements, 2 * statements, controls)
    assert (sent["c:startup"], sent["c:p"]) == (1, 2)
