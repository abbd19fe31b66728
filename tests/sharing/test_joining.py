"""Invitations: taken by exactly one, in time, with passwords that no server's log holds."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from neontodo.accounts.machine_keys import encode_public_key, generate_machine_key
from neontodo.accounts.sharing.invitation import Invitation, decode_invitation, encode_invitation
from neontodo.db.url import PostgresTarget, parse_url
from tests.harness import Result
from tests.neon import DIRECT, Neon
from tests.postgres import PostgresServer
from tests.sharing.conftest import databases_on, founded
from tests.sharing.people import OWNER, PASSWORD, Shared, connection_url, login, target_of
from tests.sharing.pooler import pooler
from tests.sharing.test_membership import SPENT

MANY = 6
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
VERIFIER = re.compile(r"PASSWORD 'SCRAM-SHA-256\$4096:[\w+/=]+\$[\w+/=]+:[\w+/=]+'")
NEONS_REFUSAL = (
    'Received HTTP code 400 from control plane: "Neon only supports being given plaintext'
    ' passwords."'
)


async def ask(shared: Shared, statement: str, *values: Any) -> Any:
    """What the server's superuser is answered."""
    connection = await login(shared.server.url(shared.database))
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


def password_in(url: str) -> str:
    target = parse_url(url)
    assert isinstance(target, PostgresTarget)
    return str(target.password)


def role_of(line: str) -> str:
    target = parse_url(decode_invitation(line).url)
    assert isinstance(target, PostgresTarget)
    return target.user


def expire(shared: Shared) -> None:
    """Let an hour have passed since every open invitation expired; the roles' own expiry stays."""
    shared.server.execute(
        "UPDATE members SET expires_at = now() - interval '1 hour' WHERE joined_at IS NULL",
        database=shared.database,
    )


# Exactly one.


@pytest.mark.slow
@pytest.mark.any_server
def test_of_many_who_join_at_once_one_is_in_and_the_others_are_told(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    people = [shared.machine(f"ann{number}") for number in range(MANY)]
    command = [sys.executable, "-m", "neontodo", "join", "--yes"]
    running = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **person.environment},  # noqa: TID251
        )
        for person in people
    ]
    said = {}
    for process in running:
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.close()
        process.stdin = None
    for person, process in zip(people, running, strict=True):
        said[person.home.name] = process.communicate()[1]
    assert sorted(process.returncode for process in running) == [0] + [4] * (MANY - 1), said
    for person, process in zip(people, running, strict=True):
        if process.returncode:
            assert said[person.home.name].endswith(SPENT)
            assert not (person.home / "connection.json").exists()
            assert not (person.home / "secrets").exists()
        else:
            person.ok("add", "in")


def test_who_joins_while_another_is_about_to_waits_and_is_told(shared: Shared) -> None:
    line = shared.invite("ann@example.com")

    async def race() -> Result:
        first = await login(decode_invitation(line).url)
        async with first.transaction():
            assert await first.fetchval("SELECT todo_accept_invitation()")
            second = asyncio.create_task(
                asyncio.to_thread(shared.machine("late"), "join", stdin=line)
            )
            while not await ask(shared, WAITING, shared.database):
                assert not second.done(), second.result()
        await first.close()
        return await second

    found = asyncio.run(race())
    assert (found.code, found.out, found.err) == (4, "", SPENT)


def test_a_join_that_comes_to_nothing_leaves_the_invitation(shared: Shared) -> None:
    line = shared.invite("ann@example.com")

    async def give_up() -> None:
        first = await login(decode_invitation(line).url)
        transaction = first.transaction()
        await transaction.start()
        assert await first.fetchval("SELECT todo_accept_invitation()")
        assert not await first.fetchval("SELECT todo_accept_invitation()")
        await transaction.rollback()
        await first.close()

    asyncio.run(give_up())
    shared.joined("ann", line).ok("add", "hers")


# In time.


