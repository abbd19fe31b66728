"""A server on loopback that answers each path with the bytes it is given, however odd."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping

from tests.listener import Listener

TLS_HANDSHAKE = b"\x16"
Reaction = Callable[[socket.socket], None]


def answer(
    body: object = None, status: int = 200, kind: str = "application/json", **headers: str
) -> bytes:
    """An answer in full; what is neither text nor bytes becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    if isinstance(body, str):
        content = body.encode()
    lines = [f"HTTP/1.1 {status} Odd", f"content-type: {kind}", f"content-length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + content


def reset(client: socket.socket) -> None:
    """Break the connection off."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class OddServer(Listener):
    """Each path has an answer; `asked` has the requests that reached it.

    Args:
        answers: what to send for a path, or what to do; other paths get an empty 404.
    """

    def __init__(
        self, answers: Mapping[str, bytes | Reaction], context: ssl.SSLContext | None = None
    ) -> None:
        super().__init__()
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.done = threading.Event()
        self._context = context
        self.origin = f"{'https' if context else 'http'}://localhost:{self.port}"

    def hang(self, client: socket.socket) -> None:
        """Say nothing until the test is over."""
        self.done.wait(60)

    def __exit__(self, *_: object) -> None:
        self.done.set()
        super().__exit__()

    def _answer(self, client: socket.socket) -> None:
        if self._context is None:
            self._react(client)
            return
        with self._context.wrap_socket(client, server_side=True) as secured:
            self._react(secured)

    def _react(self, client: socket.socket) -> None:
        with client.makefile("rb") as file:
            head = file.read(1)
            if head in (b"", TLS_HANDSHAKE):
                return
            while (line := file.readline()) not in (b"", b"\r\n"):
                head += line
            asked = head.decode()
            self.asked.append(asked)
            length = re.search(r"(?i)content-length: *(\d+)", asked)
            file.read(int(length[1]) if length else 0)
        reaction = self.answers.get(asked.split()[1].partition("?")[0], answer(b"", 404))
        if isinstance(reaction, bytes):
            client.sendall(reaction)
        else:
            reaction(client)
