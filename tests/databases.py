"""Databases on a Postgres server that is running: addresses, and clones of a prepared template."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

import asyncpg


@dataclass
class Postgres:
    """A server as a client sees it; every xdist worker has one, nobody but its owner can stop it.

    Attributes:
        port: on 127.0.0.1, where nothing else is listened on.
        password: of the superuser `postgres`.
        ca_file: the authority of the server's certificate, which names localhost and 127.0.0.1.
        version: such as `15.18`.
        bin_dir: where its programs are, `psql` and `pg_dump` perhaps among them.
    """

    port: int
    password: str
    ca_file: str
    version: str
    bin_dir: str

    def url(self, database: str, user: str = "postgres", password: str | None = None) -> str:
        """The connection string of a database, for the superuser or for somebody else."""
        secret = self.password if password is None else password
        login = f"{quote(user, safe='')}:{quote(secret, safe='')}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def address(self) -> dict[str, Any]:
        """What another process needs to make an equal object: plain words and numbers."""
        return asdict(self)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements one after the other as the superuser, each in its own transaction."""
        asyncio.run(_execute(self.url(database), statements))

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database, empty or as a copy of one that nobody is connected to."""
        self.execute(_create(name, template))

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, and whoever is still connected to it."""
        self.execute(_drop(name))

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of an empty database of one's own; the server's other users have theirs."""
        name = f"empty_{secrets.token_hex(4)}"
        self.create_database(name)
        try:
            yield name
        finally:
            self.drop_database(name)


class TemplateDatabases:
    """Copies of one database that was prepared once, for each test that wants a fresh one.

    Args:
        server: where they are made.
        prepare: fills the empty database behind a connection string, and leaves no connection.
    """

    def __init__(self, server: Postgres, prepare: Callable[[str], Awaitable[None]]) -> None:
        self.server = server
        self._prepare = prepare
        self._template: str | None = None
        self._released: list[str] = []

    def clone(self, prefix: str = "test") -> str:
        """Make a copy of the template and give its name."""
        name = _unique(prefix)
        # One connection for both: connecting takes as long as copying.
        dropped = [_drop(self._released.pop()) for _ in range(len(self._released))]
        self.server.execute(*dropped, _create(name, self._ready_template()))
        return name

    def release(self, name: str) -> None:
        """Let a copy be dropped, with the next clone or with the server."""
        self._released.append(name)

    @contextmanager
    def cloned(self, prefix: str = "test") -> Iterator[str]:
        """Lend a copy, by its connection string."""
        name = self.clone(prefix)
        try:
            yield self.server.url(name)
        finally:
            self.release(name)

    def _ready_template(self) -> str:
        if self._template is None:
            name = _unique("template")
            self.server.create_database(name)
            asyncio.run(_await(self._prepare(self.server.url(name))))
            self._template = name
        return self._template


async def _await(result: Awaitable[None]) -> None:
    await result


async def _execute(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url, ssl=False)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _unique(prefix: str) -> str:
    return f"{prefix[:50]}_{secrets.token_hex(4)}"


def _create(name: str, template: str | None) -> str:
    if template is None:
        return f"CREATE DATABASE {_quoted(name)}"
    # Copying the files took 10 ms where writing every page to the log took 20 to 25.
    return f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(template)} STRATEGY FILE_COPY"


def _drop(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
