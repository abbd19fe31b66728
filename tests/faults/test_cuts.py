"""The connection breaks after every message of every kind of write: saved once, or known not to be.

Each break is tried with a network that is healthy again afterwards, where the command must succeed
as if nothing had been, and with one that stays dead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import TemplateDatabases
from tests.faults.network import Break, Network, Way
from tests.faults.person import SOON, STEADY, Hurried, State, Witness
from tests.faults.writes import WRITES, Write
from tests.harness import Result, Todo

OUTCOMES = ("saved and told", "saved, not known", "not saved, not known", "not saved and told")
CASES = [(way, dead) for way in ("cut", "reset", "stall") for dead in (False, True)]
CASES.append(("late", False))


class Scene:
    """A store, a network before it, and a person on either side of that."""

    def __init__(self, url: str, home: Path) -> None:
        self.server = Todo(home, {"TODO_DATABASE_URL": url + "?sslmode=disable"})
        self.server.ok("db", "upgrade")
        self.witness = Witness(url)
        port = int(url.rpartition(":")[2].partition("/")[0])
        self.network = Network(port)
        through = url.replace(f":{port}/", f":{self.network.port}/")
        self.password = url.partition("@")[0].rpartition(":")[2]
        self.person = Hurried(
            home, {"TODO_DATABASE_URL": through + "?sslmode=disable&connect_timeout=1"}
        )

    def run(self, write: Write, planned: Break | None) -> Result:
        """Run a command whose connection breaks as planned."""
        self.network.plan(planned)
        self.person.limits = STEADY
        if planned and planned.way in ("stall", "late"):
            self.person.limits = replace(STEADY, answer=SOON.answer)
        if planned and planned.way == "stall":
            self.person.limits = replace(self.person.limits, idle=SOON.idle)
        if planned and planned.dead:
            self.person.limits = SOON
        result = self.person(*write.argv, stdin=write.stdin)
        self.network.settle()
        return result

    def close(self) -> None:
        self.network.close()
        self.witness.close()


@pytest.fixture
def scene(templates: TemplateDatabases, tmp_path: Path) -> Iterator[Scene]:
    with templates.cloned() as url:
        scene = Scene(url, tmp_path)
        yield scene
        scene.close()


def told(result: Result) -> tuple[int, str, str]:
    """A result without the numbers, which differ from run to run."""
    return result.code, re.sub(r"\d+", "N", result.out), re.sub(r"\d+", "N", result.err)


def judge(scene: Scene, clean: Result, result: Result, before: State, write: Write) -> str:
    """Which outcome it was; every other than the four is a failure of the test."""
    scene.network.plan(None)
    after = scene.witness.state(before.last_seq)
    assert after.seqs == list(range(1, after.last_seq + 1))
    assert len(set(after.numbers)) == len(after.numbers)
    assert max(after.numbers) <= after.last_number
    assert after.commands in ([], [write.logged])
    assert "Traceback" not in result.err
    assert scene.password not in result.err + result.out
    if result.code == 0:
        assert told(result) == told(clean)
        assert after.commands
        return OUTCOMES[0]
    assert (result.code, result.out) == (5, "")
    if "not known whether it was saved" in result.err:
        return OUTCOMES[1 if after.commands else 2]
    assert not after.commands
    return OUTCOMES[3]


def breaks(scene: Scene, make: Callable[[Todo], Write]) -> tuple[Result, list[str]]:
    """A run without a break, and the messages after which one may come."""
    clean = scene.run(make(scene.server), None)
    assert clean.code == 0, clean
    trace = list(scene.network.trace)
    return clean, trace[: trace.index("c:X")] if "c:X" in trace else trace


def tried(
    scene: Scene,
    make: Callable[[Todo], Write],
    way: Way,
    dead: bool,
    choose: Callable[[list[str]], list[int]],
) -> Counter[str]:
    """Break the connection after each chosen message, each time in a new run of the command."""
    clean, trace = breaks(scene, make)
    outcomes: Counter[str] = Counter()
    for after in choose(trace):
        write = make(scene.server)
        before = scene.witness.state(0)
        result = scene.run(write, Break(after, way, dead))
        assert scene.network.broke, f"no message {after}: {scene.network.trace}"
        try:
            outcomes[judge(scene, clean, result, before, write)] += 1
        except AssertionError as error:
            error.add_note(f"{way} after message {after} of {trace}: {result}")
            raise
    assert scene.witness.integrity() == (0, 0)
    return outcomes


def every(trace: list[str]) -> list[int]:
    return list(range(1, len(trace) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(("way", "dead"), CASES)
def test_a_break_after_any_message_saves_a_write_once_or_not_at_all(
    scene: Scene, name: str, way: Way, dead: bool, record_property: Callable[[str, object], None]
) -> None:
    outcomes = tried(scene, WRITES[name], way, dead, every)
    record_property("breaks", dict(outcomes))
    if not dead:
        assert set(outcomes) == {OUTCOMES[0]}
