"""A compute that sleeps: its first connections are refused, or wait until it has woken."""

from __future__ import annotations

import asyncio

from tests.faults import wire
from tests.faults.relay import Relay, until_first

READ = 65536


class Sleeper(Relay):
    """Before a server that is awake.

    Args:
        server_port: the server's.
        refusals: what the first connections are told, one after the other; the rest get through.
        pause: seconds before a connection gets through.

    Attributes:
        connections: how many were tried.
    """

    def __init__(
        self, server_port: int, *, refusals: tuple[bytes, ...] = (), pause: float = 0.0
    ) -> None:
        self.refusals = list(refusals)
        self.pause = pause
        self.connections = 0
        super().__init__(server_port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusals:
            await wire.startup(reader)
            writer.write(self.refusals.pop(0))
            await writer.drain()
            return
        await asyncio.sleep(self.pause)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        try:
            await until_first(_pump(reader, to_server), _pump(from_server, writer))
        finally:
            to_server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(READ):
        writer.write(data)
        await writer.drain()
