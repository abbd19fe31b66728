"""`todo member remove`: blind at once, whatever the member does meanwhile; tasks kept or given."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from neontodo.models import NUMBER_MAX
from tests.harness import Todo
from tests.sharing.people import Shared, connection_url, login, target_of


def remove(shared: Shared, *options: str) -> Any:
    return shared.owner.ok("member", "remove", "ann@example.com", "--yes", *options)


def roles(shared: Shared) -> set[str]:
    """The members' login roles that the server has, of whatever database."""

    async def read() -> set[str]:
        connection = await login(shared.server.url(shared.database))
        found = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname ~ '^todo_m_'")
        await connection.close()
        return {row[0] for row in found}

    return asyncio.run(read())


def test_a_removed_member_cannot_come_in_and_the_tasks_stay(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")
    role = target_of(ann).user
    result = remove(shared)
    assert (result.out, result.err) == ("", "removed ann@example.com; tasks: 1 kept\n")
    assert ann("list").code == 5
    assert shared.owner.ok("member", "list").out == ""
    assert role not in roles(shared)


@pytest.mark.any_server
def test_removing_asks_first(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")
    found = shared.owner("member", "remove", "ann@example.com", stdin="n\n", terminal=True)
    assert found.code == 1
    assert found.err == (
        "remove ann@example.com? their tasks stay in the database [y/N] nothing was changed\n"
    )
    assert shared.owner("member", "remove", "ann@example.com").code == 2
    assert ann("list").code == 0
    assert shared.owner("member", "remove", shared.ids()["ann"], "--yes").code == 0


@pytest.mark.any_server
def test_who_is_no_member_cannot_be_removed(shared: Shared) -> None:
    shared.invite("ann@example.com")
    owner = owner_id(shared)
    for who, what in (
        ("bob@example.com", "there is no user `bob@example.com`"),
        (owner, "is not a member"),
    ):
        found = shared.owner("member", "remove", who, "--yes")
        assert (found.code, found.out) == (2, "")
        assert what in found.err.splitlines()[0]
    found = shared.owner(
        "member", "remove", "ann@example.com", "--transfer-to", "ANN@example.com", "--yes"
    )
    assert found.code == 2
    assert list(shared.ids()) == ["ann"]


def test_a_live_session_is_blinded_and_cut_off(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")

    async def live() -> str:
        session = await login(connection_url(ann))
        assert len(await session.fetch("SELECT * FROM tasks")) == 1
        await asyncio.to_thread(remove, shared)
        try:
            return str(await session.fetch("SELECT * FROM tasks"))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return "cut off"
        finally:
            session.terminate()

    assert asyncio.run(live()) == "cut off"


def test_an_old_snapshot_sees_nothing_either(shared: Shared) -> None:
    """What the mapping was when a transaction began does not matter once the grants are gone."""
    ann = shared.member("ann")
    ann.ok("add", "hers")
    role = target_of(ann).user

    async def live() -> str:
        session = await login(connection_url(ann))
        owner = await login(shared.owner.env["TODO_DATABASE_URL"])
        await session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; TABLE tasks")
        # As `remove` begins, without ending the session.
        async with owner.transaction():
            await owner.execute(f"UPDATE members SET removed_at = now() WHERE role = '{role}'")
            group = await owner.fetchval(
                "SELECT 'todo_members_' || oid FROM pg_database WHERE datname = current_database()"
            )
            await owner.execute(f"REVOKE {group} FROM {role}")
        try:
            return str(await session.fetch("SELECT * FROM tasks"))
        except asyncpg.InsufficientPrivilegeError:
            return "refused"
        finally:
            session.terminate()
            await owner.close()

    assert asyncio.run(live()) == "refused"


def test_the_mapping_alone_blinds_the_next_statement(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")

    async def live() -> int:
        session = await login(connection_url(ann))
        owner = await login(shared.owner.env["TODO_DATABASE_URL"])
        await session.execute("BEGIN; TABLE tasks")
        await owner.execute("UPDATE members SET removed_at = now()")
        found = len(await session.fetch("SELECT * FROM tasks"))
        await owner.close()
        await session.close()
        return found

    assert asyncio.run(live()) == 0


def test_a_member_who_holds_every_lock_there_is_delays_nothing(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")
    role = target_of(ann).user
    held = f"""
        BEGIN;
        UPDATE users SET last_seq = last_seq;
        UPDATE keys SET revoked_at = now();
        UPDATE tasks SET title = title;
        ALTER ROLE {role} PASSWORD 'x';
        SELECT lo_create(0);
        LOCK TABLE tasks IN ACCESS SHARE MODE;
        SELECT pg_advisory_lock({0x7465_6F64_6F6E});
    """

    me = owner_id(shared)

    async def live() -> Any:
        session = await login(connection_url(ann))
        await session.execute(held)
        try:
            return await asyncio.to_thread(remove, shared, "--transfer-to", me)
        finally:
            session.terminate()

    assert asyncio.run(live()).err.startswith("removed ann@example.com; tasks: 1 given to ")
    assert [task["title"] for task in shared.owner.tasks()] == ["hers"]
    assert role not in roles(shared)


def owner_id(shared: Shared) -> str:
    return str(shared.owner.ok("whoami", "--json").json["user"])


@pytest.mark.any_server
def test_transferred_tasks_get_new_numbers_and_the_receivers_log_says_so(shared: Shared) -> None:
    shared.owner.ok("add", "-", stdin="owner's\nsecond\n")
    ann = shared.member("ann")
    ann.ok("add", "-", "--due", "fri", "-t", "x", stdin="first\ngone\nthird\n")
    ann.ok("done", "3")
    ann.ok("rm", "2", "--yes")
    before = ann.tasks()
    shared.owner.later(hours=1)
    result = remove(shared, "--transfer-to", owner_id(shared))
    assert result.err.startswith("removed ann@example.com; tasks: 2 given to ")
    received = shared.owner.tasks()[2:]
    assert [task["number"] for task in received] == [3, 4]
    assert received == [
        {**task, "number": number} for number, task in zip((3, 4), before, strict=True)
    ]
    log = shared.owner.ok("log", "--json").json
    assert [entry["kind"] for entry in log[:2]] == ["create", "create"]
    assert log[0]["machine"] == "transfer"


@pytest.mark.any_server
def test_tasks_are_given_to_another_member(shared: Shared) -> None:
    ann, bob = shared.member("ann"), shared.member("bob")
    ann.ok("add", "-", stdin="\n".join(f"task {n}" for n in range(1500)))
    bob.ok("add", "bob's")
    remove(shared, "--transfer-to", "bob@example.com")
    assert [task["title"] for task in bob.tasks()] == [
        "bob's",
        *(f"task {n}" for n in range(1500)),
    ]
    bob.ok("done", "2-1501")
    bob.ok("undo")


@pytest.mark.any_server
def test_the_receivers_own_undo_does_not_take_the_transfer_back(shared: Shared) -> None:
    bob = shared.member("bob")
    bob.ok("add", "bob's")
    shared.member("ann").ok("add", "hers")
    remove(shared, "--transfer-to", "bob@example.com")
    bob.ok("undo")
    assert [task["title"] for task in bob.tasks()] == ["hers"]


@pytest.mark.any_server
def test_a_task_with_an_id_that_the_receiver_has_gets_another(
    shared: Shared, tmp_path: Any
) -> None:
    ann = shared.member("ann")
    ann.ok("add", "both have it")
    ann.ok("export", str(tmp_path / "x.json"))
    shared.owner.ok("import", str(tmp_path / "x.json"))
    remove(shared, "--transfer-to", owner_id(shared))
    assert len({task["id"] for task in shared.owner.tasks()}) == 2


def test_a_removed_person_can_be_invited_again_and_finds_the_tasks(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")
    user_id = shared.ids()["ann"]
    remove(shared)
    line = shared.invite("ann@example.com", "--subject", user_id)
    ann.ok("join", "--yes", stdin=line)
    assert [task["title"] for task in ann.tasks()] == ["hers"]
    ann.ok("add", "more")


@pytest.mark.any_server
def test_a_name_that_two_have_is_not_enough(shared: Shared) -> None:
    shared.invite("ann@example.com", "--name", "Kim")
    shared.invite("bob@example.com", "--name", "Kim")
    found = shared.owner("member", "remove", "kim", "--yes")
    assert (found.code, found.out) == (2, "")
    ids = shared.ids()
    lines = found.err.splitlines()
    assert lines[0] == "error: `kim` means 2 users of this database"
    assert set(lines[1:3]) == {
        f"  Kim <{name}@example.com> ({ids[name]})" for name in ("ann", "bob")
    }


def test_every_machine_of_a_member_goes(shared: Shared) -> None:
    laptop = shared.member("ann")
    again = shared.invite("ann@example.com", "--subject", shared.ids()["ann"])
    desktop = shared.joined("desktop", again)
    remove(shared)
    assert laptop("list").code == desktop("list").code == 5
    assert shared.owner.ok("member", "list").out == ""


@pytest.mark.any_server
def test_removing_a_login_of_ones_own_leaves_ones_own_key(shared: Shared) -> None:
    me = owner_id(shared)
    shared.server.execute("UPDATE users SET email = 'me@example.com'", database=shared.database)
    phone = shared.joined("phone", shared.invite("me@example.com", "--subject", me))
    phone.ok("add", "from the phone")
    shared.owner.ok("member", "remove", me, "--yes")
    assert phone("list").code == 5
    shared.owner.ok("add", "still mine")
    assert len(shared.owner.tasks()) == 2


def test_a_role_that_owns_something_elsewhere_stays_without_rights(shared: Shared) -> None:
    ann = shared.member("ann")
    role = target_of(ann).user
    elsewhere = connection_url(ann).replace(f"/{shared.database}", "/postgres")

    async def own() -> int:
        session = await login(elsewhere)
        number = await session.fetchval("SELECT lo_create(0)")
        await session.close()
        return int(number)

    number = asyncio.run(own())
    result = remove(shared)
    assert result.err == (
        f"warning: {role} could not be dropped; it has no rights left\n"
        "removed ann@example.com; tasks: 0 kept\n"
    )
    assert ann("list").code == 5
    assert role in roles(shared)
    shared.server.execute(f"SELECT lo_unlink({number})")
    assert remove(shared).err == "removed ann@example.com; tasks: 0 kept\n"
    assert role not in roles(shared)
    assert shared.owner("member", "remove", "ann@example.com", "--yes").code == 2


@pytest.mark.any_server
def test_a_members_token_dies_with_the_membership(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "hers")
    remove(shared)
    # With the owner's password, too: the key is revoked.
    thief = Todo(ann.home, dict(shared.owner.env))
    found = thief("add", "x")
    assert (found.code, found.out) == (4, "")


def test_an_heir_who_cannot_take_the_tasks_does_not_keep_the_member_in(shared: Shared) -> None:
    ann = shared.member("ann")
    shared.member("bob")
    ann.ok("add", "hers")
    shared.server.execute(
        f"UPDATE users SET last_number = {NUMBER_MAX} WHERE id = '{shared.ids()['bob']}'",
        database=shared.database,
    )
    wanted = ("member", "remove", "ann@example.com", "--yes")
    found = shared.owner(*wanted, "--transfer-to", "bob@example.com")
    assert (found.code, found.out) == (5, "")
    assert found.err.startswith("error: ann@example.com has no access, but the rest failed: ")
    assert found.err.endswith(
        "hint: run `todo member remove` again; without `--transfer-to` the tasks stay\n"
    )
    assert ann("list").code == 5
    assert shared.owner.ok(*wanted).err == "removed ann@example.com; tasks: 1 kept\n"


@pytest.mark.slow
def test_a_role_that_owns_too_much_to_drop_is_cut_off_all_the_same(
    shared_alone: Shared,
) -> None:
    ann = shared_alone.member("ann")
    role = target_of(ann).user

    async def fill() -> None:
        connection = await login(connection_url(ann))
        await connection.execute("SELECT count(lo_create(0)) FROM generate_series(1, 60000)")
        await connection.close()

    asyncio.run(fill())
    said = remove(shared_alone).err
    assert said.splitlines()[-1] == "removed ann@example.com; tasks: 0 kept"
    assert role in roles(shared_alone)
    assert "it has no rights left" in said
    assert ann("list").code == 5


def test_a_member_cannot_take_all_connections(shared: Shared) -> None:
    ann = shared.member("ann")

    async def crowd() -> int:
        opened = []
        try:
            for _ in range(40):
                opened.append(await login(connection_url(ann)))
        except asyncpg.TooManyConnectionsError:
            pass
        for connection in opened:
            connection.terminate()
        return len(opened)

    assert asyncio.run(crowd()) == 20


def test_a_members_lock_does_not_hold_up_a_migration(shared: Shared) -> None:
    ann = shared.member("ann")

    async def held() -> Any:
        session = await login(connection_url(ann))
        await session.execute("SELECT pg_advisory_lock(128034844732270)")
        await session.execute("BEGIN; LOCK TABLE todo_version IN ACCESS SHARE MODE")
        try:
            return await asyncio.to_thread(shared.owner.ok, "db", "upgrade")
        finally:
            session.terminate()

    assert "already" in asyncio.run(held()).err
