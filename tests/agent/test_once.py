"""Whatever becomes of an agent, a command is run once, or nobody claims to know."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest

from neontodo.launcher import client, protocol
from tests.agent import fake
from tests.agent.machine import Ended, Machine, until

UNKNOWN = (
    b"error: not known whether it was done: the agent ended unexpectedly\n"
    b"hint: check `todo log` before you repeat it\n"
)


def go_away(connection: socket.socket) -> None:
    """Close at once."""


def be_silent(connection: socket.socket) -> None:
    connection.recv(1 << 20)
    time.sleep(client.PATIENCE + 2)


def break_after_go(connection: socket.socket) -> None:
    fake.take_request(connection)
    connection.sendall(protocol.READY)
    assert connection.recv(1) == protocol.GO


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        go_away,
        pytest.param(fake.take_request, marks=pytest.mark.slow),
        fake.says(protocol.BUSY),
        pytest.param(fake.says(protocol.LEAVING), marks=pytest.mark.slow),
        pytest.param(fake.says(b"?"), marks=pytest.mark.slow),
        fake.says(protocol.READY, protocol.UNBEGUN),
        be_silent,
    ],
    ids=["closes", "takes it and closes", "busy", "leaving", "nonsense", "unbegun", "silent"],
)
def test_an_agent_that_does_not_begin_costs_nothing_but_time(
    person: Machine, answer: fake.Answer
) -> None:
    with fake.agent(person.socket, answer):
        ended = person("add", "once")

    assert (ended.code, ended.err) == (0, b"added 1: once\n")
    assert person("list", agent=False).out.count(b"once") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [break_after_go, fake.says(protocol.READY, b"e"), fake.says(protocol.READY, b"xy")],
    ids=["closes", "half an answer", "nonsense"],
)
def test_an_agent_that_breaks_after_go_leaves_the_outcome_unknown(
    person: Machine, answer: fake.Answer
) -> None:
    with fake.agent(person.socket, answer):
        ended = person("add", "never twice")

    assert (ended.code, ended.out, ended.err) == (5, b"", UNKNOWN)
    assert person("list", agent=False).out == b""


@pytest.mark.slow
def test_a_silent_agent_is_replaced(person: Machine) -> None:
    with fake.agent(person.socket, be_silent):
        assert person("list").code == 0
    person.warm()

    assert person.status() is not None


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_an_agent_that_is_killed_leaves_the_outcome_unknown_and_the_store_well(
    busy: Machine, number: int
) -> None:
    with busy.popen("import", "-", "--format", "todotxt") as process:
        until(lambda: bool((status := busy.status()) and status["busy"]))
        (agent,) = busy.agents()
        os.kill(agent, number)
        out, err = process.communicate(b"imported\n", 30)

    assert (process.returncode, out, err) == (5, b"", UNKNOWN)
    assert busy("search", "imported").out == b""
    busy.warm()
    assert agent not in busy.agents()


@pytest.mark.slow
def test_killing_agents_amid_writes_loses_nothing_and_repeats_nothing(busy: Machine) -> None:
    ended: dict[int, Ended] = {}

    def add(n: int) -> None:
        ended[n] = busy("add", f"crowd {n}")

    for first in range(0, 40, 8):
        busy.warm()
        threads = [threading.Thread(target=add, args=(n,)) for n in range(first, first + 8)]
        for thread in threads:
            thread.start()
        time.sleep(0.05 + first * 0.002)
        for pid in busy.agents():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for thread in threads:
            thread.join()

    found = re.findall(rb"crowd (\d+)", busy("search", "crowd", agent=False).out)
    saved = Counter(map(int, found))
    assert {each.code for each in ended.values()} <= {0, 5}
    assert all(each.err.endswith(UNKNOWN) for each in ended.values() if each.code)
    assert all(saved[n] == 1 for n, each in ended.items() if each.code == 0)
    assert max(saved.values()) == 1


@pytest.mark.slow
def test_a_crowd_of_writers_each_write_once(busy: Machine) -> None:
    number = 24
    failures = []

    def add(n: int) -> None:
        ended = busy("add", f"crowd {n}")
        if ended.code:
            failures.append(ended)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    titles = busy("search", "crowd", agent=False).out.splitlines()
    assert len(titles) == number
    assert len({title.rsplit(b"\t", 1)[1] for title in titles}) == number
