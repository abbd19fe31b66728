"""Connections to Postgres: retried while they are made, and announced if that takes long.

Nothing is taken from the environment: asyncpg fills what it is not told from PG* variables, from
`~/.pgpass` and from the user's client certificates, and a variable set for another program could
change what a database URL means.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from neontodo.db.asyncpg_dialect import DriverConnection
from neontodo.db.errors_postgres import is_tls_refused, translate_connecting
from neontodo.db.retry import RetryTimer
from neontodo.db.tls import is_tls_optional, make_context
from neontodo.db.url import PostgresTarget
from neontodo.errors import StoreUnavailable

Announce = Callable[[str], None]
"""Shows a passing line about what is being waited for; an empty one takes it away."""

ANNOUNCED_AFTER = 0.5
FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def make_connector(
    target: PostgresTarget, timer: RetryTimer, announce: Announce
) -> Callable[..., Awaitable[DriverConnection]]:
    """Return the function that the engine connects with.

    It retries every failure, since nothing has been sent yet, and raises StoreUnavailable when that
    has lasted too long or makes no sense.

    Raises:
        BadValue: the URL's parameters contradict each other, or name a file that cannot be used.
    """
    context = make_context(target)
    # A compute on Neon that sleeps wakes while it is connected to.
    waiting = "waking Neon…" if target.is_neon else "connecting…"

    async def connect(**options: Any) -> DriverConnection:
        with announce_if_slow(announce, waiting):
            while True:
                try:
                    connection = await _connect_once(context, is_tls_optional(target), options)
                except FAILURES as error:
                    failure = translate_connecting(error, target.display)
                    if not isinstance(failure, StoreUnavailable):
                        raise failure from error
                    await timer.wait_or_raise(failure)
                else:
                    connection.timer = timer
                    return connection

    return connect


async def _connect_once(
    context: ssl.SSLContext | None, is_optional: bool, options: dict[str, Any]
) -> DriverConnection:
    """Connect with TLS; in plain text without a context, or if TLS is optional and not offered."""
    connection: DriverConnection
    try:
        connection = await asyncpg.connect(ssl=context or False, **options)
    except ConnectionError as error:
        if not is_optional or not is_tls_refused(error):
            raise
        connection = await asyncpg.connect(ssl=False, **options)
    return connection


@contextmanager
def announce_if_slow(announce: Announce, text: str) -> Iterator[None]:
    """Announce what goes on inside, if it takes long."""
    timer = asyncio.get_running_loop().call_later(ANNOUNCED_AFTER, announce, text)
    try:
        yield
    finally:
        timer.cancel()
        announce("")
