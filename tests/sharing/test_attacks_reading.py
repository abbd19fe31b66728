"""Mallory, a member, reads with plain SQL: it is never a row of somebody else."""

from __future__ import annotations

import io

import pytest

from tests.sharing.arena import TABLES, Arena
from tests.sharing.intruder import SECRET, Intruder
from tests.sharing.people import connection_url

REFUSED = "42501"


@pytest.mark.parametrize("table", TABLES)
def test_select_everything(mallory: Intruder, arena: Arena, table: str) -> None:
    found = mallory.rows(f"SELECT DISTINCT {TABLES[table]} FROM {table}")
    assert found == [arena.mallory_id]
    mallory.rows(f"SELECT t, t.*, ctid, xmin, tableoid FROM {table} t")


@pytest.mark.parametrize("table", TABLES)
def test_select_by_another_users_id(mallory: Intruder, arena: Arena, table: str) -> None:
    column = TABLES[table]
    assert mallory.rows(f"SELECT * FROM {table} WHERE {column} = $1", arena.victim_id) == []
    assert mallory.rows(f"SELECT * FROM {table} WHERE {column} <> $1", arena.mallory_id) == []


def test_select_by_a_known_task_id(mallory: Intruder, arena: Arena) -> None:
    assert mallory.rows("SELECT * FROM tasks WHERE id = $1", arena.task_id) == []
    assert mallory.rows("SELECT * FROM changes WHERE task_id = $1", arena.task_id) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT title FROM tasks UNION ALL SELECT title FROM tasks",
        "WITH x AS MATERIALIZED (SELECT * FROM tasks) SELECT title FROM x",
        "SELECT (SELECT string_agg(title, ',') FROM tasks)",
        "SELECT t.title FROM users u LEFT JOIN LATERAL (SELECT * FROM tasks) t ON true",
        "SELECT t.title FROM tasks t RIGHT JOIN users u ON true FULL JOIN keys k ON true",
        "SELECT array_agg(title) OVER () FROM tasks",
        "SELECT title FROM tasks GROUP BY ROLLUP (title)",
        "SELECT title FROM ONLY tasks",
        "TABLE tasks",
        "SELECT * FROM tasks TABLESAMPLE SYSTEM (100)",
        "SELECT * FROM tasks WHERE ctid IN ('(0,1)', '(0,2)', '(0,3)', '(0,4)', '(0,5)')",
        "SELECT * FROM tasks FOR UPDATE",
        "SELECT row_to_json(tasks) FROM tasks",
        "SELECT query_to_xml('SELECT * FROM tasks', true, false, '')::text",
        "SELECT table_to_xml('tasks', true, false, '')::text",
        "SELECT schema_to_xml('public', true, false, '')::text",
        "SELECT word FROM ts_stat('SELECT to_tsvector(title) FROM tasks')",
        "SELECT json_agg(before) FROM changes",
    ],
)
def test_select_in_other_words(mallory: Intruder, statement: str) -> None:
    assert mallory.tries(statement) in ("allowed", REFUSED)


def test_counting(mallory: Intruder) -> None:
    assert mallory.rows("SELECT count(*), max(number), count(DISTINCT user_id) FROM tasks") == [
        (1, 1, 1)
    ]
    assert mallory.rows("SELECT count(*) FROM users") == [1]


def test_the_member_table_and_passwords(mallory: Intruder) -> None:
    assert (
        mallory.many(
            "SELECT * FROM members",
            "SELECT count(*) FROM members",
            "SELECT role FROM members WHERE role = session_user",
            "SELECT * FROM pg_authid",
            "SELECT * FROM pg_shadow",
            "SELECT * FROM pg_user_mapping",
            "SELECT starelid FROM pg_statistic",
            "SELECT * FROM pg_hba_file_rules",
            "SELECT * FROM pg_largeobject",
        )
        == [REFUSED] * 9
    )


def test_catalogs_tell_nothing_of_rows(mallory: Intruder) -> None:
    for catalog in ("pg_roles", "pg_shdescription", "pg_description", "pg_policies", "pg_proc"):
        mallory.rows(f"SELECT t::text FROM {catalog} t")
    mallory.rows("SELECT t::text FROM pg_stat_user_tables t")
    mallory.rows("SELECT t::text FROM pg_locks t")


