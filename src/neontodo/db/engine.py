"""SQLAlchemy engines for SQLite and Postgres, each with its own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from neontodo.columns import read_json, write_json
from neontodo.db.retry import RetryTimer, TimeLimits
from neontodo.db.url import PostgresTarget, SqliteTarget, Target

if TYPE_CHECKING:
    from neontodo.db.connector import Announce

BUSY_TIMEOUT_MS = 60_000
"""How long a writer waits for another one: longer than an import of 100,000 tasks takes."""

CACHE_KIB = 16_384
"""Room for the indexes of 100,000 tasks while they are imported."""

STATEMENTS = 100
"""How many prepared statements a connection keeps, if it keeps any."""


def make_engine(
    target: Target,
    *,
    for_migration: bool = False,
    is_read_only: bool = False,
    timer: RetryTimer | None = None,
    announce: Announce = lambda _: None,
    keeps_statements: bool = False,
) -> AsyncEngine:
    """Return an engine that has not connected yet.

    Args:
        for_migration: leave out foreign keys on SQLite, and the limit of an answer on Postgres.
        is_read_only: SQLite can put no files beside the store: see `db.read_only`.
        timer: the deadline of the work that connections are made for.
        keeps_statements: prepare each statement once, which saves a round trip from its second
            time on; not through a pooler.
    """
    if isinstance(target, SqliteTarget):
        return _make_sqlite_engine(
            target, foreign_keys=not for_migration, is_read_only=is_read_only
        )
    timer = timer or RetryTimer(TimeLimits())
    answer = None if for_migration else timer.limits.answer
    statements = STATEMENTS if keeps_statements else 0
    return _make_postgres_engine(target, timer, announce, answer, statements)


def _make_sqlite_engine(
    target: SqliteTarget, *, foreign_keys: bool, is_read_only: bool
) -> AsyncEngine:
    from neontodo.db import write_ahead_log

    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(target.path)),
        json_serializer=write_json,
        json_deserializer=read_json,
        # A connection without locks sees nothing of what others write later.
        poolclass=NullPool if is_read_only else None,
    )
    if is_read_only:
        _open_without_files(engine, target)

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
        options = connection.get_execution_options()
        if options.get("writes"):
            connection.connection.run_async(write_ahead_log.begin_writing)
        elif options.get("holds_still"):
            connection.exec_driver_sql("BEGIN")

    return engine


def _open_without_files(engine: AsyncEngine, target: SqliteTarget) -> None:
    """Let an engine open the store for reading only, with nothing put beside it."""
    from neontodo.db import read_only

    @event.listens_for(engine.sync_engine, "do_connect")
    def choose_uri(_dialect: Any, _record: Any, arguments: list[Any], options: Any) -> None:
        arguments[:] = [read_only.build_uri(target.path)]
        options["uri"] = True

    @event.listens_for(engine.sync_engine, "connect")
    def open_log(connection: Any, _record: Any) -> None:
        connection.execute(read_only.INDEX_IN_MEMORY)


def _make_postgres_engine(
    target: PostgresTarget,
    timer: RetryTimer,
    announce: Announce,
    answer: float | None,
    statements: int,
) -> AsyncEngine:
    from neontodo.db import asyncpg_dialect
    from neontodo.db.connector import make_connector
    from neontodo.db.tls import has_direct_tls

    settings = {"application_name": target.application_name}
    if target.startup_options is not None:
        settings["options"] = target.startup_options
    engine = create_async_engine(
        URL.create(
            f"postgresql+{asyncpg_dialect.DRIVER}",
            username=target.user,
            host=target.host,
            port=target.port,
            database=target.database,
        ),
        json_serializer=write_json,
        json_deserializer=read_json,
        pool_size=1,
        max_overflow=0,
        connect_args={
            "async_creator_fn": make_connector(target, timer, announce),
            "command_timeout": answer,
            "connection_class": asyncpg_dialect.DriverConnection,
            "password": target.password or "",
            "timeout": target.connect_timeout,
            "server_settings": settings,
            "direct_tls": has_direct_tls(target),
            # asyncpg would take these three from the environment.
            "target_session_attrs": "any",
            "krbsrvname": "postgres",
            "gsslib": "gssapi",
            # A transaction pooler that may stand in between shares one server's plans among
            # clients: after a schema change every cached statement fails.
            "statement_cache_size": statements,
            "prepared_statement_cache_size": statements,
        },
    )

    @event.listens_for(engine.sync_engine, "handle_error")
    def drop_if_silent(context: ExceptionContext) -> None:
        # A server that does not answer is not asked for a ROLLBACK either.
        if isinstance(context.original_exception, TimeoutError):
            context.is_disconnect = True

    return engine
