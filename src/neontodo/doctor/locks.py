"""Whether somebody's session keeps commands waiting for a table. Waits for no lock itself."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.accounts.sharing import grants
from neontodo.db.schema import VERSION_TABLE
from neontodo.errors import StoreUnavailable

READ_ONLY = ("members", VERSION_TABLE)
"""Tables that commands on tasks only read. Managing members and migrating lock them against each
other, which keeps nobody from reading."""

# A lock that is only waited for counts too, whatever the table: later commands queue behind it.
# What a session waits for is known to Postgres before it checks what the session may do.
_BLOCKING = sa.text(
    """
    WITH ours AS (
        SELECT CAST(to_regclass(name) AS oid) AS relation, name, name = ANY (:read_only) AS is_read
        FROM unnest(CAST(:tables AS text[])) AS name
    ), sessions AS (
        SELECT pid, CAST(coalesce(usename, 'the server') AS text) AS login FROM pg_stat_activity
    )
    SELECT DISTINCT name, login, granted,
        CASE WHEN NOT granted THEN coalesce(waitstart, clock_timestamp()) END AS since,
        CASE WHEN NOT granted THEN ARRAY(
            SELECT DISTINCT blocking.login FROM sessions blocking
            WHERE blocking.pid = ANY (pg_blocking_pids(sessions.pid)) ORDER BY 1
        ) END AS blockers
    FROM pg_locks JOIN sessions USING (pid) JOIN ours USING (relation)
    WHERE pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (mode = 'AccessExclusiveLock' OR NOT (granted AND is_read)
            AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock'))
    ORDER BY name, granted DESC, since, login
    """
)


class TablesLocked(StoreUnavailable):
    """Commands have to wait for a table."""


async def require_unlocked(connection: AsyncConnection) -> None:
    """Make sure that no session locks a table of todo's, or waits to, so that commands wait.

    Raises:
        TablesLocked: one does.
    """
    asked = {"tables": [*grants.TABLES, VERSION_TABLE], "read_only": list(READ_ONLY)}
    found = (await connection.execute(_BLOCKING, asked)).all()
    if not found:
        return
    raise TablesLocked(
        f"commands have to wait: {'; '.join(_describe(*row) for row in found)}",
        hint="it passes when these sessions end; `todo member list` tells an owner whose a login "
        "`todo_m_…` is, and `todo member remove` ends its sessions",
    )


def _describe(
    table: str, login: str, granted: bool, since: datetime | None, blockers: list[str] | None
) -> str:
    if granted:
        return f"{table} is locked by {login}"
    behind = f", behind {', '.join(blockers)}" if blockers else ""
    return f"{table} is waited for by {login} since {since:%Y-%m-%d %H:%M:%S} UTC{behind}"
