"""Connecting to Postgres by asyncpg, with nothing taken from the environment.

asyncpg fills what it is not told from PG* variables, from `~/.pgpass` and from client certificates
lying about: a variable set for another program could change what a database URL means.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from neontodo.db.tls import contexts, direct_tls
from neontodo.db.url import PostgresTarget

Dial = Callable[..., Awaitable[asyncpg.Connection]]


def arguments(target: PostgresTarget) -> dict[str, Any]:
    """What asyncpg has to be told besides host, port, user, database and TLS."""
    settings = {"application_name": target.application_name}
    if target.startup_options is not None:
        settings["options"] = target.startup_options
    return {
        "password": target.password or "",
        "timeout": target.connect_timeout,
        "server_settings": settings,
        "direct_tls": direct_tls(target),
        "target_session_attrs": "any",
        "krbsrvname": "postgres",
        "gsslib": "gssapi",
    }


def dialler(target: PostgresTarget) -> Dial:
    """`asyncpg.connect` with the TLS that the URL asks for: `prefer` and `allow` have two ways.

    Raises:
        BadValue: the URL's parameters contradict each other, or name a file that cannot be used.
    """
    ways = contexts(target)

    async def connect(*args: Any, **options: Any) -> asyncpg.Connection:
        for way in ways[:-1]:
            try:
                return await asyncpg.connect(*args, ssl=way or False, **options)
            except Exception as error:
                if not _is_about_tls(error):
                    raise
        return await asyncpg.connect(*args, ssl=ways[-1] or False, **options)

    return connect


def _is_about_tls(error: Exception) -> bool:
    """Whether the server may be reached with the other choice of TLS or plain text.

    A wrong password is not tried again in plain text.
    """
    if isinstance(error, asyncpg.PostgresError):
        return bool(error.sqlstate == asyncpg.InvalidAuthorizationSpecificationError.sqlstate)
    if isinstance(error, ConnectionRefusedError | TimeoutError):
        return False
    return isinstance(error, ssl.SSLError | ConnectionError)
