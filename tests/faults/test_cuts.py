"""The connection breaks after every message of every kind of write: saved once, or known not to be.

Each break is tried with a network that is healthy again afterwards, where the command must succeed
as if nothing had been, and with one that stays dead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.databases import TemplateDatabases
from tests.faults.network import Break, Way
from tests.faults.scene import Scene, State
from tests.faults.tally import BREAKS
from tests.faults.writes import WRITES, Write
from tests.harness import Result
from tests.sharing.pooler import pooler

Record = Callable[[str, object], None]
OUTCOMES = ("saved and told", "saved, not known", "not saved, not known", "not saved and told")
CASES = [(way, dead) for way in ("cut", "reset", "stall") for dead in (False, True)]
CASES.append(("late", False))
FEW = [("cut", False), ("reset", True), ("stall", True), ("late", False)]
"""Each way, with a network that is healthy afterwards and with one that stays dead."""


def told(result: Result) -> tuple[int, str, str]:
    """A result without the numbers, which differ from run to run."""
    return result.code, re.sub(r"\d+", "N", result.out), re.sub(r"\d+", "N", result.err)


def judge(scene: Scene, clean: Result, result: Result, before: State, write: Write) -> str:
    """Which outcome it was; every other than the four is a failure of the test."""
    scene.network.plan(None)
    after = scene.witness.state(before.last_seq)
    assert after.seqs == list(range(1, after.last_seq + 1))
    assert len(set(after.numbers)) == len(after.numbers)
    assert max(after.numbers, default=0) <= after.last_number
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


def tried(
    scene: Scene,
    name: str,
    way: Way,
    dead: bool,
    choose: Callable[[list[str]], Iterable[int]],
) -> Counter[str]:
    """Break the connection after each chosen message, each time in a new run of the command."""
    make = WRITES[name]
    clean = scene.run(make(scene.server), None)
    assert clean.code == 0, clean
    trace = scene.network.trace
    outcomes: Counter[str] = Counter()
    for after in choose(trace):
        write = make(scene.server)
        before = scene.witness.state()
        result = scene.run(write, Break(after, way, dead))
        assert scene.network.broke, f"{name} had no message {after}: {scene.network.trace}"
        try:
            outcomes[judge(scene, clean, result, before, write)] += 1
        except AssertionError as error:
            error.add_note(f"{way} of {name} after message {after} of {trace}: {result}")
            raise
    assert scene.witness.disagreements() == 0
    return outcomes


def everywhere(trace: list[str]) -> Iterable[int]:
    return range(1, committed(trace) + 1)


def once_connected(trace: list[str]) -> range:
    return range(trace.index("s:Z") + 1, committed(trace) + 1)


def around_commit(trace: list[str]) -> Iterable[int]:
    """Before the server has heard of COMMIT, and after that but before its answer."""
    sent = len(trace) - trace[::-1].index("c:Q")
    return sent - 1, sent


def committed(trace: list[str]) -> int:
    """The number of the server's last message, which is its answer to COMMIT."""
    return len(trace) - trace[::-1].index("s:Z")


@pytest.mark.matrix
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(("way", "dead"), CASES)
def test_a_break_after_any_message_saves_a_write_once_or_not_at_all(
    scene: Scene, name: str, way: Way, dead: bool, record_property: Record
) -> None:
    # Connecting is the same for all commands, and its silence takes a second each time.
    choose = once_connected if way in ("stall", "late") and name != "add" else everywhere
    outcomes = tried(scene, name, way, dead, choose)
    record_property(BREAKS, dict(outcomes))
    assert dead or set(outcomes) == {OUTCOMES[0]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "dead"),
    [pytest.param(*case, marks=() if case in FEW else pytest.mark.slow) for case in CASES],
)
def test_a_break_around_commit_saves_a_write_once_or_not_at_all(
    scene: Scene, way: Way, dead: bool, record_property: Record
) -> None:
    outcomes = sum((tried(scene, name, way, dead, around_commit) for name in WRITES), Counter())
    record_property(BREAKS, dict(outcomes))
    assert dead or set(outcomes) == {OUTCOMES[0]}


@pytest.mark.parametrize("way", ["cut", "reset"])
@pytest.mark.parametrize("name", ["add", pytest.param("undo", marks=pytest.mark.slow)])
def test_a_break_before_a_pooler_saves_a_write_once(
    templates: TemplateDatabases, tmp_path: Path, way: Way, name: str, record_property: Record
) -> None:
    with templates.cloned() as url, pooler(templates.server) as port:
        scene = Scene(url, tmp_path, port)
        outcomes = tried(scene, name, way, False, lambda trace: once_connected(trace)[::6])
        scene.close()
    record_property(BREAKS, dict(outcomes))
    assert set(outcomes) == {OUTCOMES[0]}
