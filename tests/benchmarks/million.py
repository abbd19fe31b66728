"""A store on Postgres as large as it may get: 1,000,000 tasks of 10,000 users, and 100,000 more.

Everybody's tasks lie among those of everybody else, as they would come in over the years: one at a
time, or a thousand of who has many. Each has its line in the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from neontodo.fields import COLUMN_TYPES
from neontodo.tasks.state import fold_columns, log_columns
from tests.benchmarks import data
from tests.databases import Postgres
from tests.sharing.conftest import prepare
from tests.sharing.people import OWNER, PASSWORD, OwnedDatabases, Shared, login

USERS, EACH, MANY = 10_000, 100, 100_000
SAMPLES = 1000
NAMES = ", ".join([*(name for name in COLUMN_TYPES if name != "number"), "search_text"])

SAMPLE = f"""
CREATE TEMP TABLE sample AS SELECT 0 AS k, {NAMES}, NULL::json AS state FROM tasks LIMIT 0;
CREATE TEMP TABLE people (id text, share int);
-- Millions of checks that the users exist, which they do.
SET session_replication_role = replica;
-- Indexes are made whole afterwards, in half the time.
UPDATE pg_index SET indisready = false, indisvalid = false
WHERE indrelid IN ('tasks'::regclass, 'changes'::regclass);
"""
PEOPLE = """
INSERT INTO people SELECT gen_random_uuid()::text, 1 FROM generate_series(1, {users});
INSERT INTO users
SELECT id, NULL, 'somebody', 0, 0, now(), now() FROM people ON CONFLICT DO NOTHING;
INSERT INTO keys SELECT id, 'key', '-', 'laptop', now(), NULL, NULL FROM people
ON CONFLICT DO NOTHING;
"""
# Each round brings everybody's next tasks; who has many gets a thousand at a time.
TASKS = f"""
INSERT INTO tasks (user_id, id, number, {NAMES})
SELECT p.id, gen_random_uuid(), number, {NAMES}
FROM people p CROSS JOIN generate_series(1, {{rounds}}) round
CROSS JOIN LATERAL generate_series((round - 1) * p.share + 1, round * p.share) number
JOIN sample s ON s.k = number % {SAMPLES}
ORDER BY round, p.id, number;
"""
CHANGES = f"""
INSERT INTO changes (user_id, seq, command_id, position, key_id, task_id, kind, after, at)
SELECT user_id, number, gen_random_uuid(), 0, 'key', id, 'create', s.state, t.created_at
FROM tasks t JOIN sample s ON s.k = t.number % {SAMPLES};
UPDATE users SET last_number = n, last_seq = n
FROM (SELECT user_id, count(*) AS n FROM tasks GROUP BY 1) t WHERE id = user_id
"""
SETTLED = (
    "SET maintenance_work_mem = '256MB'",
    "REINDEX TABLE tasks",
    "REINDEX TABLE changes",
    # What autovacuum does after so many rows.
    "VACUUM ANALYZE tasks, changes, users, keys",
)


@contextmanager
def shared_database(server: Postgres, folder: Path) -> Iterator[Shared]:
    """A database of an owner's who is no superuser, with nobody in it but the owner."""
    server.execute(
        f"DO $$ BEGIN CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}';"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    databases = OwnedDatabases(server, lambda url: prepare(server, url))
    name = databases.clone("million")
    try:
        shared = Shared(server, name, folder)
        shared.owner.ok("db", "upgrade")
        yield shared
    finally:
        server.drop_database(name)


def fill(shared: Shared, members: Mapping[str, int], *, users: int = USERS) -> None:
    """Give members, who have none, so many tasks each (by hundreds), amid those of many others."""
    ids = shared.ids()
    own = [(ids[name], number // EACH) for name, number in members.items()]
    asyncio.run(_fill(shared.server.url(shared.database), own, users))


async def _fill(url: str, own: list[tuple[str, int]], users: int) -> None:
    connection = await login(url, timeout=60, command_timeout=None)
    await connection.execute(SAMPLE)
    await _copy(connection, "people", ("id", "share"), own)
    await connection.execute(PEOPLE.format(users=users))
    names = ("k", *NAMES.split(", "), "state")
    await _copy(connection, "sample", names, [tuple(row[n] for n in names) for row in samples()])
    await connection.execute(TASKS.format(rounds=EACH))
    await connection.execute(CHANGES)
    for statement in SETTLED:
        await connection.execute(statement)
    await connection.close()


async def _copy(connection: Any, table: str, names: tuple[str, ...], rows: list[Any]) -> None:
    await connection.copy_records_to_table(table, records=rows, columns=names)


def samples() -> Iterator[dict[str, Any]]:
    """Tasks to take the columns from, half of them done; as the database has them."""
    for k, task in enumerate(data.tasks(SAMPLES)):
        columns = dict.fromkeys(COLUMN_TYPES) | {
            name: task[name] for name in COLUMN_TYPES if name in task
        }
        for name in ("completed_at", "created_at", "updated_at"):
            columns[name] = task[name] and datetime.fromisoformat(task[name])
        if due := task["due"]:
            columns["due_at"] = datetime.fromisoformat(due) if "T" in due else None
            columns["due_on"] = date.fromisoformat(due[:10])
        columns["priority"] = ("none", "low", "medium", "high").index(task["priority"])
        state = json.dumps(log_columns(columns))
        tags = f" {' '.join(task['tags'])} " if task["tags"] else ""
        text = fold_columns(columns)
        yield columns | {"k": k, "tags": tags, "search_text": text, "state": state}
