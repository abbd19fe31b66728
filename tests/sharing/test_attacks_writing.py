"""Mallory, a member, writes with plain SQL: it never reaches a row of somebody else."""

from __future__ import annotations

import uuid

import pytest

from tests.sharing.arena import TABLES, Arena
from tests.sharing.intruder import SECRET, Intruder

REFUSED = "42501"
TASK = (
    "INSERT INTO tasks (user_id, id, number, title, completed, priority, tags, search_text,"
    " created_at, updated_at) VALUES ($1, $2, $3, 'x', false, 0, '', 'x', now(), now())"
)
CHANGE = (
    "INSERT INTO changes (user_id, seq, command_id, position, key_id, task_id, kind, at)"
    " VALUES ($1, $2, gen_random_uuid(), 0, 'k', gen_random_uuid(), 'create', now())"
)
NEED = "INSERT INTO dependencies VALUES ($1, $2, gen_random_uuid())"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tasks SET title = 'seized' WHERE user_id = $1",
        "UPDATE tasks SET title = 'seized' FROM users WHERE tasks.user_id = $1",
        "UPDATE users SET last_number = 0, last_seq = 0 WHERE id = $1",
        "UPDATE keys SET revoked_at = now() WHERE user_id = $1",
        "UPDATE views SET filter = 'seized' WHERE user_id = $1",
        "SELECT todo_remove_tasks(id, ARRAY(SELECT id FROM tasks)) FROM users WHERE id = $1",
        "SELECT todo_remove_views(id, ARRAY(SELECT name FROM views)) FROM users WHERE id = $1",
    ],
)
def test_changing_rows_of_another(mallory: Intruder, arena: Arena, statement: str) -> None:
    assert mallory.rows(statement, arena.victim_id) == []


def test_removing_views_and_dependencies_of_another(mallory: Intruder, arena: Arena) -> None:
    needs = arena.admin(
        "SELECT task_id, needs_id FROM dependencies WHERE user_id = $1", arena.victim_id
    )
    of_dependencies = [[row["task_id"] for row in needs], [row["needs_id"] for row in needs]]
    for who in (arena.victim_id, "nobody", None):
        for call, values in (
            ("todo_remove_views($1, $2)", [["v"]]),
            ("todo_remove_dependencies($1, $2, $3)", of_dependencies),
        ):
            told = mallory.tries(f"SELECT {call}", who, *values, known=(arena.victim_id,))
            assert told == "allowed"
    assert mallory.many("DELETE FROM views", "DELETE FROM dependencies") == [REFUSED] * 2
    assert mallory.tries("UPDATE views SET name = 'x'") == REFUSED
    assert mallory.tries("UPDATE dependencies SET needs_id = task_id") == REFUSED


def test_changing_everything_changes_ones_own(mallory: Intruder) -> None:
    mallory.script("BEGIN")
    assert mallory.rows("UPDATE tasks SET title = 'all mine' RETURNING number") == [1]
    assert mallory.rows("UPDATE users SET last_seq = last_seq + 1 RETURNING 1") == [1]
    mallory.script("SELECT todo_remove_tasks(user_id, array_agg(id)) FROM tasks GROUP BY user_id")
    assert mallory.rows("SELECT number FROM tasks") == []
    # They go with their tasks.
    assert mallory.rows("SELECT 1 FROM dependencies") == []
    assert mallory.rows("UPDATE views SET filter = 'all mine' RETURNING name") == ["v"]
    mallory.script("SELECT todo_remove_views(user_id, ARRAY['v']) FROM views")
    assert mallory.rows("SELECT 1 FROM views") == []
    mallory.script("ROLLBACK")


def test_adding_and_removing_views_of_another(mallory: Intruder, arena: Arena) -> None:
    theirs, known = arena.victim.ok("view", "list", "--json").json, (arena.victim_id,)
    add = "INSERT INTO views (user_id, name, filter) VALUES ($1, 'new', '')"
    assert mallory.tries(add, arena.victim_id, known=known) == REFUSED
    for who in (arena.victim_id, arena.mallory_id, "nobody", None):
        remove = "SELECT todo_remove_views($1, $2)"
        names = [view["name"] for view in theirs]
        assert mallory.tries(remove, who, names, known=known) == "allowed"
    assert arena.victim.ok("view", "list", "--json").json == theirs


def test_removing_tasks_of_another(mallory: Intruder, arena: Arena) -> None:
    """The function is the owner's and bypasses the policies: what it removes is its own rule."""
    remove = "SELECT todo_remove_tasks($1, $2)"
    there = [uuid.UUID(task["id"]) for task in arena.victim.tasks()]
    for who in (arena.victim_id, arena.mallory_id, "nobody", None):
        assert mallory.tries(remove, who, there, known=(arena.victim_id,)) == "allowed"
    assert (
        mallory.many(
            "DELETE FROM tasks",
            "DELETE FROM tasks USING keys WHERE false",
            "DELETE FROM views",
            "MERGE INTO tasks t USING (VALUES (1)) v ON t.number = 1 WHEN MATCHED THEN DELETE",
        )
        == [REFUSED] * 4
    )


