"""A port of its own between clients and a server, served in a thread beside the test."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import weakref
from collections.abc import Coroutine
from typing import Any

ROUNDS = 5
GONE = (ConnectionError, asyncio.IncompleteReadError)


class Relay:
    """Listens on `port`, and leaves every client to `serve`."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._clients: set[asyncio.Task[None]] = set()
        self._writers: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()
        self.run(self._start())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the relay's own thread."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Hang up on everybody, and end."""
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Deal with one client, until it or the server has hung up."""
        raise NotImplementedError

    async def hang_up(self) -> None:
        """End what goes on with all clients."""
        clients = list(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        # Who has only just come in is served by the next rounds, and can be hung up on then.
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        await self.hang_up()
        for writer in self._writers:
            # What was not sent yet would keep the connection open, beyond the loop.
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        self._writers.add(writer)
        try:
            await self.serve(reader, writer)
        except (asyncio.CancelledError, *GONE):
            pass
        finally:
            writer.close()
            self._clients.discard(task)


async def until_first(*works: Coroutine[Any, Any, None]) -> None:
    """Do all at once, until one of them has ended."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up in a way that the other side takes for an error."""
    connection: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
