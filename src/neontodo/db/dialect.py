"""asyncpg under SQLAlchemy without the ten round trips of a first connection.

SQLAlchemy asks the server for what asyncpg was told while connecting; this dialect answers from the
connection instead. Measured: 20 round trips become 9 for one statement in a fresh process.
"""

from __future__ import annotations

from typing import Any, Literal

import asyncpg
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from neontodo.db.retry import Limits

DRIVER = "todo_asyncpg"


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """Begins and ends in fewer round trips than the driver's own."""

    _settings = ""

    def limit(self, limits: Limits) -> None:
        """Let the server end transactions that stall, or that wait too long for others."""
        self._settings = (
            f"SET LOCAL idle_in_transaction_session_timeout = {round(limits.idle * 1000)};"
            f"SET LOCAL lock_timeout = {round(limits.lock * 1000)};"
        )

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        if not args and query.startswith("BEGIN"):
            # In the same flight.
            query += self._settings
        return str(await super().execute(query, *args, timeout=timeout))

    async def close(self, *, timeout: float | None = None) -> None:
        """Tell the server, and do not wait for its answer."""
        self.terminate()


class Dialect(PGDialect_asyncpg):
    """Takes version, schema and settings from the connection's own knowledge."""

    driver = DRIVER
    supports_statement_cache = True

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        version = _raw(connection).get_server_version()
        return (version.major, version.minor)

    def _get_default_schema_name(self, connection: Any) -> str:
        return "public"

    def get_default_isolation_level(self, dbapi_conn: Any) -> Literal["READ COMMITTED"]:
        return "READ COMMITTED"

    def _set_backslash_escapes(self, connection: Any) -> None:
        settings = _raw(connection).get_settings()
        self._backslash_escapes = settings.standard_conforming_strings == "off"


def _raw(connection: Any) -> Any:
    return connection.connection.driver_connection


def register() -> None:
    """Let `postgresql+todo_asyncpg://` mean this dialect."""
    registry.register(f"postgresql.{DRIVER}", __name__, Dialect.__name__)