@pytest.mark.parametrize("table", [*TABLES, "members", "todo_version"])
def test_locking_a_table_against_the_others(mallory: Intruder, table: str) -> None:
    for mode in ("ACCESS EXCLUSIVE", "EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE"):
        mallory.script("BEGIN")
        assert mallory.tries(f"LOCK TABLE {table} IN {mode} MODE") == REFUSED
        mallory.script("ROLLBACK")


def test_moving_ones_own_rows_to_another(mallory: Intruder, arena: Arena) -> None:
    known = (arena.victim_id,)
    move = "UPDATE tasks SET user_id = $1"
    assert mallory.tries(move, arena.victim_id, known=known) == REFUSED
    assert mallory.tries(f"{move} WHERE number = 1", "nobody") == REFUSED
    assert mallory.tries("UPDATE users SET id = $1", arena.victim_id) == REFUSED
    assert mallory.tries("UPDATE keys SET user_id = $1", arena.victim_id) == REFUSED
    assert mallory.tries("UPDATE changes SET user_id = $1", arena.victim_id) == REFUSED


def test_moving_rows_of_another_to_oneself(mallory: Intruder, arena: Arena) -> None:
    move = "UPDATE tasks SET user_id = $1 WHERE user_id = $2 RETURNING *"
    assert mallory.tries(move, arena.mallory_id, arena.victim_id) == REFUSED


def test_inserting_for_another(mallory: Intruder, arena: Arena) -> None:
    assert mallory.tries(TASK, arena.victim_id, uuid.uuid4(), 900) == REFUSED
    assert mallory.tries(CHANGE, arena.victim_id, 900) == REFUSED
    assert mallory.tries("INSERT INTO views VALUES ($1, 'w', '')", arena.victim_id) == REFUSED
    assert mallory.tries(NEED, arena.victim_id, uuid.UUID(arena.task_id)) == REFUSED
    assert mallory.tries("INSERT INTO users VALUES ('x','','',0,0,now(),now())") == REFUSED
    keys = "INSERT INTO keys VALUES ($1, 'k', 'p', 'l', now())"
    assert mallory.tries(keys, arena.victim_id) == REFUSED
    assert mallory.tries(keys, arena.mallory_id) == REFUSED


def test_upserting_onto_rows_of_another(mallory: Intruder, arena: Arena) -> None:
    for ending in (
        "ON CONFLICT DO NOTHING",
        "ON CONFLICT (user_id, id) DO UPDATE SET title = 'seized'",
        "ON CONFLICT (user_id, number) DO UPDATE SET title = excluded.title RETURNING *",
    ):
        task_id = uuid.UUID(arena.task_id)
        assert mallory.tries(f"{TASK} {ending}", arena.victim_id, task_id, 1) == REFUSED


def test_merging_into_rows_of_another(mallory: Intruder, arena: Arena) -> None:
    merge = (
        "MERGE INTO tasks t USING (SELECT $1::text AS u) v ON t.user_id = v.u AND t.number = 1"
        " WHEN MATCHED THEN UPDATE SET title = 'seized' WHEN NOT MATCHED THEN INSERT"
        " (user_id, id, number, title, completed, priority, tags, search_text, created_at,"
        " updated_at) VALUES (v.u, gen_random_uuid(), 1, 'x', false, 0, '', 'x', now(), now())"
    )
    assert mallory.tries(merge, arena.victim_id) == REFUSED


def test_copying_in(mallory: Intruder, arena: Arena) -> None:
    row = [(arena.victim_id, 900, uuid.uuid4(), 0, "k", uuid.uuid4(), "create")]
    columns = ["user_id", "seq", "command_id", "position", "key_id", "task_id", "kind"]

    async def copy(connection: object) -> str:
        import asyncpg

        try:
            await connection.copy_records_to_table("changes", records=row, columns=columns)  # type: ignore[attr-defined]
        except asyncpg.PostgresError as error:
            return str(error.sqlstate)
        return "allowed"

    assert mallory.do(copy) == "0A000"


@pytest.mark.parametrize("table", [*TABLES, "members", "todo_version"])
def test_emptying_and_locking_out(mallory: Intruder, table: str) -> None:
    assert mallory.tries(f"TRUNCATE {table} CASCADE") == REFUSED
    assert mallory.tries(f"DROP TABLE {table} CASCADE") == REFUSED


