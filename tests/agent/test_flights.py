"""What is counted about speed on Postgres: how often a warm agent waits for the server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from neontodo.db.url import PostgresTarget
from tests.benchmarks.warm import Warm
from tests.databases import TemplateDatabases
from tests.faults.network import Break, Network
from tests.harness import Todo
from tests.sharing.pooler import pooler

READS = [("list",), ("search", "milk"), ("show", "1"), ("tags",), ("stats",), ("log",)]


@dataclass
class Scene:
    """Somebody with a task on a server, seen through a network that counts."""

    person: Warm
    network: Network

    def flights(self, *argv: str) -> int:
        """How often the server was waited for."""
        self.network.run(self._forget())
        assert self.person(*argv, terminal=True).code == 0
        self.network.settle()
        sides = [side for side, _ in itertools.groupby(label[0] for label in self.network.trace)]
        return sides.count("c")

    async def _forget(self) -> None:
        self.network.trace = []


@pytest.fixture
def scene(templates: TemplateDatabases, tmp_path: Path) -> Iterator[Scene]:
    """A store on Postgres, with one task in it."""
    with templates.cloned() as url:
        port = templates.server.port
        Todo(tmp_path, {"TODO_DATABASE_URL": url}).ok("db", "upgrade")
        network = Network(port)
        through = url.replace(f":{port}/", f":{network.port}/") + "?sslmode=disable"
        person = Warm(tmp_path, {"TODO_DATABASE_URL": through})
        person.ok("add", "Buy milk", "-t", "shop")
        yield Scene(person, network)
        person.close()
        network.close()


def test_a_read_on_a_connection_that_is_open_takes_two(scene: Scene) -> None:
    scene.person.ok("list")

    # A terminal's log asks first which commands were undone.
    expected = dict.fromkeys(READS, 2) | {("log",): 4}
    assert {argv: scene.flights(*argv) for argv in READS} == expected


def test_a_read_takes_one_where_statements_are_remembered(scene: Scene) -> None:
    assert scene.person.rest()
    for argv in READS:
        scene.person.ok(*argv, terminal=True)

    expected = dict.fromkeys(READS, 1) | {("log",): 2}
    assert {argv: scene.flights(*argv) for argv in READS} == expected


def test_a_write_takes_eight_at_the_most(scene: Scene) -> None:
    assert scene.flights("add", "one more") <= 8


def test_a_write_takes_five_at_the_most_where_statements_are_remembered(scene: Scene) -> None:
    assert scene.person.rest()
    scene.person.ok("add", "the first")

    assert scene.flights("add", "the second") <= 5


def test_a_faster_way_that_is_closed_is_no_obstacle(
    templates: TemplateDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(templates.server.port)
    detour = property(lambda target: replace(target, port=network.port))
    monkeypatch.setattr(PostgresTarget, "direct", detour)
    with templates.cloned() as url:
        person = Warm(tmp_path, {"TODO_DATABASE_URL": f"{url}?sslmode=disable"})
        person.ok("db", "upgrade")
        person.ok("add", "Buy milk")
        assert person.rest()
        person.ok("list")
        network.close()

        assert person.ok("list", "-q").out == "1\n"
        assert person.ok("add", "Buy bread").err == "added 2: Buy bread\n"
        assert not person.rest()
        person.close()


def test_a_pooler_is_told_from_a_server(templates: TemplateDatabases, tmp_path: Path) -> None:
    with templates.cloned() as url, pooler(templates.server) as port:
        Todo(tmp_path, {"TODO_DATABASE_URL": url}).ok("db", "upgrade")
        through = url.replace(f":{templates.server.port}/", f":{port}/") + "?sslmode=disable"
        person = Warm(tmp_path, {"TODO_DATABASE_URL": through})
        person.ok("add", "Buy milk")

        assert not person.rest()
        assert person.ok("list", "-q").out == "1\n"
        person.close()


def test_resting_is_given_up_for_a_command(scene: Scene) -> None:
    scene.person.control[1].sendall(b"a command")

    assert not scene.person.rest()
    assert scene.flights("list") == 2


def break_between(scene: Scene) -> None:
    """All connections are cut while nobody looks."""
    scene.network.plan(None)


def sleep(scene: Scene) -> None:
    """The machine sleeps; its connections are dead afterwards, and nobody told it."""
    scene.person.resources._awake -= 3600.0
    scene.network.plan(Break(1, "stall"))


@pytest.mark.parametrize("accident", [break_between, sleep])
@pytest.mark.parametrize("is_fast", [True, False], ids=["remembering", "not remembering"])
@pytest.mark.parametrize(
    "argv", [("list", "-q"), ("add", "once", "-q"), ("export", "-")], ids=lambda argv: argv[0]
)
def test_a_connection_that_died_is_replaced(
    scene: Scene, accident: Callable[[Scene], None], is_fast: bool, argv: tuple[str, ...]
) -> None:
    if is_fast:
        assert scene.person.rest()
        scene.person.ok("list")
    scene.person.resources.clean_up()
    accident(scene)
    if accident is sleep:
        scene.network.plan(None)
    result = scene.person(*argv)

    assert (result.code, result.err) == (0, "")
    assert len(scene.person.tasks()) == (2 if argv[0] == "add" else 1)


def test_tables_that_changed_are_no_obstacle(scene: Scene, templates: TemplateDatabases) -> None:
    assert scene.person.rest()
    for _ in range(3):
        before = scene.person.ok("list", "--json").out
    database = scene.person.env["TODO_DATABASE_URL"].rpartition("/")[2].partition("?")[0]
    templates.server.execute("ALTER TABLE tasks ALTER title TYPE varchar(400)", database=database)

    assert scene.person.ok("list", "--json").out == before
    assert scene.person.ok("export", "-").out


def test_a_store_is_let_go_of_before_the_server_would(scene: Scene) -> None:
    scene.person.ok("list")
    assert scene.person.resources.is_connected
    scene.person.resources._last_used -= 241.0
    scene.person.resources.renew()

    assert not scene.person.resources.is_connected
    assert scene.person.ok("list", "-q").out == "1\n"
