"""The agent's side of one connection: what a launcher says, read without ever waiting for it."""

from __future__ import annotations

import array
import enum
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

from neontodo.launcher import protocol
from neontodo.launcher.protocol import DESCRIPTORS, HEAD, Garbage

PATIENCE = 2.0
"""Seconds that a client may take for its request, or to say GO."""


class Gone(Exception):
    """The client has closed its end."""


class Stage(enum.Enum):
    """How far a conversation is."""

    ASKING = "its request is not complete"
    WAITING = "no worker is free for it"
    PROMISED = "it may say GO"
    RUNNING = "a worker runs its command"


class Conversation:
    """One client, from its connecting to its end."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.wait(Stage.ASKING, PATIENCE)
        self.kind = b""
        self.body = b""
        self.command: protocol.Command | None = None
        self.descriptors: list[int] = []
        self._received = bytearray()
        self._wanted = HEAD

    @property
    def is_complete(self) -> bool:
        return bool(self.kind)

    def wait(self, stage: Stage, seconds: float) -> None:
        """Be at a stage that must not last for ever."""
        self.stage = stage
        self.deadline = time.monotonic() + seconds

    def receive(self) -> None:
        """Take what has come of the request.

        Raises:
            Gone, Garbage: there will be none.
        """
        self._received += self._read(self._wanted - len(self._received))
        if len(self._received) == HEAD == self._wanted:
            self._wanted += protocol.kind_and_length(bytes(self._received))[1]
            if self._wanted > HEAD:
                self.receive()
                return
        if len(self._received) == self._wanted:
            self.kind, _ = protocol.kind_and_length(bytes(self._received[:HEAD]))
            self.body = bytes(self._received[HEAD:])

    def words(self) -> bytes:
        """What the client has said since its request, one letter each.

        Raises:
            Gone, Garbage: it has closed its end, or makes no sense.
        """
        words = self._read(64)
        if len(self.descriptors) != (DESCRIPTORS if words == protocol.GO else 0):
            raise Garbage
        return words

    def _read(self, size: int) -> bytes:
        """Up to so many bytes, fewer or none if no more have come; descriptors are kept."""
        room = socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, flags, _ = self.connection.recvmsg(size, room)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError:
            raise Gone from None
        self.descriptors += _descriptors(ancillary)
        if not data:
            raise Gone
        if flags & socket.MSG_CTRUNC or (self.stage is Stage.ASKING and self.descriptors):
            raise Garbage
        return data

    def say(self, word: bytes) -> None:
        """Say something short, if the client still listens."""
        with suppress(OSError):
            self.connection.sendall(word)

    def let_go(self) -> None:
        """Close this process's copies of the client's descriptors."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

    def close(self) -> None:
        self.let_go()
        self.connection.close()


class Clients(list[Conversation]):
    """Who is connected, in the order in which they came."""

    def at(self, *stages: Stage) -> list[Conversation]:
        return [client for client in self if client.stage in stages]

    def pending(self) -> list[Conversation]:
        """Those whose command has not been begun."""
        return self.at(Stage.ASKING, Stage.WAITING, Stage.PROMISED)

    def overdue(self) -> list[Conversation]:
        """Those who have been at a stage for longer than they may."""
        now = time.monotonic()
        return [client for client in self.pending() if client.deadline <= now]

    def patience(self, most: float) -> float:
        """Seconds until one will be overdue."""
        now = time.monotonic()
        return max(0.0, min([most, *(client.deadline - now for client in self.pending())]))


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> Iterator[int]:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found = array.array("i")
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
            yield from found
