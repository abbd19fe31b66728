"""What members reach besides their tasks: taken away where the owner can, named where not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from neontodo.clock import utc_now
from tests.postgres import PostgresServer
from tests.sharing.conftest import databases_on, founded
from tests.sharing.people import Shared, connection_url, login

LARGE_OBJECTS = (
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
)
ADVISORY_LOCKS = [
    f"SELECT {name}({arguments})"
    for name in (
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_advisory_xact_lock",
        "pg_advisory_xact_lock_shared",
        "pg_try_advisory_lock",
        "pg_try_advisory_lock_shared",
        "pg_try_advisory_xact_lock",
        "pg_try_advisory_xact_lock_shared",
    )
    for arguments in ("1", "1, 1")
]
REST = "make large objects, fill the disk with temporary files, hold advisory locks without number"
WARNING = "warning: members can connect to other databases of this server: "


def outcomes(url: str, *statements: str) -> list[Any]:
    """What a member is answered by plain SQL: a value, or the class of the error."""

    async def ask() -> list[Any]:
        session = await login(url)
        found: list[Any] = []
        for statement in statements:
            try:
                found.append(await session.fetchval(statement))
            except asyncpg.PostgresError as error:
                found.append(type(error))
        await session.close()
        return found

    return asyncio.run(ask())


def isolation(shared: Shared) -> tuple[str, str]:
    shared.owner.now = utc_now()
    found = shared.owner.ok("doctor", "--json").json["checks"]
    return next((each["status"], each["detail"]) for each in found if each["check"] == "isolation")


@pytest.fixture
def alone(own_postgres: PostgresServer, tmp_path: Path) -> Shared:
    """A shared database on a server that no other test makes databases on."""
    return founded(own_postgres, databases_on(own_postgres).clone(), tmp_path)


def test_a_superuser_takes_large_objects_and_temporary_files_away(shared: Shared) -> None:
    first = shared.member("ann")
    assert all(isinstance(each, int) for each in outcomes(connection_url(first), *LARGE_OBJECTS))
    assert isolation(shared)[1].endswith(f"), {REST}")
    shared.owner.env["TODO_DATABASE_URL"] = shared.server.url(shared.database)
    second = shared.member("bob")
    # Whoever joined before is limited, too.
    for member in (first, second):
        url = connection_url(member)
        assert outcomes(url, *LARGE_OBJECTS) == [asyncpg.InsufficientPrivilegeError] * 3
        assert outcomes(url, "SHOW temp_file_limit", "SET temp_file_limit = -1") == [
            "256MB",
            asyncpg.InsufficientPrivilegeError,
        ]
        member.ok("add", "as before")
    assert REST not in isolation(shared)[1]


def test_a_superuser_takes_advisory_locks_away(shared: Shared) -> None:
    ann = shared.member("ann")
    answered = outcomes(connection_url(ann), *ADVISORY_LOCKS)
    assert asyncpg.InsufficientPrivilegeError not in answered
    owner = dict(shared.owner.env)
    shared.owner.env["TODO_DATABASE_URL"] = shared.server.url(shared.database)
    shared.member("bob")
    assert outcomes(connection_url(ann), *ADVISORY_LOCKS) == (
        [asyncpg.InsufficientPrivilegeError] * len(ADVISORY_LOCKS)
    )
    assert "advisory" not in isolation(shared)[1]
    ann.ok("add", "as before")
    # Migrations of a database without tables lock so, also those of an owner without privileges.
    assert outcomes(owner["TODO_DATABASE_URL"], "SELECT pg_try_advisory_xact_lock(1)") == [True]


def test_other_databases_are_named_once_and_by_doctor(alone: Shared) -> None:
    for name in ("aaa", "bbb"):
        alone.server.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    alone.server.execute("REVOKE CONNECT ON DATABASE aaa FROM PUBLIC")
    said = alone.owner.ok("member", "add", "ann@example.com").err
    warned = next(line for line in said.splitlines() if line.startswith(WARNING))
    assert warned.removeprefix(WARNING).startswith("bbb, postgres, ")
    assert WARNING not in alone.owner.ok("member", "add", "bob@example.com").err
    status, detail = isolation(alone)
    assert status == "note"
    assert detail.startswith(
        "members see their own rows only; you own the tables, so row level security does not limit"
        " you; members can also connect to other databases (bbb, postgres, "
    )
    assert detail.endswith(f"), {REST}")


def test_where_nothing_else_is_reached_nothing_is_said(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    databases = databases_on(own_postgres)
    shared = founded(own_postgres, databases.clone(), tmp_path)
    shared.owner.env["TODO_DATABASE_URL"] = own_postgres.url(shared.database)
    own_postgres.execute(
        "DO $$ DECLARE d text; BEGIN FOR d IN SELECT datname FROM pg_database"
        f" WHERE datname <> '{shared.database}'"
        " LOOP EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', d); END LOOP; END $$"
    )
    assert WARNING not in shared.owner.ok("member", "add", "ann@example.com").err
    assert isolation(shared) == (
        "ok",
        "members see their own rows only; you own the tables, so row level security does not limit"
        " you",
    )


def test_a_member_is_told_of_their_own_rows_only(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.now = utc_now()
    found = ann.ok("doctor", "--json").json["checks"]
    said = next(each for each in found if each["check"] == "isolation")
    assert (said["status"], said["detail"]) == (
        "ok",
        f"you see the rows of user {shared.ids()['ann']} only",
    )
