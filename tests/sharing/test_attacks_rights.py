"""Mallory, a member, goes after rights, names and settings: who one is stays the login role."""

from __future__ import annotations

import pytest

from tests.sharing.arena import Arena
from tests.sharing.intruder import Intruder
from tests.sharing.people import OWNER, connection_url

REFUSED = "42501"
TRIGGER = "suppress_redundant_updates_trigger"
ME = "SELECT todo_current_user()"


def test_taking_another_role(mallory: Intruder, arena: Arena) -> None:
    for role in (OWNER, "postgres", arena.role, "pg_read_all_data", "pg_database_owner"):
        assert mallory.tries(f"SET ROLE {role}", known=(role,)) == REFUSED
        assert mallory.tries(f"SET SESSION AUTHORIZATION {role}", known=(role,)) == REFUSED
    assert mallory.rows(ME) == [arena.mallory_id]


def test_taking_the_groups_role(mallory: Intruder, arena: Arena) -> None:
    """Postgres 15 allows it; it changes the role, and not who one is."""
    group = mallory.rows("SELECT rolname FROM pg_roles WHERE rolname LIKE 'todo_members_%'")
    for name in group:
        mallory.tries(f"SET ROLE {name}")
        assert set(mallory.rows("SELECT user_id FROM tasks")) <= {arena.mallory_id}
        mallory.script("RESET ROLE")


def test_giving_oneself_rights(mallory: Intruder, arena: Arena) -> None:
    me = mallory.rows("SELECT session_user::text")[0]
    statements = (
        f"ALTER ROLE {me} BYPASSRLS",
        f"ALTER ROLE {me} SUPERUSER",
        f"ALTER ROLE {me} CREATEROLE",
        f"ALTER ROLE {me} RENAME TO x",
        f"ALTER ROLE {arena.role} PASSWORD 'x'",
        f"ALTER ROLE {arena.role} SET search_path = x",
        f"ALTER ROLE {OWNER} PASSWORD 'x'",
        f"GRANT {OWNER} TO {me}",
        f"GRANT {arena.role} TO {me}",
        f"GRANT pg_read_all_data TO {me}",
        f"GRANT pg_read_server_files TO {me}",
        f"DROP ROLE {arena.role}",
        "CREATE ROLE x",
        "ALTER DATABASE postgres SET row_security = off",
    )
    # A role that is in use cannot be renamed, whoever asks.
    expected = ["0A000" if "RENAME" in statement else REFUSED for statement in statements]
    assert mallory.many(*statements) == expected


def test_granting_tables_and_columns(mallory: Intruder) -> None:
    for statement in (
        "GRANT SELECT ON members TO PUBLIC",
        "GRANT ALL ON tasks TO session_user",
        "GRANT INSERT ON users TO session_user",
        "GRANT UPDATE (email) ON users TO session_user",
        "REVOKE ALL ON tasks FROM PUBLIC",
        "GRANT ALL ON SCHEMA public TO session_user",
    ):
        # Without the right to grant it is refused, or done with a warning that nothing was.
        mallory.tries(statement)
    assert mallory.tries("SELECT * FROM members") == REFUSED


def test_changing_tables_rules_and_functions(mallory: Intruder) -> None:
    body = "RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$"
    refused = mallory.many(
        "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE tasks OWNER TO session_user",
        "ALTER TABLE members DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_all ON tasks",
        "ALTER POLICY own_all ON tasks USING (true)",
        "CREATE POLICY mine ON tasks USING (true)",
        "CREATE RULE r AS ON SELECT TO tasks DO INSTEAD SELECT 1",
        f"CREATE TRIGGER t BEFORE INSERT ON tasks EXECUTE FUNCTION {TRIGGER}()",
        "CREATE INDEX i ON tasks (title)",
        "CREATE STATISTICS st ON title, tags FROM tasks",
        "COMMENT ON TABLE tasks IS 'x'",
        f"CREATE OR REPLACE FUNCTION todo_current_user() {body}",
        "ALTER FUNCTION todo_current_user() RESET ALL",
        "ALTER FUNCTION todo_current_user() SECURITY INVOKER",
        "DROP FUNCTION todo_current_user() CASCADE",
        f"CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION {TRIGGER}()",
        "LOCK TABLE members IN ACCESS SHARE MODE",
    )
    assert "allowed" not in refused