def test_the_planners_statistics(mallory: Intruder, arena: Arena) -> None:
    arena.admin("ANALYZE")
    assert mallory.rows("SELECT tablename FROM pg_stats WHERE schemaname = 'public'") in (
        [],
        ["todo_version"],
    )
    assert mallory.rows("SELECT 1 FROM pg_stats_ext") == []
    assert mallory.rows("SELECT 1 FROM pg_stats_ext_exprs") == []


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("tasks", "title", ("'a'", "'t'", f"'{SECRET} one'", "'zz'")),
        ("tasks", "search_text", ("'a'", "'t'", "'zz'")),
        ("tasks", "project", ("'a'", "'zz'")),
        ("tasks", "due_on", ("'2026-12-23'", "'2026-12-25'")),
        ("tasks", "coalesce(due_on, '9999-12-31')", ("'2026-12-23'", "'2026-12-25'")),
        ("tasks", "number", ("0", "2", "100")),
        ("tasks", "priority", ("0", "4")),
        ("users", "email", ("'a'", "'zz'")),
        ("users", "last_number", ("0", "100")),
        ("keys", "label", ("'a'", "'zz'")),
        ("changes", "at", ("'2026-11-20'", "'2026-11-21'")),
    ],
)
def test_guessing_by_row_estimates_of_explain(
    mallory: Intruder, arena: Arena, table: str, column: str, values: tuple[str, ...]
) -> None:
    """Statistics of all rows would show in the estimates where the others' values lie."""
    for operator in ("<", ">"):
        estimates = {
            mallory.rows(
                f"EXPLAIN SELECT * FROM {table} WHERE {column} {operator} {value}",
                known=(f"{SECRET} one",),
            )[0]
            for value in values
        }
        assert len(estimates) == 1


def test_explain_analyze(mallory: Intruder) -> None:
    for options in ("ANALYZE", "ANALYZE, BUFFERS, VERBOSE", "ANALYZE, FORMAT JSON", "GENERIC_PLAN"):
        mallory.tries(f"EXPLAIN ({options}) SELECT * FROM tasks WHERE title LIKE '%a%'")


def test_what_others_are_running(mallory: Intruder, arena: Arena) -> None:
    victim = Intruder(connection_url(arena.victim), ())
    victim.script(f"SELECT 1 AS {SECRET}")
    shown = "SELECT query FROM pg_stat_activity WHERE usename <> session_user"
    assert "<insufficient privilege>" in mallory.rows(shown)
    mallory.rows("SELECT t::text FROM pg_stat_activity t")
    victim.close()


def test_copy_to_a_pipe(mallory: Intruder) -> None:
    for table in TABLES:
        copied = io.BytesIO()
        mallory.do(lambda c, table=table, into=copied: c.copy_from_table(table, output=into))  # type: ignore[misc]
        assert SECRET.encode() not in copied.getvalue()
        assert len(copied.getvalue().splitlines()) == 1


def test_copy_to_and_from_files_and_programs(mallory: Intruder) -> None:
    assert (
        mallory.many(
            "COPY tasks TO '/tmp/stolen'",
            "COPY tasks TO PROGRAM 'cat'",
            "COPY tasks FROM '/etc/passwd'",
            "COPY members TO STDOUT",
            "SELECT pg_read_file('postgresql.conf')",
            "SELECT pg_ls_dir('base')",
            "SELECT lo_import('/etc/passwd')",
        )
        == [REFUSED] * 7
    )


def test_cursors(mallory: Intruder) -> None:
    mallory.script("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT * FROM tasks")
    assert len(mallory.rows("FETCH ALL FROM c")) == 1
    mallory.script("COMMIT; DECLARE h CURSOR WITH HOLD FOR SELECT * FROM tasks")
    assert len(mallory.rows("FETCH ALL FROM h")) == 1


def test_prepared_statements_and_do_blocks(mallory: Intruder) -> None:
    mallory.script("PREPARE p AS SELECT * FROM tasks")
    assert len(mallory.rows("EXECUTE p")) == 1
    block = "DO $$ DECLARE t text; BEGIN FOR t IN SELECT title FROM tasks LOOP RAISE NOTICE '%', t;"
    assert mallory.tries(f"{block} END LOOP; END $$") == "allowed"


def test_listening_to_others(arena: Arena) -> None:
    mallory = arena.intruder()
    heard: list[object] = []
    for channel in (*TABLES, "todo", "neontodo", arena.victim_id):
        mallory.do(lambda c, name=channel: c.add_listener(name, lambda *what: heard.append(what)))  # type: ignore[misc]
    arena.victim.ok("done", "1")
    arena.victim.ok("undone", "1")
    mallory.rows("SELECT 1")
    mallory.close()
    assert heard == []


def test_large_objects_of_others(mallory: Intruder, arena: Arena) -> None:
    number = arena.admin("SELECT lo_from_bytea(0, 'sesame')")[0][0]
    assert mallory.tries(f"SELECT lo_get({number})") == REFUSED
    assert mallory.tries(f"SELECT lo_unlink({number})") == REFUSED
    arena.admin(f"SELECT lo_unlink({number})")


def test_replication_and_foreign_servers(mallory: Intruder) -> None:
    refused = mallory.many(
        "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
        "SELECT * FROM pg_logical_slot_peek_changes('s', null, null)",
        "CREATE PUBLICATION p FOR ALL TABLES",
        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION postgres_fdw",
        "CREATE SERVER s FOREIGN DATA WRAPPER f",
    )
    assert "allowed" not in refused
