"""A network between client and server that breaks where it is told to, message by message."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from tests.faults import wire

Way = Literal["cut", "reset", "stall", "late"]
GONE = (ConnectionError, asyncio.IncompleteReadError)
LATE = 0.05
"""Seconds between a retry's claim, which waits for a lock, and what it overtook."""


class Broken(Exception):
    """The link has just been broken, as planned."""


@dataclass(frozen=True)
class Break:
    """What happens once `after` messages of a command have got through, in either direction.

    cut: both ends are closed. reset: both ends learn that the connection is void. stall: nothing
    gets through any more, and nobody is told. late: as stall, but what was on its way arrives when
    the command's next connection has begun to write.

    Attributes:
        dead: whether there is no network afterwards, rather than a healthy one.
    """

    after: int
    way: Way = "cut"
    dead: bool = False


class Network:
    """Lies on a port of its own between clients and the server on `server_port`.

    Attributes:
        port: where clients connect to.
        trace: what got through since the last `plan`, such as `c:Q` and `s:Z`, up to the break.
        broke: whether the planned break came to pass.
        connections: how many sessions were opened since the last `plan`.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._links: set[asyncio.Task[None]] = set()
        self._run(self._start())
        self.plan(None)

    def plan(self, planned: Break | None) -> None:
        """Let go of what still hangs, and begin anew."""
        self._run(self._plan(planned))

    def settle(self) -> None:
        """Wait until what was sent before has been seen."""
        self._run(asyncio.sleep(0))

    def close(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        await self._plan(None)

    async def _plan(self, planned: Break | None) -> None:
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)
        self.planned = planned
        self.trace: list[str] = []
        self.broke = False
        self.connections = 0
        self.overtaken = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            if self.broke and self.planned and self.planned.dead:
                reset(writer)
            elif wire.is_startup(first := await wire.startup(reader)):
                self.connections += 1
                await Link(self, reader, writer).run(self._server_port, first)
        except (asyncio.CancelledError, *GONE):
            pass
        finally:
            writer.close()
            self._links.discard(task)


class Link:
    """One session of a client's."""

    def __init__(
        self, network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._network = network
        self._is_first = not network.broke
        self._from_client, self._to_client = reader, writer
        self._gate = asyncio.Event()
        self._gate.set()

    async def run(self, port: int, first: bytes) -> None:
        """Carry messages until one side ends, or the network breaks."""
        from_server, self._to_server = await asyncio.open_connection("127.0.0.1", port)
        try:
            await self._carry(first, self._to_server, "c:startup")
            pumps = [
                asyncio.create_task(self._pump(self._from_client, self._to_server, "c")),
                asyncio.create_task(self._pump(from_server, self._to_client, "s")),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except Broken:
            pass
        finally:
            self._end()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, side: str
    ) -> None:
        while message := await wire.message(reader):
            await self._carry(message, writer, f"{side}:{chr(message[0])}")
        # Nobody hears through a stalled link that the other has hung up.
        await self._gate.wait()

    async def _carry(self, message: bytes, writer: asyncio.StreamWriter, label: str) -> None:
        await self._gate.wait()
        writer.write(message)
        await writer.drain()
        network = self._network
        if self._is_first:
            network.trace.append(label)
            if network.planned and len(network.trace) == network.planned.after:
                await self._break(network.planned.way)
        elif label == "c:S":
            asyncio.get_running_loop().call_later(LATE, network.overtaken.set)

    async def _break(self, way: Way) -> None:
        self._network.broke = True
        if way in ("cut", "reset"):
            raise Broken
        self._gate = self._network.overtaken if way == "late" else asyncio.Event()

    def _end(self) -> None:
        planned = self._network.planned
        for writer in (self._to_client, self._to_server):
            if self._is_first and planned and planned.way != "cut":
                reset(writer)
            else:
                writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up in a way that the other side takes for an error."""
    connection: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
