"""Check a Postgres server: what it says of itself, locked tables, isolation, rows and the user.

Only reads, and waits for no lock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from neontodo.accounts import identity, queries
from neontodo.accounts.sharing import grants
from neontodo.accounts.tokens import LEEWAY, Claims
from neontodo.app import App
from neontodo.db import migrations
from neontodo.db.database import Database
from neontodo.db.probe import Probe, try_probe
from neontodo.db.schema import HEAD, VERSION_TABLE
from neontodo.db.url import PostgresTarget
from neontodo.doctor import Note
from neontodo.errors import NotSignedIn, Refused, StoreUnavailable, TodoError
from neontodo.tasks.queries.users import UnknownUser

DRIFT = timedelta(seconds=5)
"""How far two clocks may be apart before it is worth a note."""
READ_ONLY = ("members", VERSION_TABLE)
"""Tables that commands on tasks only read. Managing members and migrating lock them against each
other, which keeps nobody from reading."""

_ISOLATION = sa.text(
    """
    SELECT
        row_security_active('users'),
        (SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
         WHERE NOT relrowsecurity AND oid = ANY (CAST(CAST(:tables AS text[]) AS regclass[]))),
        (SELECT rolname::text FROM pg_roles WHERE rolname = :prefix ||
            (SELECT oid::text FROM pg_database WHERE datname = current_database())),
        todo_current_user()
    """
)

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


_UNVALIDATED_RULES = sa.text(
    """
    SELECT CAST(relname AS text),
        string_agg('(' || pg_get_expr(conbin, conrelid) || ') IS NOT FALSE', ' AND ')
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE NOT convalidated AND contype = 'c' AND relname = ANY (:tables)
        AND relnamespace = CAST(current_schema() AS regnamespace)
    GROUP BY relname ORDER BY relname
    """
)


class TablesLocked(StoreUnavailable):
    """Commands have to wait for a table."""


async def require_unlocked(connection: AsyncConnection) -> None:
    """Raise TablesLocked if commands wait for a session that locks a table, or waits to."""
    asked = {"tables": [*grants.TABLES, VERSION_TABLE], "read_only": list(READ_ONLY)}
    found = (await connection.execute(_BLOCKING, asked)).all()
    if found:
        raise TablesLocked(
            f"commands are blocked: {'; '.join(_describe_lock(*row) for row in found)}",
            hint="this passes when these sessions end; `todo member list` shows whose login "
            "`todo_m_…` is, and `todo member remove` ends its sessions",
        )


def _describe_lock(
    table: str, login: str, granted: bool, since: datetime | None, blockers: list[str] | None
) -> str:
    if granted:
        return f"{table} is locked by {login}"
    behind = f", behind {', '.join(blockers)}" if blockers else ""
    return f"{login} has waited for {table} since {since:%Y-%m-%d %H:%M:%S} UTC{behind}"


def describe_server(target: PostgresTarget, answer: Probe) -> str:
    """Return the version and kind of the server."""
    kind = f", {'pooled' if target.is_pooled else 'direct'}" if target.is_neon else ""
    text = f"Postgres {answer.version}{kind}"
    if answer.read_only:
        return Note(f"{text}, read-only: tasks can be listed, not changed")
    return text


def check_other_host(app: App, sister: PostgresTarget) -> str:
    """Return whether Neon's other host name for the database answers."""
    answer = app.run(try_probe(app.database.with_target(sister)))
    if isinstance(answer, TodoError):
        return Note(answer.message + ("" if sister.is_pooled else "; migrations need it"))
    return f"{sister.host} answers too"


def check_schema(target: PostgresTarget, answer: Probe) -> str:
    """Make sure that the tables are of this program's version."""
    answer.require_todo_tables(target.display)
    migrations.require_head(answer.schema, target.display)
    return HEAD


def check_clock(app: App, answer: Probe) -> str:
    """Return how far this machine's clock is from the server's, as it was just now."""
    app.renew_clock()
    drift = app.now - answer.clock
    ahead = f"{abs(round(drift.total_seconds()))} s {'ahead' if drift > timedelta() else 'behind'}"
    if abs(drift) > LEEWAY:
        hint = "set it: tokens depend on the time of day"
        raise Refused(f"this machine's clock is {ahead}", hint=hint)
    return Note(f"{ahead} of the server's") if abs(drift) > DRIFT else "agrees with the server's"


async def check_isolation(database: Database) -> str:
    """Make sure that a shared database keeps its members apart.

    Raises:
        Refused: a member could reach further than their own rows.
        NotSignedIn: the login role is a member's that has no user, so that it sees no rows.
    """
    async with database.connect() as connection:
        asked = {"tables": list(grants.TABLES), "prefix": grants.GROUP_PREFIX}
        restricted, open_tables, group, user = (await connection.execute(_ISOLATION, asked)).one()
        if open_tables:
            raise Refused(
                f"row level security is switched off for {', '.join(open_tables)}",
                hint="the owner switches it on: `ALTER TABLE … ENABLE ROW LEVEL SECURITY`",
            )
        exposed = await grants.list_exposures(connection, group) if group else []
        if exposed:
            raise Refused(
                f"the members are not kept apart: {'; '.join(exposed)}",
                hint="the owner fixes it with the next `todo member add`",
            )
        excess = []
        if group and not restricted:
            excess = await grants.list_excess_rights(connection, group)
    if restricted and user is None:
        raise NotSignedIn(
            "your login role belongs to no user, so it sees no rows",
            hint="ask the database's owner for another invitation, and `todo join` with it",
        )
    if restricted:
        return f"you see the rows of user {user} only"
    members = "members see their own rows only" if group else "no members yet"
    text = f"{members}; you own the tables, so row level security does not limit you"
    return Note(f"{text}; members can also {', '.join(excess)}") if excess else text


async def check_rows(database: Database) -> str:
    """Make sure that all rows which this login role can see keep the tables' rules.

    Plain SQL may have written others before the tables had these rules.

    Raises:
        Refused: there are others, besides in the log.
    """
    broken = {}
    async with database.connect() as connection:
        # The checks that were not made of all rows.
        asked = {"tables": list(SQLModel.metadata.tables)}
        rules = (await connection.execute(_UNVALIDATED_RULES, asked)).all()
        for table, rule in rules:
            count = f"SELECT count(*) FROM {table} WHERE NOT ({rule})"
            if number := (await connection.exec_driver_sql(count)).scalar_one():
                broken[table] = number
    if not broken:
        return Note("all are valid; `todo db upgrade` keeps them so") if rules else "all are valid"
    counted = ", ".join(f"{table}: {number}" for table, number in broken.items())
    sentence = f"plain SQL has written invalid rows ({counted})"
    if list(broken) == ["changes"]:
        return Note(f"{sentence}; `todo log` shows what it can of them")
    raise Refused(
        sentence,
        hint="`todo list --all` names tasks that cannot be read, and `todo rm` removes them; "
        "then run `todo db upgrade`",
    )


async def check_user(app: App, claims: Claims) -> str:
    """Make sure that the store accepts the user and the key, and return the user's name."""
    async with app.database.read(claims.user_id) as session:
        signer = await queries.fetch_signer(session, claims.user_id, claims.key_id)
    if signer is None and claims.is_signed_by_issuer:
        await identity.require_admissible(app.database, claims)
        return Note("not in the store yet; the first command adds you")
    if signer is None:
        raise UnknownUser
    identity.require_accepted(signer.accepted, claims)
    return signer.name or signer.email or claims.user_id
