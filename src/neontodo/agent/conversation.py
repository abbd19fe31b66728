"""The agent's side of one connection: what a launcher says, read without ever waiting for it."""

from __future__ import annotations

import array
import enum
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress

from neontodo.agent import protocol
from neontodo.agent.protocol import DESCRIPTORS, HEAD, Garbage

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

    def __init__(self, connection: socket.socket, now: float) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.stage = Stage.ASKING
        self.deadline = now + PATIENCE
        self.kind = b""
        self.body = b""
        self.command: protocol.Command | None = None
        self.descriptors: list[int] = []
        self._received = bytearray()
        self._wanted = HEAD

    @property
    def is_complete(self) -> bool:
        return bool(self.kind)

    def receive(self) -> None:
        """Take what has come of the request.

        Raises:
            Gone, Garbage: there will be none.
        """
        room = socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, flags, _ = self.connection.recvmsg(
                self._wanted - len(self._received), room
            )
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            raise Gone from None
        self.descriptors += _descriptors(ancillary)
        if not data:
            raise Gone
        if flags & socket.MSG_CTRUNC or len(self.descriptors) > DESCRIPTORS:
            raise Garbage
        self._received += data
        self._advance()

    def _advance(self) -> None:
        if len(self._received) == HEAD and self._wanted == HEAD:
            _, length = protocol.kind_and_length(bytes(self._received))
            self._wanted += length
        if len(self._received) < self._wanted:
            return
        kind, _ = protocol.kind_and_length(bytes(self._received[:HEAD]))
        if len(self.descriptors) != (DESCRIPTORS if kind == protocol.RUN else 0):
            raise Garbage
        self.kind, self.body = kind, bytes(self._received[HEAD:])
        self._received.clear()

    def words(self) -> bytes:
        """What the client has said since its request, one letter each.

        Raises:
            Gone: it has closed its end.
        """
        try:
            data = self.connection.recv(64)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
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


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> Iterator[int]:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found = array.array("i")
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
            yield from found


def is_ours(connection: socket.socket) -> bool:
    """Whether the user is the one at the other end, where the system tells."""
    if sys.platform != "linux":
        return True
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, user, _ = struct.unpack("iII", credentials)
    return bool(user == os.geteuid())
