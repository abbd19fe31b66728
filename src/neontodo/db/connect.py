"""Connections to Postgres: patient while they are made, and announced if that takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from neontodo.db.asyncpg_dialect import Connection
from neontodo.db.dial import dialler
from neontodo.db.errors_postgres import while_connecting
from neontodo.db.retry import Tries
from neontodo.db.url import PostgresTarget
from neontodo.errors import StoreUnavailable

Announce = Callable[[str], None]
"""Shows a passing line about what is being waited for; an empty one takes it away."""

ANNOUNCED_AFTER = 0.5
FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def connector(
    target: PostgresTarget, tries: Tries, announce: Announce
) -> Callable[..., Awaitable[Connection]]:
    """What the engine connects with; nothing has been sent yet, so every failure may be retried.

    Raises:
        StoreUnavailable: when trying it has lasted too long, or makes no sense.
    """
    connect_once = dialler(target)

    async def connect(**options: Any) -> Connection:
        with announced(announce, wait_of(target)):
            while True:
                try:
                    connection: Connection = await connect_once(**options)
                except FAILURES as error:
                    failure = while_connecting(error, target.display)
                    if not isinstance(failure, StoreUnavailable):
                        raise failure from error
                    await tries.pause(failure)
                else:
                    connection.serve(tries)
                    return connection

    return connect


def wait_of(target: PostgresTarget) -> str:
    """What is being waited for; a compute on Neon that sleeps wakes while it is connected to."""
    return "waking Neon…" if target.is_neon else "connecting…"


@contextmanager
def announced(announce: Announce, text: str) -> Iterator[None]:
    """Announce what goes on inside, if it takes long."""
    timer = asyncio.get_running_loop().call_later(ANNOUNCED_AFTER, announce, text)
    try:
        yield
    finally:
        timer.cancel()
        announce("")
