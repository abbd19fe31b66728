"""The framing of Postgres's wire protocol: whole messages, and those that the tests make up."""

from __future__ import annotations

import struct
from asyncio import StreamReader

STARTUP = 196608
"""Protocol version 3.0; cancel and TLS requests have other numbers in its place."""


async def startup(reader: StreamReader) -> bytes:
    """A client's first message, which has no type; empty if there is none."""
    return await _whole(reader, b"")


async def message(reader: StreamReader) -> bytes:
    """The next message; empty if there is none any more."""
    kind = await reader.read(1)
    return await _whole(reader, kind) if kind else b""


async def _whole(reader: StreamReader, kind: bytes) -> bytes:
    length = await reader.readexactly(4)
    return kind + length + await reader.readexactly(struct.unpack("!i", length)[0] - 4)


def is_startup(first: bytes) -> bool:
    """Whether a first message opens a session."""
    return struct.unpack("!i", first[4:8]) == (STARTUP,)


def error(text: str, code: str = "XX000", severity: str = "ERROR") -> bytes:
    """An ErrorResponse, as Neon's proxy makes them unless told otherwise."""
    fields = (("S", severity), ("V", severity), ("C", code), ("M", text))
    body = b"".join(key.encode() + value.encode() + b"\0" for key, value in fields) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body
