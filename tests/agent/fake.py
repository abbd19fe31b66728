"""Agents that go wrong at a chosen moment."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from neontodo.launcher import protocol

Answer = Callable[[socket.socket], None]


@contextmanager
def agent(path: str, answer: Answer) -> Iterator[None]:
    """Somebody at `path` who answers the first connection this way, and then goes away."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, answer))
        thread.start()
        yield
        thread.join(30)
        assert not thread.is_alive()


def _serve(listener: socket.socket, answer: Answer) -> None:
    connection, _ = listener.accept()
    with connection:
        answer(connection)


def take_request(connection: socket.socket) -> None:
    """Read a whole request and close what came with it."""
    head, descriptors, _, _ = socket.recv_fds(connection, protocol.HEAD, 8)
    for descriptor in descriptors:
        os.close(descriptor)
    _, left = protocol.parse_head(head)
    while left:
        left -= len(connection.recv(left))


def says(*words: bytes) -> Answer:
    """Take the request, say each word, and before the second wait for GO."""

    def answer(connection: socket.socket) -> None:
        take_request(connection)
        for n, word in enumerate(words):
            if n == 1:
                assert connection.recv(1) == protocol.GO
            connection.sendall(word)

    return answer