def test_rewriting_ones_own_history(mallory: Intruder) -> None:
    assert (
        mallory.many(
            "UPDATE changes SET after = null",
            "UPDATE changes SET at = now() WHERE seq = 1",
            "DELETE FROM changes",
            "DELETE FROM users",
            "DELETE FROM keys",
        )
        == [REFUSED] * 5
    )


def test_replacing_a_key(mallory: Intruder) -> None:
    assert (
        mallory.many(
            "UPDATE keys SET public_key = 'forged'",
            "UPDATE keys SET label = 'x'",
            "UPDATE keys SET expires_at = null",
            "UPDATE keys SET id = 'x'",
        )
        == [REFUSED] * 4
    )


def test_taking_a_revocation_back(mallory: Intruder) -> None:
    mallory.script("BEGIN")
    assert mallory.rows("UPDATE keys SET revoked_at = now() RETURNING 1") == [1]
    assert mallory.rows("UPDATE keys SET revoked_at = null RETURNING 1") == []
    assert mallory.rows("SELECT revoked_at IS NULL FROM keys") == [False]
    mallory.script("ROLLBACK; BEGIN")
    assert mallory.tries("UPDATE keys SET revoked_at = null") == REFUSED
    mallory.script("ROLLBACK")


def test_being_somebody_else(mallory: Intruder) -> None:
    assert (
        mallory.many(
            "UPDATE users SET email = 'owner@example.com'",
            "UPDATE users SET name = 'x'",
            "UPDATE users SET created_at = now()",
            "INSERT INTO members VALUES (session_user, 'x', 'k', now())",
            "UPDATE members SET user_id = 'x'",
            "DELETE FROM members",
            "UPDATE todo_version SET version_num = '9'",
        )
        == [REFUSED] * 7
    )


def test_errors_in_where_on_rows_of_another(mallory: Intruder) -> None:
    """A division or a cast that fails on their rows would say what is in them."""
    theirs = f"title LIKE '{SECRET}%'"
    assert set(
        mallory.many(
            f"SELECT * FROM tasks WHERE 1 / (CASE WHEN {theirs} THEN 0 ELSE 1 END) = 1",
            f"SELECT * FROM tasks WHERE CASE WHEN {theirs} THEN title::int = 1 END",
            "SELECT * FROM tasks WHERE title <> 'mine' AND title::int > 0",
            "SELECT * FROM tasks WHERE title <> 'mine' AND 1 / length(title || '') - 1 > 0",
            f"UPDATE tasks SET priority = 1 / (number - number) WHERE {theirs}",
            f"SELECT * FROM users WHERE email LIKE '{SECRET}%' AND email::int = 1",
        )
    ) == {"allowed"}


def test_probing_unique_keys(mallory: Intruder, arena: Arena) -> None:
    """What is there and what is not must be refused in the same words."""
    taken = mallory.tries(TASK, arena.victim_id, uuid.UUID(arena.task_id), 1)
    free = mallory.tries(TASK, arena.victim_id, uuid.uuid4(), 100_000)
    assert taken == free == REFUSED
    mallory.script("BEGIN; UPDATE users SET last_number = last_number + 1")
    assert mallory.tries(TASK, arena.mallory_id, uuid.UUID(arena.task_id), 2) == "allowed"
    mallory.script("ROLLBACK")
    assert mallory.tries(CHANGE, arena.victim_id, 1) == REFUSED
    assert mallory.tries(CHANGE, arena.victim_id, 100_000) == REFUSED


def test_probing_foreign_keys(mallory: Intruder, arena: Arena) -> None:
    there = mallory.tries(TASK, arena.victim_id, uuid.uuid4(), 900)
    nowhere = mallory.tries(TASK, "nobody", uuid.uuid4(), 900)
    assert there == nowhere == REFUSED
    assert mallory.tries("CREATE TEMP TABLE t (u text REFERENCES users)") == REFUSED
    # A task of another is none of Mallory's, be it there or not.
    of_another = mallory.tries(NEED, arena.mallory_id, uuid.UUID(arena.task_id))
    assert of_another == mallory.tries(NEED, arena.mallory_id, uuid.uuid4()) == "23503"


def test_disturbing_the_sessions_of_others(mallory: Intruder, arena: Arena) -> None:
    victim = arena.intruder()
    others = "FROM pg_stat_activity WHERE usename IS NOT NULL AND usename <> session_user"
    assert mallory.tries(f"SELECT pg_terminate_backend(pid) {others}") in (REFUSED, "allowed")
    owner = Intruder(arena.shared.owner.env["TODO_DATABASE_URL"], ())
    assert mallory.tries(f"SELECT pg_terminate_backend(pid) {others}") == REFUSED
    assert mallory.tries(f"SELECT pg_cancel_backend(pid) {others}") == REFUSED
    assert owner.rows("SELECT 1") == victim.rows("SELECT 1") == [1]
    owner.close()
    victim.close()
