"""Clients that make no sense, or no progress, harm nobody but themselves."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from neontodo.agent import server
from neontodo.launcher import protocol
from neontodo.launcher.protocol import Invocation
from tests.agent.conftest import fill
from tests.agent.machine import Machine, machine, until

CROWD = 64
LIST = Invocation([b"list"], {b"PATH": b"/bin"}, 0o022, ["utf-8:strict:False:False"] * 3)
REQUEST = protocol.encode_request(protocol.RUN, LIST.encode())


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Somebody with tasks, and an agent that is ready."""
    with machine(tmp_path_factory.mktemp("hostile") / "home") as made:
        fill(made)
        made.warm()
        yield made


@pytest.fixture(autouse=True)
def agent_that_stays(busy: Machine) -> Iterator[None]:
    """Whatever is done to it, it is the same agent afterwards, and does its work."""
    before = busy.status()
    yield
    served = busy.served()
    assert busy("list", "-q").out == b"1\n2\n4\n"
    after = busy.status()
    assert before is not None
    assert after is not None
    assert (after["pid"], after["commands"]) == (before["pid"], served + 1)


def connected(person: Machine) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(30)
    connection.connect(person.socket)
    return connection


def answer(connection: socket.socket) -> bytes:
    """All that the agent says until it closes the connection."""
    said = b""
    with suppress(ConnectionError):
        while word := connection.recv(100):
            said += word
    return said


GARBAGE = {
    "noise": random.Random(1).randbytes(5000),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another version": protocol.MAGIC[:-1] + b"\x09" + REQUEST[len(protocol.MAGIC) :],
    "unknown kind": protocol.encode_request(b"?"),
    "too long": protocol.MAGIC + protocol.RUN + (protocol.LARGEST + 1).to_bytes(4, "big"),
    "no fields": protocol.encode_request(protocol.RUN, b"\0\0\0"),
    "a field too few": protocol.encode_request(
        protocol.RUN, LIST.encode().replace(b"1\0list", b"7\0list")
    ),
    "not text": protocol.encode_request(protocol.RUN, b"\xff" * 100),
    "said too soon": REQUEST + protocol.GO,
}


@pytest.mark.slow
@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage_gets_no_answer(busy: Machine, data: bytes) -> None:
    with connected(busy) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

        assert answer(connection) in (b"", protocol.READY)


@pytest.mark.slow
@pytest.mark.parametrize(
    "length",
    [0, 10, len(REQUEST) - 1, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 5, 9, 11))],
)
def test_half_a_request_is_given_up_after_a_while(busy: Machine, length: int) -> None:
    before = time.monotonic()
    with connected(busy) as connection:
        connection.sendall(REQUEST[:length])

        assert answer(connection) == b""
    assert time.monotonic() - before >= server.PATIENCE * 0.9


@pytest.mark.slow
def test_a_client_that_does_not_say_go_is_given_up(busy: Machine) -> None:
    with connected(busy) as connection:
        connection.sendall(REQUEST)

        assert answer(connection) == protocol.READY + protocol.UNBEGUN


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 3, 5, 100])
def test_go_needs_four_descriptors(busy: Machine, number: int) -> None:
    with connected(busy) as connection, open(os.devnull, "rb") as null:
        connection.sendall(REQUEST)
        assert connection.recv(1) == protocol.READY
        socket.send_fds(connection, [protocol.GO], [null.fileno()] * number)

        assert answer(connection) == b""


@pytest.mark.slow
def test_descriptors_before_go_are_refused(busy: Machine) -> None:
    with connected(busy) as connection, open(os.devnull, "rb") as null:
        socket.send_fds(connection, [REQUEST], [null.fileno()] * 4)

        assert answer(connection) == b""


@pytest.mark.slow
def test_descriptors_that_cannot_be_used_begin_nothing(busy: Machine) -> None:
    with connected(busy) as connection, open(os.devnull, "rb") as null:
        connection.sendall(REQUEST)
        assert connection.recv(1) == protocol.READY
        # The last should be a folder.
        socket.send_fds(connection, [protocol.GO], [null.fileno()] * 4)

        assert answer(connection) == protocol.UNBEGUN


@pytest.mark.slow
def test_nothing_is_held_of_clients_that_have_gone(busy: Machine) -> None:
    def held() -> int:
        status = busy.status()
        assert status is not None
        return len(list(Path(f"/proc/{status['pid']}/fd").iterdir()))

    before = held()
    for length in (0, 3, len(REQUEST)):
        for _ in range(CROWD):
            with connected(busy) as connection:
                connection.sendall(REQUEST[:length])
    until(lambda: held() == before)


@pytest.mark.slow
@pytest.mark.parametrize("length", [0, 5, len(REQUEST) - 1, len(REQUEST)])
def test_a_crowd_that_is_stuck_keeps_nobody_waiting(busy: Machine, length: int) -> None:
    with ExitStack() as stack:
        for _ in range(CROWD):
            stack.enter_context(connected(busy)).sendall(REQUEST[:length])
        ended = busy("list", "-q")

    assert (ended.code, ended.out, ended.err) == (0, b"1\n2\n4\n", b"")


@pytest.mark.slow
def test_more_clients_than_it_takes_are_sent_away(busy: Machine) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(busy)) for _ in range(CROWD * 2)]
        for client in clients:
            with suppress(ConnectionError):
                client.sendall(REQUEST)
        answers = [answer(client) for client in clients]

    assert set(answers) == {protocol.READY + protocol.UNBEGUN, protocol.BUSY}


@pytest.mark.slow
def test_sixty_four_at_once_are_all_served(busy: Machine) -> None:
    running = [busy.popen("list", "-q", stderr=subprocess.STDOUT) for _ in range(CROWD)]
    outputs = {process.communicate(timeout=100)[0] for process in running}

    assert outputs == {b"1\n2\n4\n"}
    assert {process.returncode for process in running} == {0}


SOMEBODY_ELSE = """
import os, socket, sys
os.setuid(65534)
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
print("connected; ", end="", flush=True)
try:
    connection.sendall(b"todo\\x01S\\0\\0\\0\\0")
    print(connection.recv(100))
except OSError:
    pass
"""


@pytest.mark.slow
def test_another_user_is_not_served(busy: Machine) -> None:
    if os.geteuid() != 0:
        pytest.skip("platform: only root can be somebody else")
    path = Path(busy.socket)
    path.parent.chmod(0o711)
    busy.runtime.chmod(0o711)
    path.chmod(0o666)
    command = [sys.executable, "-c", SOMEBODY_ELSE, str(path)]
    told = subprocess.run(command, capture_output=True, check=True, cwd="/").stdout
    for private in (path.parent, busy.runtime):
        private.chmod(0o700)

    assert told == b"connected; "