@pytest.mark.parametrize(
    "what",
    [
        "SCHEMA s",
        "TABLE t (a int)",
        "TEMP TABLE t (a int)",
        "TABLE pg_temp.members (role text, user_id text)",
        "VIEW v AS SELECT * FROM tasks",
        "TEMP VIEW v AS SELECT * FROM tasks",
        "MATERIALIZED VIEW v AS SELECT * FROM tasks",
        "FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "OPERATOR === (LEFTARG = text, RIGHTARG = name, FUNCTION = texteqname)",
        "OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = textne)",
        "AGGREGATE a (text) (SFUNC = textcat, STYPE = text)",
        "TYPE t AS (a int)",
        "DOMAIN d AS text",
        "SEQUENCE s",
        'COLLATION c FROM "C"',
        "CAST (text AS int) WITH INOUT",
        "LANGUAGE l HANDLER plpgsql_call_handler",
        "EXTENSION pgcrypto",
    ],
)
def test_creating_something(mallory: Intruder, what: str) -> None:
    assert mallory.tries(f"CREATE {what}") != "allowed"


def test_switching_row_security_off(mallory: Intruder) -> None:
    mallory.script("SET row_security = off")
    assert (
        mallory.many("SELECT * FROM tasks", "UPDATE tasks SET title = 'x'", "TABLE users")
        == [REFUSED] * 3
    )
    mallory.script("RESET row_security")


def test_settings_that_say_who_one_is(mallory: Intruder, arena: Arena) -> None:
    for name in ("todo.user", "todo.user_id", "request.jwt.claims", "role.id", "app.user"):
        mallory.rows(
            "SELECT set_config($1, $2, false)", name, arena.victim_id, known=(arena.victim_id,)
        )
    for setting in (
        "session_authorization",
        "session_replication_role",
        "is_superuser",
        "default_table_access_method",
        "session_preload_libraries",
    ):
        mallory.tries(f"SET {setting} = replica")
    assert mallory.rows("SELECT DISTINCT user_id FROM tasks") == [arena.mallory_id]


def test_shadowing_from_another_schema(arena: Arena) -> None:
    """Even where a member may create objects in some schema, as in another program's."""
    mallory = arena.intruder()
    me = mallory.rows("SELECT session_user::text")[0]
    arena.admin(f"CREATE SCHEMA scratch AUTHORIZATION {me}")
    try:
        done = mallory.script(
            f"""
            CREATE TABLE scratch.members (role text, user_id text, removed_at timestamptz);
            INSERT INTO scratch.members VALUES (session_user, '{arena.victim_id}', null);
            CREATE FUNCTION scratch.todo_current_user() RETURNS text LANGUAGE sql
                AS $$ SELECT '{arena.victim_id}' $$;
            CREATE FUNCTION scratch.yes(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
            CREATE FUNCTION scratch.yes(text, name) RETURNS bool LANGUAGE sql AS 'SELECT true';
            CREATE OPERATOR scratch.= (LEFTARG = text, RIGHTARG = text, FUNCTION = scratch.yes);
            CREATE OPERATOR scratch.= (LEFTARG = text, RIGHTARG = name, FUNCTION = scratch.yes);
            GRANT USAGE ON SCHEMA scratch TO PUBLIC;
            GRANT ALL ON ALL TABLES IN SCHEMA scratch TO PUBLIC;
            SET search_path = scratch, public, pg_catalog
            """
        )
        assert done == "SET"
        assert mallory.rows("SELECT public.todo_current_user()") == [arena.mallory_id]
        assert mallory.rows("SELECT DISTINCT user_id FROM tasks") == [arena.mallory_id]
        assert mallory.rows(f"SELECT title FROM tasks WHERE user_id = '{arena.victim_id}'") == [
            "mine"
        ]
        assert mallory.rows("SELECT DISTINCT id FROM users") == [arena.mallory_id]
    finally:
        mallory.close()
        arena.admin("DROP SCHEMA scratch CASCADE")


