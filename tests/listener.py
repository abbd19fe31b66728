"""A server on loopback that has one client after the other, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class Listener:
    """Listens on a port of 127.0.0.1; a subclass says how each client is answered."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _answer(self, client: socket.socket) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
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
                self._answer(client)
