"""Pairs of shared databases that differ in nothing but what other people's rows say.

In the first, somebody's rows hold the low values, in the second the high ones; what one of them
leaves NULL, the other does not. All else is equal, down to the page on which each row lies. So a
member to whom every question has the same answer in both learns nothing of those rows by asking.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import asyncpg

from neontodo.db import migrations
from neontodo.db.engine import make_engine
from neontodo.db.url import parse_url
from tests.databases import Postgres
from tests.sharing.conftest import databases_on
from tests.sharing.people import OWNER, PASSWORD, Shared, connection_url, login

Side = Literal["low", "pivot", "high"]
"""Which of a column's values; `pivot` lies between the others and is in the member's own rows."""
SIDES: tuple[Side, Side] = ("low", "high")

MEMBER_ID = "00000000-0000-4000-8000-000000000000"
"""Sorts before everybody else's, so that the member's index entries lie on the same pages."""
OTHER_IDS: dict[Side, tuple[str, str]] = {
    "pivot": ("80000000-0000-4000-8000-000000000001", "80000000-0000-4000-8000-000000000002"),
    "low": ("10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002"),
    "high": ("e0000000-0000-4000-8000-000000000001", "e0000000-0000-4000-8000-000000000002"),
}
MEMBER = f"""
INSERT INTO users VALUES ('{MEMBER_ID}', 'mallory@example.com', NULL, 0, 0, now(), now())
"""
BULK_USER_IDS = ("f0000000-0000-4000-8000-000000000001", "f0000000-0000-4000-8000-000000000002")
"""Of two more people, who have many tasks; which has more depends on the world."""
MANY, FEW = 300, 60

LETTERS = {"low": "b", "pivot": "m", "high": "y"}
NUMBERS = {"low": 10, "pivot": 50, "high": 90}
DIGITS = {"low": "1", "pivot": "8", "high": "e"}
DATES = {"low": "2001-02-0{}", "pivot": "2011-02-0{}", "high": "2021-02-0{}"}
CONSTRAINED: dict[tuple[str, str], dict[Side, tuple[Any, Any]]] = {
    ("tasks", "completed"): {"low": (True, False), "pivot": (True, False), "high": (False, True)},
    ("tasks", "priority"): {"low": (1, 1), "pivot": (2, 2), "high": (3, 3)},
    ("changes", "position"): {"low": (0, 0), "pivot": (1, 1), "high": (2, 2)},
    ("changes", "kind"): {
        "low": ("create", "create"),
        "pivot": ("delete", "delete"),
        "high": ("update", "update"),
    },
    ("dependencies", "needs_id"): {
        "low": ("20000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000002"),
        "pivot": ("90000000-0000-4000-8000-000000000001", "90000000-0000-4000-8000-000000000002"),
        "high": ("f0000000-0000-4000-8000-000000000001", "f0000000-0000-4000-8000-000000000002"),
    },
}
"""Values of columns that may not hold just anything, for the first row and for the second."""
LENGTHS = {
    ("tasks", "description"): 1990,
    ("tasks", "search_text"): 300,
    ("tasks", "extra"): 12_000,
    ("changes", "before"): 12_000,
    ("changes", "after"): 12_000,
}
"""Of long texts; the longest are kept outside of the row, so that reading them takes more pages."""


def owner_column(table: str) -> str:
    """Return the name of the column that says whose a row is."""
    return "id" if table == "users" else "user_id"


@dataclass(frozen=True)
class Column:
    """A column of a table that is under row level security."""

    table: str
    name: str
    type: str
    is_nullable: bool

    def value(self, side: Side, row: int = 1) -> Any:
        """Return the value that a row (1 or 2) has here, in the words of a SQL literal.

        Raises:
            LookupError: nobody has said yet which values a column of this type may have.
        """
        if (self.table, self.name) in CONSTRAINED:
            return CONSTRAINED[self.table, self.name][side][row - 1]
        if self.is_owner:
            return OTHER_IDS[side][row - 1]
        text = f"{LETTERS[side]}{row}{self._padding()}"
        if (self.table, self.name) == ("tasks", "tags"):
            return f" {text} "
        if (self.table, self.name) == ("tasks", "notes"):
            note_id = f"{DIGITS[side]}000000{row}-0000-4000-8000-000000000000"
            return f'[{{"id": "{note_id}", "at": "2026-01-01T10:00:00Z", "text": "{text}"}}]'
        match self.type:
            case "text":
                return text
            case "json" | "jsonb":
                return f'{{"note": "{text}"}}'
            case "smallint" | "integer" | "bigint":
                return NUMBERS[side] + row
            case "uuid":
                return f"{DIGITS[side]}000000{row}-0000-4000-8000-000000000000"
            case "date":
                return DATES[side].format(row)
            case "timestamp with time zone":
                return DATES[side].format(row) + " 10:00:00+00"
        raise LookupError(f"{self.table}.{self.name} is of type {self.type}: give it values here")

    @property
    def is_owner(self) -> bool:
        """Whether the column says whose a row is."""
        return self.name == owner_column(self.table)

    def literal(self, side: Side, row: int = 1) -> str:
        return f"'{self.value(side, row)}'"

    def own_literal(self, row: int = 1) -> str:
        """Return what the member's own row has here."""
        return f"'{MEMBER_ID}'" if self.is_owner else self.literal("pivot", row)

    def _padding(self) -> str:
        """Return what cannot be compressed."""
        length = LENGTHS.get((self.table, self.name), 8) - 2
        return random.Random(self.name).randbytes(length).hex()[:length]


