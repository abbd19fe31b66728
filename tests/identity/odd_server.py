"""A server on loopback that answers each path with the bytes it is given, however odd."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType

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


class OddServer:
    """Listens on a port of 127.0.0.1; `asked` has the requests that reached it.

    Args:
        answers: what to send for a path, or what to do; other paths get an empty 404.
    """

    def __init__(
        self, answers: Mapping[str, bytes | Reaction], context: ssl.SSLContext | None = None
    ) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.done = threading.Event()
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"{'https' if context else 'http'}://localhost:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def hang(self, client: socket.socket) -> None:
        """Say nothing until the test is over."""
        self.done.wait(60)

    def __enter__(self) -> OddServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.done.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(10)
            with suppress(OSError), client:
                if self._context is None:
                    self._answer(client)
                    continue
                with self._context.wrap_socket(client, server_side=True) as secured:
                    self._answer(secured)

    def _answer(self, client: socket.socket) -> None:
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
