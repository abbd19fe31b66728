"""Settings that a member leaves behind on a pooler's connection, in transaction mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from neontodo.accounts import connected_database as stored
from neontodo.accounts.sharing.invitation import build_url
from tests.databases import Postgres
from tests.harness import Todo
from tests.sharing.arena import Arena
from tests.sharing.intruder import SECRET, Intruder
from tests.sharing.people import app_of, connection_url, target_of
from tests.sharing.pooler import pooler


@pytest.fixture(scope="module")
def port(sharing_server: Postgres) -> Iterator[int]:
    """Of a pooler that shares one connection among all clients of a login role."""
    with pooler(sharing_server) as port:
        yield port


def through(port: int, person: Todo) -> Todo:
    """The same person on another machine, which is connected to the pooler."""
    there = Todo(person.home.with_name(f"{person.home.name}-pooled"))
    target = replace(target_of(person), port=port)
    known = app_of(person).profile.connected_database
    assert known is not None
    url = build_url(target, target.user, str(target.password))
    pooled = stored.ConnectedDatabase(target.store_id, target.display, url, known.machine_key)
    stored.save_connected_database(app_of(there).secrets, pooled)
    stored.use_connected_database(there.home, pooled)
    return there


@pytest.mark.parametrize(
    "setting",
    [
        "SET ROLE NONE",
        "SET row_security = off",
        "SET search_path = pg_temp, public",
        "SET todo.user = 'x'",
        "SET default_transaction_read_only = on",
        "SET statement_timeout = 1",
        "SET TIME ZONE 'Asia/Tokyo'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "PREPARE p AS SELECT * FROM tasks",
        "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM tasks",
        "LISTEN tasks",
        "SELECT pg_advisory_lock(1)",
    ],
)
def test_settings_left_behind_reach_nobody_else(arena: Arena, port: int, setting: str) -> None:
    mallory = arena.intruder(port=port, statement_cache_size=0)
    victim = through(port, arena.victim)
    mallory.script(setting)
    titles = [task["title"] for task in victim.ok("list", "--all", "--limit", "3", "--json").json]
    assert titles
    assert all(title.startswith(SECRET) for title in titles)
    assert victim.ok("done", "1").code == victim.ok("undone", "1").code == 0
    mallory.script("DISCARD ALL")
    mallory.close()


def test_a_members_own_next_client_is_still_that_member(arena: Arena, port: int) -> None:
    first = arena.intruder(port=port, statement_cache_size=0)
    first.script("SET todo.user = 'x'")
    first.close()
    second = arena.intruder(port=port, statement_cache_size=0)
    assert second.rows("SELECT DISTINCT user_id FROM tasks") == [arena.mallory_id]
    second.script("DISCARD ALL")
    second.close()


def test_clients_of_two_members_in_turn_see_their_own(arena: Arena, port: int) -> None:
    mallory = arena.intruder(port=port, statement_cache_size=0)
    victim = Intruder(connection_url(arena.victim), (), port=port, statement_cache_size=0)
    for _ in range(10):
        assert mallory.rows("SELECT DISTINCT user_id FROM tasks") == [arena.mallory_id]
        assert victim.do(lambda c: c.fetchval("SELECT todo_current_user()")) == arena.victim_id
    mallory.close()
    victim.close()
