"""Preparing a Postgres database to be shared: one group role that holds every grant.

Each member logs in by a role of their own in that group, and row level security shows it one
user's rows. All of this is the owner's doing, who need not be a superuser: `CREATEROLE` and the
tables are enough, as on Neon.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.db.schema import HEAD, STORED_VERSION, VERSION_TABLE
from neontodo.errors import (
    NotSignedIn,
    Refused,
    SchemaMismatch,
    TodoError,
    iterate_causes,
    limit_lines,
)
from neontodo.models import Task

if TYPE_CHECKING:
    from neontodo.db.url import PostgresTarget

T = TypeVar("T")
Encode = Callable[[str], str]
"""Gives the form of a password that CREATE ROLE and ALTER ROLE are given."""

ITERATIONS = 4096
SALT_BYTES = 16
ONLY_PLAINTEXT = "only supports being given plaintext passwords"
"""Part of what Neon's control plane answers to a verifier, at COMMIT (from public reports)."""

LEAST = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
GROUP_PREFIX = "todo_members_"
"""Before the number of the database: roles belong to the whole server."""

TABLES = ("users", "keys", "tasks", "changes", "dependencies", "views", "members")

NEW_LARGE_OBJECTS = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")
"""The functions that make large objects, which anybody may run by default."""

ADVISORY_LOCKS = "^pg_(try_)?advisory_(xact_)?lock"
"""The names of the functions that take advisory locks, which anybody may run by default, until the
server has no memory left for the locks of others."""

TEMPORARY_FILES = "256MB"
"""What temporary files of one session may take; queries of the program need none."""

DATABASES_SHOWN = 5

UPDATABLE = ", ".join(name for name in Task.model_fields if name not in ("user_id", "id", "number"))
"""Named one by one: the right to update a whole table brings the right to lock it."""


@dataclass(frozen=True)
class SharedDatabase:
    """What a login role shares with others; names are quoted for SQL.

    Attributes:
        group: the role that holds the members' grants.
        can_lift_expiry: whether functions of the tables' owner may alter roles that this one makes.
        by_superuser: whether this role may set what members need a superuser's leave for.
    """

    group: str
    schema: str
    database: str
    can_lift_expiry: bool
    by_superuser: bool


async def require_owner(connection: AsyncConnection) -> SharedDatabase:
    """Make sure that this connection may manage members.

    Raises:
        NotSignedIn: it does not own the tables.
        Refused: it may not create roles.
        SchemaMismatch: the tables are of another version.
    """
    await require_version(connection)
    row = (
        await connection.execute(
            sa.text(
                "SELECT current_database(), CAST(CAST(relnamespace AS regnamespace) AS text),"
                " (SELECT oid FROM pg_database WHERE datname = current_database()),"
                " pg_has_role(relowner, 'USAGE'),"
                " (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user),"
                " (SELECT rolsuper OR (rolcreaterole AND rolname = current_user)"
                " FROM pg_roles WHERE oid = relowner),"
                " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
                " FROM pg_class WHERE oid = to_regclass('members')"
            )
        )
    ).one()
    if not row[3]:
        raise NotSignedIn(
            "only the owner of this database can manage its members",
            hint="ask the person who invited you",
        )
    if not row[4]:
        raise Refused(
            "your login role may not create roles",
            hint="an administrator of the server can allow it with `ALTER ROLE … CREATEROLE`",
        )
    quoted = connection.dialect.identifier_preparer.quote_identifier
    return SharedDatabase(f"{GROUP_PREFIX}{row[2]}", row[1], quoted(row[0]), row[5], row[6])


async def lock_members(connection: AsyncConnection) -> SharedDatabase:
    """Make sure of the same, and keep others from managing members until the transaction ends."""
    shared = await require_owner(connection)
    # Members have no right to lock this table, and their look-ups of themselves do not wait for it.
    await connection.execute(sa.text("LOCK TABLE members IN SHARE ROW EXCLUSIVE MODE"))
    return shared


async def require_version(connection: AsyncConnection) -> None:
    """Make sure that the database's tables are of this program's version."""
    version = await connection.scalar(STORED_VERSION)
    if version != HEAD:
        raise SchemaMismatch(
            f"the database's schema is {version}, this program's is {HEAD}",
            hint="the owner brings it up by `todo db upgrade`; or upgrade neontodo",
        )


