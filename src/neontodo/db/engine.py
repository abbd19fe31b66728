"""Engines for both kinds of store."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from neontodo.db.tls import direct_tls, tls_argument
from neontodo.db.url import PostgresTarget, SqliteTarget, Target

BUSY_TIMEOUT_MS = 60_000
"""How long a writer waits for another: longer than an import of 100,000 tasks takes."""

CACHE_KIB = 65_536
"""Room for the indexes of 100,000 tasks while they are imported."""

compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def make_engine(target: Target, *, for_migration: bool = False) -> AsyncEngine:
    """An engine that has not connected yet."""
    if isinstance(target, SqliteTarget):
        return _sqlite(target, foreign_keys=not for_migration)
    return _postgres(target)


def _sqlite(target: SqliteTarget, *, foreign_keys: bool) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(target.path)),
        json_serializer=compact_json,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: see `begin` below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "synchronous = FULL",
            f"cache_size = -{CACHE_KIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        # A deferred transaction that turns into a writer fails at once with "database is locked",
        # whatever the busy timeout; one that begins as a writer waits its turn.
        if connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres(target: PostgresTarget) -> AsyncEngine:
    from neontodo.db import dialect

    dialect.register()
    settings = {"application_name": target.application_name}
    if target.options and not (target.is_neon and "endpoint=" in target.options):
        settings["options"] = target.options
    return create_async_engine(
        URL.create(
            f"postgresql+{dialect.DRIVER}",
            username=target.user,
            password=target.password,
            host=target.host,
            port=target.port,
            database=target.database,
        ),
        json_serializer=compact_json,
        pool_size=1,
        max_overflow=0,
        connect_args={
            "ssl": tls_argument(target),
            "direct_tls": direct_tls(target),
            "timeout": target.connect_timeout,
            "connection_class": dialect.Connection,
            "server_settings": settings,
            # A transaction pooler may stand in between, and it shares one server's plans among
            # clients: after a schema change every cached statement fails.
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
        },
    )