def test_shadowing_from_the_temporary_schema(arena: Arena) -> None:
    """Even where TEMP was given back."""
    mallory = arena.intruder()
    me = mallory.rows("SELECT session_user::text")[0]
    database = f'DATABASE "{arena.shared.database}"'
    arena.admin(f"GRANT TEMP ON {database} TO {me}")
    try:
        done = mallory.script(
            f"""
            CREATE TEMP TABLE members (role text, user_id text, removed_at timestamptz);
            INSERT INTO members VALUES (session_user, '{arena.victim_id}', null);
            CREATE TEMP TABLE pg_class (a int);
            SET search_path = pg_temp, public
            """
        )
        assert done == "SET"
        assert mallory.rows("SELECT public.todo_current_user()") == [arena.mallory_id]
        assert mallory.rows("SELECT DISTINCT user_id FROM tasks") == [arena.mallory_id]
    finally:
        mallory.close()
        arena.admin(f"REVOKE TEMP ON {database} FROM {me}")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT title FROM tasks WHERE leak.peek(title)",
        "SELECT title FROM tasks WHERE leak.peek(title) AND number > 0 AND completed IS NOT NULL",
        "SELECT title FROM tasks WHERE title OPERATOR(leak.~~~) 'x'",
        "SELECT 1 FROM tasks GROUP BY title HAVING leak.peek(title)",
        "SELECT 1 FROM tasks ORDER BY leak.peek(title)",
        "SELECT count(*) FILTER (WHERE leak.peek(title)) FROM tasks",
        "SELECT 1 FROM users JOIN tasks ON leak.peek(title)",
        "UPDATE tasks SET priority = 0 WHERE leak.peek(title)",
        "SELECT 1 FROM tasks WHERE leak.peek(title) AND false FOR UPDATE",
        "SELECT 1 FROM tasks, LATERAL (SELECT leak.peek(tasks.title) OFFSET 0) x",
    ],
)
def test_a_cheap_function_that_tells_what_it_is_shown(arena: Arena, statement: str) -> None:
    mallory = arena.intruder()
    arena.admin("CREATE SCHEMA leak")
    try:
        for text in (
            "CREATE FUNCTION leak.peek(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001"
            " AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$",
            "CREATE FUNCTION leak.both(text, text) RETURNS bool LANGUAGE plpgsql COST 0.0000001"
            " AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$",
            "CREATE OPERATOR leak.~~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = leak.both)",
            "GRANT USAGE ON SCHEMA leak TO PUBLIC",
        ):
            arena.admin(text)
        mallory.script("BEGIN; SET enable_indexscan = off; SET enable_bitmapscan = off")
        mallory.rows(statement)
        mallory.script("ROLLBACK; BEGIN; SET enable_seqscan = off")
        mallory.rows(statement)
        mallory.script("ROLLBACK")
    finally:
        mallory.close()
        arena.admin("DROP SCHEMA leak CASCADE")


def test_lending_ones_own_role_to_a_friend(arena: Arena) -> None:
    """Postgres 15 lets a role grant itself; the friend stays who they are."""
    mallory = arena.intruder()
    me = mallory.rows("SELECT session_user::text")[0]
    lent = mallory.tries(f"GRANT {me} TO {arena.role}")
    mallory.close()
    friend = Intruder(connection_url(arena.victim), ())
    if lent == "allowed":
        friend.script(f"SET ROLE {me}")
    assert friend.rows(ME) == [arena.victim_id]
    assert friend.rows("SELECT DISTINCT user_id FROM tasks") == [arena.victim_id]
    friend.close()
    arena.admin(f"REVOKE {me} FROM {arena.role}")