async def create_group(connection: AsyncConnection, shared: SharedDatabase, encode: Encode) -> bool:
    """Give the group what members need and nothing else; answers whether it had to be made."""
    exists = sa.text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)")
    is_new = not await connection.scalar(exists, {"name": shared.group})
    if is_new:
        # Neon wants a password for every role; nobody knows this one, and it opens nothing.
        await connection.exec_driver_sql(
            f"CREATE ROLE {shared.group} NOLOGIN {LEAST} PASSWORD '{encode(generate_password())}'"
        )
    group, s = shared.group, shared.schema
    everything = ", ".join(f"{s}.{table}" for table in (*TABLES, VERSION_TABLE))
    # One statement, which is one round trip.
    await connection.exec_driver_sql(
        f"""DO $todo$ BEGIN
            REVOKE ALL ON {everything} FROM PUBLIC;
            REVOKE CREATE ON SCHEMA {s} FROM PUBLIC;
            REVOKE CREATE, TEMPORARY ON DATABASE {shared.database} FROM PUBLIC;
            GRANT USAGE ON SCHEMA {s} TO {group};
            GRANT EXECUTE ON FUNCTION {s}.todo_current_user() TO {group};
            GRANT EXECUTE ON FUNCTION {s}.todo_accept_invitation() TO {group};
            GRANT SELECT ON {s}.{VERSION_TABLE}, {s}.users, {s}.keys TO {group};
            GRANT SELECT, INSERT ON {s}.changes TO {group};
            REVOKE UPDATE, DELETE ON {s}.tasks FROM {group};
            GRANT SELECT, INSERT, UPDATE ({UPDATABLE}) ON {s}.tasks TO {group};
            GRANT SELECT, INSERT ON {s}.dependencies TO {group};
            GRANT SELECT, INSERT, UPDATE (filter, sort) ON {s}.views TO {group};
            GRANT EXECUTE ON FUNCTION {s}.todo_remove_tasks(text, uuid[]),
                {s}.todo_remove_dependencies(text, uuid[], uuid[]),
                {s}.todo_remove_views(text, text[]) TO {group};
            GRANT UPDATE (last_number, last_seq) ON {s}.users TO {group};
            GRANT UPDATE (revoked_at) ON {s}.keys TO {group};
        END $todo$"""
    )
    return is_new


async def limit_resources(connection: AsyncConnection, shared: SharedDatabase) -> None:
    """Keep members from filling the server's disk and its lock table; only a superuser can.

    Migrations take an advisory lock, so that the tables' owner keeps the right to.
    """
    if not shared.by_superuser:
        return
    await connection.exec_driver_sql(
        f"""DO $todo$ DECLARE login text; lock regprocedure; keeper regrole; BEGIN
            REVOKE EXECUTE ON FUNCTION {", ".join(NEW_LARGE_OBJECTS)} FROM PUBLIC;
            SELECT relowner INTO keeper FROM pg_class WHERE oid = 'members'::regclass;
            FOR lock IN SELECT oid FROM pg_proc
                WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '{ADVISORY_LOCKS}'
            LOOP
                EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', lock);
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', lock, keeper);
            END LOOP;
            FOR login IN SELECT m.role FROM {shared.schema}.members m
                JOIN pg_roles ON rolname = m.role WHERE m.removed_at IS NULL
            LOOP
                EXECUTE format(
                    'ALTER ROLE %I SET temp_file_limit = %L', login, '{TEMPORARY_FILES}'
                );
            END LOOP;
        END $todo$"""
    )


EXPOSED = sa.text(
    """
    SELECT what FROM (VALUES
        (1, 'they could create objects in the schema of the tables',
            (SELECT has_schema_privilege(:role, relnamespace, 'CREATE')
             FROM pg_class WHERE oid = to_regclass('members'))),
        (2, 'they could create schemas, or temporary tables',
            has_database_privilege(:role, current_database(), 'CREATE, TEMPORARY')),
        (3, 'they could read who is a member',
            has_any_column_privilege(:role, 'members', 'SELECT, INSERT, UPDATE')),
        (4, 'they could do more with the tables than the program does',
            (SELECT bool_or(has_table_privilege(:role, c.oid, 'TRUNCATE, REFERENCES, TRIGGER'))
             FROM pg_class c WHERE c.oid = ANY (CAST(CAST(:tables AS text[]) AS regclass[])))
            OR has_table_privilege(:role, 'users', 'INSERT, UPDATE, DELETE')
            OR has_table_privilege(:role, 'keys', 'INSERT, UPDATE, DELETE')
            OR has_table_privilege(:role, 'changes', 'UPDATE, DELETE')
            OR has_table_privilege(:role, 'tasks', 'UPDATE, DELETE')),
        (5, 'row level security is switched off',
            (SELECT NOT bool_and(c.relrowsecurity)
             FROM pg_class c WHERE c.oid = ANY (CAST(CAST(:tables AS text[]) AS regclass[]))))
    ) AS possible (place, what, so) WHERE so ORDER BY place
    """
)


