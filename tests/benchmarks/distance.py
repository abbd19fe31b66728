"""A server that is far away: everything takes its time to and fro, and is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.faults.relay import Relay, until_first


class Distance(Relay):
    """Bytes on their way between clients and a server, whatever they mean: TLS stays closed.

    Attributes:
        round_trip: in seconds. With some, what a client sends without waiting is one flight, even
            if the server answers a part of it.
        flights: how often clients have waited for an answer since it was set to 0, the making of
            each connection included. A farewell that nobody waits to be answered is none.
    """

    def __init__(self, server_port: int, round_trip: float = 0.0) -> None:
        super().__init__(server_port)
        self.round_trip = round_trip
        self.flights = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.flights += 1
        await asyncio.sleep(self.round_trip)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        is_asking = asyncio.Event()
        try:
            await until_first(
                self._ask(reader, to_server, is_asking),
                self._answer(from_server, writer, is_asking),
            )
            # What was sent last is still on its way.
            await asyncio.sleep(self.round_trip)
        finally:
            to_server.close()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_asking: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            is_asking.set()
            self._later(writer.write, data)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_asking: asyncio.Event
    ) -> None:
        def arrive(data: bytes) -> None:
            if is_asking.is_set():
                is_asking.clear()
                self.flights += 1
            writer.write(data)

        while data := await reader.read(65536):
            self._later(arrive, data)

    def _later(self, deliver: Callable[[bytes], None], data: bytes) -> None:
        asyncio.get_running_loop().call_later(self.round_trip / 2, deliver, data)
