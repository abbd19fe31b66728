"""Neon as far as it can be had here: its host names, its direct TLS, a certificate for them.

The names lead to a Postgres 17 of our own, which speaks TLS from the first byte as Neon does.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.databases import Postgres
from tests.postgres import PostgresServer
from tests.postgres_bin import wheel

DIRECT = "ep-cool-darkness-a1b2c3d4.us-east-2.aws.neon.tech"
POOLED = "ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech"


@dataclass
class Neon:
    """A project: `hosts` are the names that are known; `server` is behind all of them."""

    server: Postgres
    hosts: set[str] = field(default_factory=lambda: {DIRECT, POOLED})

    def url(self, database: str, host: str = POOLED, port: int | None = None, **place: str) -> str:
        """A connection string as Neon's console shows it."""
        plain = self.server.url(database, **place)
        named = plain.replace(f"127.0.0.1:{self.server.port}", f"{host}:{port or self.server.port}")
        return f"{named}?sslmode=require&channel_binding=require"


@pytest.fixture(scope="session")
def neon_server() -> Iterator[PostgresServer]:
    """A Postgres 17, the oldest that speaks direct TLS."""
    server = PostgresServer.start(bin_dir=next(wheel()))
    yield server
    server.stop()


@pytest.fixture
def neon(neon_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Neon:
    """Neon's names for one test, and an authority that this machine trusts."""
    found = Neon(neon_server)
    asked = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if isinstance(host, str) and host.endswith(".neon.tech"):
            if host not in found.hosts:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            host = "127.0.0.1"
        return asked(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setenv("SSL_CERT_FILE", neon_server.ca_file)
    return found
