"""Interrupts, closed pipes and killed launchers end a command as they would without an agent."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.agent.conftest import fill
from tests.agent.machine import Ended, Machine, machine, until
from tests.agent.terminals import is_drained

HALF = b"(A) half a file\n"
IMPORT = ("import", "-", "--format", "todotxt")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Somebody with tasks, and an agent that is ready."""
    with machine(tmp_path_factory.mktemp("signals") / "home") as made:
        fill(made)
        made.warm()
        yield made


@pytest.fixture(scope="module")
def of_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The same with more tasks than fit into a pipe."""
    with machine(tmp_path_factory.mktemp("many") / "home") as made:
        fill(made, more=4000)
        made.warm()
        yield made


def importing(person: Machine, agent: bool = True) -> subprocess.Popen[bytes]:
    """Start an import, and return it when it has read half of its input."""
    if agent:
        # An interrupted agent ends after its command.
        person.warm()
    process = person.popen(*IMPORT, agent=agent)
    assert process.stdin
    process.stdin.write(HALF)
    process.stdin.flush()
    half = process.stdin.fileno()
    until(lambda: is_drained(half))
    return process


def titles(person: Machine) -> bytes:
    return person("list", "--all", "--sort", "number", agent=False).out


@pytest.mark.slow
@pytest.mark.parametrize("agent", [True, False], ids=["agent", "no agent"])
def test_an_interrupt_ends_an_import_with_130_and_nothing_imported(
    busy: Machine, agent: bool
) -> None:
    before = titles(busy)
    with importing(busy, agent) as process:
        process.send_signal(signal.SIGINT)
        # Before the end of its input could be what ends the import.
        process.wait(timeout=30)
        out, err = process.communicate()

    assert (process.returncode, out, err) == (130, b"", b"")
    assert titles(busy) == before


def test_a_slow_reader_keeps_nobody_waiting(of_many: Machine) -> None:
    with of_many.popen("list", stderr=subprocess.DEVNULL) as slow:
        until(lambda: bool((status := of_many.status()) and status["busy"]))
        assert of_many("list", "-q", "--limit", "1").out == b"1\n"
        assert slow.poll() is None
        assert slow.stdout
        assert len(slow.stdout.read().splitlines()) == 4003
    assert slow.returncode == 0


def test_ctrl_c_on_a_terminal_reaches_the_command(of_many: Machine) -> None:
    reading, writing = os.pipe()

    of_many.warm()

    def interrupted(agent: bool) -> Ended:
        os.write(writing, HALF)
        return of_many.on_terminal(
            *IMPORT, keys=b"\x03", when=lambda: is_drained(writing), agent=agent, pipe=reading
        )

    answers = [interrupted(agent) for agent in (True, False)]
    os.close(reading)
    os.close(writing)

    assert answers[0] == answers[1]
    assert answers[0].code == 130


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_killed_launcher_takes_its_command_along(busy: Machine, number: int) -> None:
    before = titles(busy)
    process = importing(busy)
    (agent,) = busy.agents()
    until(lambda: bool((busy.status() or {})["busy"]))
    process.send_signal(number)
    process.wait(30)
    until(lambda: agent not in busy.agents())
    process.communicate()

    assert process.returncode == -number
    assert titles(busy) == before
    assert busy("list", "-q").code == 0


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(of_many: Machine) -> None:
    of_many.warm()
    for agent in (True, False):
        before = of_many.served()
        with of_many.popen("list", agent=agent) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.readline()
            process.stdout.close()
            complaint = process.stderr.read()

        assert (process.returncode, complaint) == (0, b"")
        assert of_many.served() - before == agent


@pytest.mark.slow
@pytest.mark.parametrize("argv", [["list"], ["add", "x"], ["log"], ["bogus"]])
def test_nobody_reading_at_all_is_no_error(busy: Machine, argv: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    there = busy(*argv, stdout=writing)
    here = busy(*argv, stdout=writing, agent=False)
    os.close(writing)

    assert there.code == here.code
    assert b"Traceback" not in there.err


@pytest.mark.slow
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_standard_stream_is_no_obstacle(busy: Machine, closed: int) -> None:
    shell = f'exec "$@" {closed}{"<" if closed == 0 else ">"}&-'
    command = Machine(busy.home, busy.runtime, todo=["sh", "-c", shell, "sh", *busy.todo])

    assert command("list") == command("list", agent=False)