def test_an_expired_invitation_is_refused_and_its_login_shown_nothing(shared: Shared) -> None:
    shared.member("bob").ok("add", "bob's")
    line = shared.invite("ann@example.com")
    expire(shared)
    found = shared.machine("ann")("join", stdin=line)
    assert (found.code, found.out, found.err) == (4, "", SPENT)

    async def look() -> None:
        session = await login(decode_invitation(line).url)
        assert await session.fetchval("SELECT todo_accept_invitation()") is False
        assert await session.fetchval("SELECT todo_current_user()") is None
        for table in ("users", "keys", "tasks", "changes"):
            assert await session.fetch(f"SELECT * FROM {table}") == []
        await session.close()

    asyncio.run(look())


def test_a_login_is_shown_nothing_before_its_invitation_is_accepted(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    mine = decode_invitation(line).machine_key.user_id

    async def look() -> None:
        session = await login(decode_invitation(line).url)
        assert await session.fetch("SELECT * FROM users") == []
        assert await session.fetchval("SELECT todo_accept_invitation()")
        assert [row["id"] for row in await session.fetch("SELECT id FROM users")] == [mine]
        await session.close()

    asyncio.run(look())


def test_the_login_role_expires_with_its_invitation_unless_that_is_accepted(
    shared: Shared,
) -> None:
    until = "SELECT rolvaliduntil::text FROM pg_roles WHERE rolname = $1"
    same = (
        "SELECT r.rolvaliduntil = m.expires_at"
        " AND m.expires_at BETWEEN now() + interval '2 days 23 h' AND now() + interval '3 days'"
        " FROM pg_roles r JOIN members m ON m.role = r.rolname WHERE m.role = $1"
    )
    line = shared.invite("ann@example.com", "--days", "3")
    role = role_of(line)
    assert asyncio.run(ask(shared, same, role)) is True
    shared.joined("ann", line)
    assert asyncio.run(ask(shared, until, role)) == "infinity"

    late = shared.invite("bob@example.com")
    shared.server.execute(f"ALTER ROLE {role_of(late)} VALID UNTIL '2026-01-01'")
    found = shared.machine("bob")("join", stdin=late)
    assert (found.code, found.out, found.err) == (4, "", SPENT)
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(login(decode_invitation(late).url))


def test_an_invitation_made_by_another_than_the_tables_owner_expires_too(shared: Shared) -> None:
    shared.owner.env["TODO_DATABASE_URL"] = shared.server.url(shared.database)
    line, late = shared.invite("ann@example.com"), shared.invite("bob@example.com")
    shared.joined("ann", line).ok("add", "hers")
    expire(shared)
    assert shared.machine("bob")("join", stdin=late).code == 4


def test_list_says_who_has_not_joined_and_until_when_they_can(shared: Shared) -> None:
    line = shared.invite("ann@example.com", "--name", "Ann", "--days", "30")
    ends = asyncio.run(ask(shared, "SELECT expires_at FROM members"))
    found = shared.owner.ok("member", "list", "--json").json[0]
    assert (found["joined"], found["expires_at"]) == (False, f"{ends:%Y-%m-%dT%H:%M:%SZ}")
    shown = shared.owner.ok("member", "list", terminal=True, width=90).out
    assert shown.splitlines()[0].split() == [
        "member",
        "name",
        "tasks",
        "since",
        "invitation",
        "role",
    ]
    assert re.search(r" until \d{4}-\d\d-\d\d ", shown)
    shared.owner.now = ends
    assert " expired 20" in shared.owner.ok("member", "list", terminal=True, width=90).out
    shared.joined("ann", line)
    found = shared.owner.ok("member", "list", "--json").json[0]
    assert (found["joined"], found["expires_at"]) == (True, None)
    assert "invitation" not in shared.owner.ok("member", "list", terminal=True, width=90).out


def test_how_many_days_an_invitation_may_last(shared: Shared) -> None:
    for days in ("0", "366", "x"):
        assert shared.owner("member", "add", "ann@example.com", "--days", days).code == 2


def test_who_never_joined_is_removed_and_invited_again(shared: Shared) -> None:
    first = shared.invite("ann@example.com")
    expire(shared)
    user_id = shared.ids()["ann"]
    again = shared.invite("ann@example.com", "--subject", user_id)
    # The expired login is gone, and its key is not accepted any more.
    assert [each["role"] for each in shared.owner.ok("member", "list", "--json").json] == [
        role_of(again)
    ]
    gone = "SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
    assert asyncio.run(ask(shared, gone, role_of(first)))
    revoked = "SELECT revoked_at IS NOT NULL FROM keys WHERE id = $1"
    assert asyncio.run(ask(shared, revoked, decode_invitation(first).machine_key.key_id))
    ann = shared.joined("ann", again)
    ann.ok("add", "hers")
    shared.owner.ok("member", "remove", "ann@example.com", "--yes")
    assert shared.machine("late")("join", stdin=first).err == SPENT
    third = shared.invite("ann@example.com", "--subject", user_id)
    assert [task["title"] for task in shared.joined("third", third).tasks()] == ["hers"]


def test_members_of_a_database_from_before_stay_and_unused_invitations_still_work(
    shared: Shared,
) -> None:
    shared.owner.ok("db", "downgrade", "0001", "--yes")
    lines = [_invited_by_0001(shared, name) for name in ("ann", "bob")]
    shared.owner.ok("db", "upgrade")
    found = shared.owner.ok("member", "list", "--json").json
    assert [(each["joined"], each["expires_at"]) for each in found] == [(True, None)] * 2
    ann = shared.joined("ann", lines[0])
    ann.ok("add", "hers")
    assert shared.machine("late")("join", stdin=lines[0]).err == SPENT
    target = target_of(ann)
    assert asyncio.run(_shown_users(decode_invitation(lines[1]).url)) == ["bob"]
    assert target.user == "todo_m_" + b"ann".hex() + shared.database[-8:]


def _invited_by_0001(shared: Shared, name: str) -> str:
    """An invitation as the program made it before 0002."""
    mine = generate_machine_key(name, name)
    role = "todo_m_" + name.encode().hex() + shared.database[-8:]
    group = "'todo_members_' || (SELECT oid FROM pg_database WHERE datname = current_database())"
    key = encode_public_key(mine.private_key.public_key())
    shared.server.execute(
        f"DO $$ BEGIN EXECUTE 'CREATE ROLE ' || {group} || ' NOLOGIN';"
        f" EXECUTE 'GRANT {OWNER} TO postgres'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"CREATE ROLE {role} LOGIN PASSWORD 'first'",
        f"DO $$ DECLARE g text := {group}; BEGIN"
        f" EXECUTE format('GRANT %I TO {role}', g);"
        " EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', g);"
        " EXECUTE format('GRANT SELECT ON todo_version, users, keys TO %I', g);"
        " EXECUTE format('GRANT SELECT, INSERT ON changes TO %I', g);"
        " EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO %I', g);"
        " EXECUTE format('GRANT UPDATE (last_number, last_seq) ON users TO %I', g);"
        " EXECUTE format('GRANT EXECUTE ON FUNCTION todo_current_user() TO %I', g); END $$",
        "INSERT INTO users (id, last_number, last_seq, created_at, updated_at)"
        f" VALUES ('{name}', 0, 0, now(), now())",
        "INSERT INTO keys (user_id, id, public_key, label, created_at)"
        f" VALUES ('{name}', '{mine.key_id}', '{key}', '{name}', now())",
        f"INSERT INTO members (role, user_id, key_id, created_at)"
        f" VALUES ('{role}', '{name}', '{mine.key_id}', now())",
        database=shared.database,
    )
    return encode_invitation(Invitation(shared.server.url(shared.database, role, "first"), mine))


async def _shown_users(url: str) -> list[str]:
    session = await login(url)
    try:
        return [row[0] for row in await session.fetch("SELECT id FROM users")]
    finally:
        await session.close()


def test_keys_of_one_member_have_names_of_their_own(shared: Shared) -> None:
    shared.invite("ann@example.com")
    subject = ("ann@example.com", "--subject", shared.ids()["ann"])
    shared.joined("second", shared.invite(*subject))
    expire(shared)
    shared.joined("third", shared.invite(*subject))
    fourth = shared.joined("fourth", shared.invite(*subject))
    names = sorted(key["name"] for key in fourth.ok("token", "list", "--json").json)
    assert names == ["ann@example.com", *(f"ann@example.com ({n})" for n in (2, 3, 4))]


# What a server is told of passwords.


@pytest.fixture(params=[pytest.param("own_postgres", marks=pytest.mark.slow), "neon_server"])
def logging(request: pytest.FixtureRequest, tmp_path: Path) -> Shared:
    """A shared database whose server logs every statement."""
    server: PostgresServer = request.getfixturevalue(request.param)
    name = databases_on(server).clone()
    server.execute(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
    return founded(server, name, tmp_path)


def test_no_statement_holds_a_password(logging: Shared) -> None:
    line = logging.invite("ann@example.com")
    ann = logging.joined("ann", line)
    ann.ok("add", "hers")
    server = logging.server
    assert isinstance(server, PostgresServer)
    said = server.log()
    # The group's, the member's first one, and the one that joining has set.
    assert len(set(VERIFIER.findall(said))) >= 3
    assert password_in(decode_invitation(line).url) not in said
    assert password_in(connection_url(ann)) not in said


def test_a_server_that_refuses_verifiers_at_commit_is_given_the_passwords(
    logging: Shared,
) -> None:
    """As Neon does, where it is not known by its host name."""
    _refuse_first_commit(logging, "INSERT")
    line = logging.invite("ann@example.com")
    assert len(logging.ids()) == 1
    _refuse_first_commit(logging, "UPDATE")
    ann = logging.joined("ann", line)
    ann.ok("add", "hers")
    server = logging.server
    assert isinstance(server, PostgresServer)
    said = server.log()
    assert said.count(f"ERROR:  {NEONS_REFUSAL}") >= 2
    for url in (decode_invitation(line).url, connection_url(ann)):
        assert f"PASSWORD '{password_in(url)}'" in said


def _refuse_first_commit(shared: Shared, command: str) -> None:
    """Let the first transaction that makes or joins members fail as it does on Neon, at COMMIT.

    A sequence is counted whether its transaction is rolled back or not.
    """
    name = f"refuse_{command.lower()}"
    shared.server.execute(
        f"CREATE SEQUENCE {name}",
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            IF nextval('{name}') = 1 THEN
                RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = '{NEONS_REFUSAL}';
            END IF;
            RETURN NULL;
        END $$
        """,
        f"CREATE CONSTRAINT TRIGGER {name} AFTER {command} ON members"
        f" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {name}()",
        database=shared.database,
    )


def test_neon_is_given_the_passwords_at_once(neon: Neon, tmp_path: Path) -> None:
    name = databases_on(neon.server).clone()
    neon.server.execute(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
    shared = founded(neon.server, name, tmp_path)
    shared.owner.env["TODO_DATABASE_URL"] = neon.url(name, DIRECT, user=OWNER, password=PASSWORD)
    assert isinstance(neon.server, PostgresServer)
    before = len(neon.server.log())
    line = shared.invite("ann@example.com")
    ann = shared.joined("ann", line)
    said = neon.server.log()[before:]
    assert "SCRAM-SHA-256$" not in said
    for url in (decode_invitation(line).url, connection_url(ann)):
        assert f"PASSWORD '{password_in(url)}'" in said


def test_joining_through_a_transaction_pooler(shared: Shared) -> None:
    """PgBouncer looks up what the server keeps of a password, and logs in with that."""
    direct = shared.owner.env["TODO_DATABASE_URL"]
    with pooler(shared.server) as port:
        shared.owner.env["TODO_DATABASE_URL"] = direct.replace(
            f":{shared.server.port}/", f":{port}/"
        )
        line, late = shared.invite("ann@example.com"), shared.invite("bob@example.com")
        ann = shared.joined("ann", line)
        assert target_of(ann).port == port
        ann.ok("add", "hers")
        assert [task["title"] for task in ann.tasks()] == ["hers"]
        found = shared.machine("thief")("join", stdin=line)
        assert (found.code, found.err) == (4, SPENT)
        shared.server.execute(f"ALTER ROLE {role_of(late)} VALID UNTIL '2026-01-01'")
        found = shared.machine("bob")("join", stdin=late)
        assert (found.code, found.err) == (4, SPENT)
