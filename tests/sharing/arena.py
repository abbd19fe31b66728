"""What is at stake: the owner's and Ann's rows, which Mallory goes after."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.harness import Todo
from tests.sharing.intruder import SECRET, Intruder
from tests.sharing.people import OWNER, Shared, connection_url, login

ROLE = "rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin"
TABLES = {"users": "id", "keys": "user_id"} | dict.fromkeys(
    ("tasks", "changes", "dependencies", "views"), "user_id"
)


@dataclass
class Arena:
    """A shared database with a victim and a member who knows all ids and has plain SQL."""

    shared: Shared
    victim: Todo = field(init=False)
    mallory: Todo = field(init=False)

    def __post_init__(self) -> None:
        self.victim = self.shared.member(SECRET, "--name", f"{SECRET} name")
        for person in (self.shared.owner, self.victim):
            person.ok(
                "add", f"{SECRET} one", "--description", f"{SECRET} text", "--due", "2026-12-24"
            )
            person.ok("add", f"{SECRET} two", "-P", f"{SECRET}p", "-t", f"{SECRET}t")
            person.ok("add", f"{SECRET} gone")
            person.ok("done", "2")
            person.ok("rm", "3", "--yes")
        titles = [f"{SECRET} {number}" for number in range(400)]
        self.victim.ok("add", "-", "--due", "2026-12-25", stdin="\n".join(titles))
        self.mallory = self.shared.member("mallory")
        self.mallory.ok("add", "mine")
        ids = self.shared.ids()
        self.victim_id, self.mallory_id = ids[SECRET], ids["mallory"]
        self.task_id = self.victim.tasks()[0]["id"]
        self.admin(
            "INSERT INTO dependencies SELECT user_id, id, gen_random_uuid() FROM tasks"
            " WHERE number = 1"
        )
        self.admin(
            "INSERT INTO views SELECT id, 'v', CASE id WHEN $2 THEN 'mine' ELSE $1 END FROM users",
            SECRET,
            self.mallory_id,
        )
        self.role = self.admin("SELECT role FROM members WHERE user_id = $1", self.victim_id)[0][0]

    def intruder(self, **options: Any) -> Intruder:
        """Mallory's connection."""
        ours = {
            str(row[0])
            for row in self.admin("SELECT id FROM users WHERE id <> $1", self.mallory_id)
        }
        return Intruder(connection_url(self.mallory), ours, **options)

    def admin(self, statement: str, *values: Any) -> list[Any]:
        """What the server's superuser sees, or does."""

        async def work() -> list[Any]:
            connection = await login(self.shared.server.url(self.shared.database))
            try:
                return list(await connection.fetch(statement, *values))
            finally:
                await connection.close()

        return asyncio.run(work())

    def state(self) -> list[Any]:
        """Everything that is not Mallory's: rows, roles, rights, functions and rules."""
        rows = [
            f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
            f" FROM {table} t WHERE {column} <> '{self.mallory_id}'"
            for table, column in TABLES.items()
        ]
        mine = "datname = current_database()"
        names = (
            "SELECT role FROM members UNION SELECT 'todo_members_' || oid FROM pg_database"
            f" WHERE {mine} UNION VALUES ('{OWNER}'), ('postgres')"
        )
        ids = f"SELECT oid FROM pg_roles WHERE rolname IN ({names})"
        # Tests in other processes make the superuser a member of the owner's role.
        memberships = f"member IN ({ids}) AND roleid IN ({ids}) AND member <> 'postgres'::regrole"
        catalogs = [
            f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
            f" FROM (SELECT {columns} FROM {name} WHERE {which}) t"
            for name, columns, which in (
                ("members", "*", "true"),
                ("todo_version", "*", "true"),
                ("pg_policies", "*", "true"),
                ("pg_roles", ROLE, f"oid IN ({ids})"),
                ("pg_auth_members", "roleid, member", memberships),
                ("pg_class", "relname, relacl, relrowsecurity, relowner, relnamespace", "true"),
                ("pg_proc", "oid, proname, prosrc, proacl, proconfig", "true"),
                ("pg_namespace", "nspname, nspacl", "true"),
                ("pg_database", "datname, datacl", mine),
            )
        ]
        return [tuple(row) for row in self.admin(" UNION ALL ".join([*rows, *catalogs]))]