async def list_exposures(connection: AsyncConnection, role: str) -> list[str]:
    """Return the ways in which a member's role could reach further than it must."""
    found = await connection.execute(EXPOSED, {"role": role, "tables": list(TABLES)})
    return list(found.scalars())


async def require_safe(connection: AsyncConnection, role: str) -> None:
    """Refuse to share a database that would not keep its members apart."""
    if found := await list_exposures(connection, role):
        raise Refused(
            "this database cannot be shared safely yet",
            details=tuple(f"members: {what}" for what in found),
            hint="run it once more as the owner of the database and its schema",
        )


OTHER_DATABASES = sa.text(
    """
    SELECT datname::text FROM pg_database
    WHERE datallowconn AND datname <> current_database()
        AND has_database_privilege(:role, oid, 'CONNECT')
    ORDER BY datname
    """
)

RESOURCES = sa.text(
    """
    SELECT what FROM (VALUES
        (1, 'make large objects',
            (SELECT bool_or(has_function_privilege(:role, f, 'EXECUTE'))
             FROM unnest(CAST(CAST(:functions AS text[]) AS regprocedure[])) f)),
        (2, 'fill the disk with temporary files',
            (SELECT bool_or(NOT EXISTS
                (SELECT FROM unnest(rolconfig) s WHERE starts_with(s, 'temp_file_limit=')))
             FROM pg_roles JOIN members ON rolname = members.role WHERE removed_at IS NULL)),
        (3, 'hold advisory locks without number',
            (SELECT bool_or(has_function_privilege(:role, oid, 'EXECUTE')) FROM pg_proc
             WHERE pronamespace = CAST('pg_catalog' AS regnamespace) AND proname ~ :locks))
    ) AS possible (place, what, so) WHERE so ORDER BY place
    """
)


async def list_other_databases(connection: AsyncConnection, role: str) -> str | None:
    """Name the server's other databases that a role may connect to; None if there are none."""
    names = list(await connection.scalars(OTHER_DATABASES, {"role": role}))
    return ", ".join(limit_lines(names[:DATABASES_SHOWN], len(names))) or None


async def list_excess_rights(connection: AsyncConnection, group: str) -> list[str]:
    """Say what members can do besides keeping tasks, as their database's owner sees it."""
    asked = {"role": group, "functions": list(NEW_LARGE_OBJECTS), "locks": ADVISORY_LOCKS}
    found = list(await connection.scalars(RESOURCES, asked))
    databases = await list_other_databases(connection, group)
    return [f"connect to other databases ({databases})", *found] if databases else found


def generate_password() -> str:
    """Return a password that needs no quoting anywhere."""
    return secrets.token_urlsafe(32)


def make_scram_verifier(password: str) -> str:
    """Return what Postgres stores of an ASCII password (RFC 5803), with a new salt.

    A server is given this, as by psql's `\\password`: neither its statement log nor
    pg_stat_statements holds a password then. Neon refuses it, and is given the password itself,
    over TLS.
    """
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    of_salt, of_client, of_server = (
        b64encode(part).decode() for part in (salt, stored_key, server_key)
    )
    return f"SCRAM-SHA-256${ITERATIONS}:{of_salt}${of_client}:{of_server}"


async def set_passwords(target: PostgresTarget, work: Callable[[Encode], Awaitable[T]]) -> T:
    """Do work that sets passwords in one transaction, and again if that takes no verifiers.

    Neon is known by its host names; behind another name it is known by its refusal, which rolls
    the transaction back.
    """
    if not target.is_neon:
        try:
            return await work(make_scram_verifier)
        except TodoError as error:
            if not any(ONLY_PLAINTEXT in str(cause) for cause in iterate_causes(error)):
                raise
    return await work(str)