@dataclass(frozen=True)
class World:
    """A database, and how its member without any rights in it comes in."""

    shared: Shared
    side: Side
    url: str

    def admin(self, *statements: str) -> list[Any]:
        """Run statements as the superuser, and return the rows of the last."""
        return asyncio.run(self._admin(statements))

    def places(self, table: str) -> tuple[str, str]:
        """Return where the two rows of somebody else lie."""
        first, second = self.admin(
            f"SELECT ctid::text FROM {table}"
            f" WHERE {owner_column(table)} IN {OTHER_IDS[self.side]} ORDER BY ctid"
        )
        return str(first[0]), str(second[0])

    async def _admin(self, statements: Sequence[str]) -> list[Any]:
        connection = await login(self.shared.server.url(self.shared.database))
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return list(await connection.fetch(statements[-1]))
        finally:
            await connection.close()


Worlds = tuple[World, World]


def places(worlds: Worlds, tables: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return where the two rows of somebody else lie in each table: in the same place in both."""
    first, second = ({table: world.places(table) for table in tables} for world in worlds)
    assert first == second
    return first


@contextmanager
def make_worlds(server: Postgres, folder: Path, revision: str = "head") -> Iterator[Worlds]:
    """Lend both, filled, at a version of the schema; statistics are up to date.

    Those of the newest version are shared by the program, those of 0001 as it did at that time.
    """
    databases_on(server)
    names = [f"world_{side}_{secrets.token_hex(4)}" for side in SIDES]
    first, second = (
        _make(server, name, folder / name, side, revision)
        for name, side in zip(names, SIDES, strict=True)
    )
    try:
        yield first, second
    finally:
        for name in names:
            server.drop_database(name)


def _make(server: Postgres, name: str, folder: Path, side: Side, revision: str) -> World:
    server.create_database(name)
    server.execute(f'ALTER DATABASE "{name}" OWNER TO {OWNER}')
    folder.mkdir()
    shared = Shared(server, name, folder)
    asyncio.run(migrate_to(server.url(name, OWNER, PASSWORD), revision))
    if revision == "head":
        shared.owner.ok("db", "upgrade")
        server.execute(MEMBER, database=name)
        invitation = shared.invite("mallory@example.com", "--subject", MEMBER_ID)
        url = connection_url(shared.joined("mallory", invitation))
    else:
        url = asyncio.run(share_as_0001_did(shared))
    asyncio.run(_fill(server.url(name), side))
    return World(shared, side, url)


async def migrate_to(url: str, revision: str) -> None:
    engine = make_engine(parse_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(migrations.migrate, "upgrade", revision)
    await engine.dispose()


async def share_as_0001_did(shared: Shared) -> str:
    """Give a login role what members had at that version, and return its URL."""
    role, password = f"todo_m_{secrets.token_hex(6)}", secrets.token_hex(8)
    owner = await login(shared.server.url(shared.database, OWNER, PASSWORD))
    number = await owner.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    group = f"todo_members_{number}"
    inherited = " WITH INHERIT TRUE, SET FALSE" if owner.get_server_version().major > 15 else ""
    await owner.execute(f"""
        CREATE ROLE {group} NOLOGIN;
        CREATE ROLE {role} LOGIN PASSWORD '{password}';
        GRANT {group} TO {role}{inherited};
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        REVOKE CREATE, TEMPORARY ON DATABASE "{shared.database}" FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO {group};
        GRANT EXECUTE ON FUNCTION todo_current_user() TO {group};
        GRANT SELECT ON todo_version, users, keys TO {group};
        GRANT SELECT, INSERT ON changes TO {group};
        GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO {group};
        GRANT UPDATE (last_number, last_seq) ON users TO {group};
        GRANT UPDATE (revoked_at) ON keys TO {group};
        {MEMBER};
        INSERT INTO members VALUES ('{role}', '{MEMBER_ID}', 'key', now(), NULL);
    """)
    await owner.close()
    return shared.server.url(shared.database, role, password)


async def protected_columns(connection: asyncpg.Connection) -> list[Column]:
    """Return every column of every table that is under row level security."""
    rows = await connection.fetch("""
        SELECT relname, attname, format_type(atttypid, atttypmod), NOT attnotnull
        FROM pg_class c JOIN pg_attribute ON attrelid = c.oid
        WHERE relrowsecurity AND attnum > 0 AND NOT attisdropped
        ORDER BY relname = 'users' DESC, relname, attnum
    """)
    return [Column(*row) for row in rows]


async def fill_again(world: World) -> None:
    """Give both users their rows anew, after an upgrade that has moved some of them elsewhere."""
    url = world.shared.server.url(world.shared.database)
    connection = await login(url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(f"""
        TRUNCATE keys, tasks, changes, dependencies, views;
        DELETE FROM users WHERE id <> '{MEMBER_ID}';
        DELETE FROM members WHERE user_id <> '{MEMBER_ID}';
    """)
    await connection.execute("VACUUM")
    await connection.close()
    await _fill(url, world.side)


async def _fill(url: str, side: Side) -> None:
    connection = await login(url)
    columns = await protected_columns(connection)
    # Whose keys they are makes no difference; triggers and foreign keys would have their own ideas.
    await connection.execute("SET session_replication_role = replica")
    # What the member's machine made of itself is not the same in both worlds.
    await connection.execute(f"""
        UPDATE users SET created_at = '2026-01-01', updated_at = '2026-01-01';
        DELETE FROM keys WHERE user_id = '{MEMBER_ID}';
    """)
    tables = list(dict.fromkeys(column.table for column in columns))
    for table in tables:
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        ours = [column for column in columns if column.table == table]
        sides: tuple[Side, ...] = (side,) if table in ("users", "members") else ("pivot", side)
        # The member's rows first, so that it is the same pages of overlong texts that they fill.
        for each in sides:
            for row in (1, 2):
                await connection.execute(_insertion(ours, each, row))
    await connection.execute(_bulk_rows(side))
    # In a database of everyday use, statistics have been collected.
    for statement in ("REINDEX SCHEMA public", "VACUUM (FREEZE, ANALYZE)"):
        await connection.execute(statement)
    await connection.close()


def _insertion(columns: Sequence[Column], side: Side, row: int) -> str:
    is_empty = (side == "high") == (row == 1)
    values = [
        "NULL"
        if column.is_nullable and is_empty
        else column.own_literal(row)
        if side == "pivot"
        else column.literal(side, row)
        for column in columns
    ]
    names = ", ".join(column.name for column in columns)
    return f"INSERT INTO {columns[0].table} ({names}) VALUES ({', '.join(values)})"


def _bulk_rows(side: Side) -> str:
    first, second = BULK_USER_IDS
    most = first if side == "low" else second
    least = second if side == "low" else first
    which = f"CASE WHEN n % {MANY // FEW} = 0 THEN '{least}' ELSE '{most}' END"
    return f"""
        INSERT INTO users (id, last_number, last_seq, created_at, updated_at)
        SELECT id, {MANY}, {MANY}, '2026-01-01', '2026-01-01'
        FROM unnest(ARRAY['{first}', '{second}']) id;
        INSERT INTO tasks (user_id, id, number, title, completed, priority, tags, search_text,
            created_at, updated_at)
        SELECT {which}, CAST(lpad(n::text, 32, 'a') AS uuid), n, 'task ' || n, false, 0, '', '',
            '2026-01-01', '2026-01-01'
        FROM generate_series(1, {MANY}) n;
        INSERT INTO changes (user_id, seq, command_id, position, key_id, task_id, kind, at)
        SELECT {which}, n, CAST(lpad(n::text, 32, 'a') AS uuid), 0, 'key',
            CAST(lpad(n::text, 32, 'a') AS uuid), 'create', '2026-01-01'
        FROM generate_series(1, {MANY}) n;
    """
