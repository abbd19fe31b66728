"""A network between client and server that breaks where it is told to, message by message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from tests.faults import wire
from tests.faults.relay import Relay, reset, until_first

Way = Literal["cut", "reset", "stall", "late"]
LATE = 0.05
"""Seconds between a retry's claim, which waits for a lock, and what it overtook."""


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


class Network(Relay):
    """Carries one command after the other, each with a plan of its own.

    Attributes:
        trace: what got through since the last `plan`, such as `c:Q` and `s:Z`, up to the break.
        broke: whether the planned break came to pass.
    """

    planned: Break | None
    trace: list[str]
    broke: bool
    overtaken: asyncio.Event

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self.plan(None)

    def plan(self, planned: Break | None) -> None:
        """Let go of what still hangs, and begin anew."""
        self.run(self._plan(planned))

    def settle(self) -> None:
        """Wait until what was sent before has been seen."""
        self.run(asyncio.sleep(0))

    async def _plan(self, planned: Break | None) -> None:
        await self.hang_up()
        self.planned = planned
        self.trace = []
        self.broke = False
        self.overtaken = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.broke and self.planned and self.planned.dead:
            reset(writer)
            return
        first = await wire.startup(reader)
        if wire.is_startup(first):
            await Link(self, reader, writer).carry(first)


class Broken(Exception):
    """The link has just been broken, as planned."""


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

    async def carry(self, first: bytes) -> None:
        """Carry messages until one side ends, or the network breaks."""
        from_server, self._to_server = await asyncio.open_connection(
            "127.0.0.1", self._network.server_port
        )
        try:
            await self._pass(first, self._to_server, "c:startup")
            await until_first(
                self._pump(self._from_client, self._to_server, "c"),
                self._pump(from_server, self._to_client, "s"),
            )
        except Broken:
            pass
        finally:
            self._end()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, side: str
    ) -> None:
        while message := await wire.message(reader):
            await self._pass(message, writer, f"{side}:{chr(message[0])}")
        # Nobody hears through a stalled link that the other has hung up.
        await self._gate.wait()

    async def _pass(self, message: bytes, writer: asyncio.StreamWriter, label: str) -> None:
        await self._gate.wait()
        writer.write(message)
        await writer.drain()
        network = self._network
        if not self._is_first:
            if label == "c:S":
                asyncio.get_running_loop().call_later(LATE, network.overtaken.set)
            return
        network.trace.append(label)
        if network.planned and len(network.trace) == network.planned.after:
            self._break(network.planned.way)

    def _break(self, way: Way) -> None:
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
