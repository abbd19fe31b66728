"""`todo doctor`: each check by name, the exit code of the most serious one, and no trace of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from neontodo.accounts.sharing.invitation import decode_invitation
from neontodo.db import embedded
from neontodo.db.schema import HEAD
from tests.certificates import EXPIRED, Authority, write_self_signed
from tests.cli.connections import Hasty, change, place
from tests.databases import Postgres
from tests.fake_server import FakeServer
from tests.harness import Result, Todo
from tests.neon import DIRECT, Neon
from tests.sharing.people import connection_url, login, target_of

Checks = dict[str, tuple[str, str]]


@pytest.fixture
def local(tmp_path: Path) -> Todo:
    """A person whose clock is right."""
    return Hasty(tmp_path / "home", now=datetime.now(UTC))


@pytest.fixture
def ann(local: Todo, shared: str, postgres_server: Postgres) -> Todo:
    """Ann, whose database is verified as it should be."""
    local.ok("connect", f"{shared}?sslmode=verify-full&sslrootcert={postgres_server.ca_file}")
    return local


def checks(result: Result) -> Checks:
    """Status and detail of each check."""
    return {row[0]: (row[1], row[3]) for row in result.rows}


def failed(result: Result) -> Checks:
    return {name: found for name, found in checks(result).items() if found[0] == "failed"}


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_embedded_store_that_is_well(local: Todo) -> None:
    local.ok("add", "Task")
    me = local.ok("whoami", "--json").json
    result = local.ok("doctor")
    assert result.err == ""
    assert re.sub(r"\t[\d.]+\t", "\tN\t", result.out).splitlines() == [
        "settings\tok\t\tdata_dir by TODO_DATA_DIR",
        "leftovers\tok\t\tnone",
        "keyring\tok\tN\tnot needed",
        f"store\tok\t\t{local.home / 'tasks.db'}, by default",
        f"file\tok\t\t{(local.home / 'tasks.db').stat().st_size // 1024} KiB",
        f"query\tok\tN\tSQLite {sqlite3.sqlite_version}, the file is whole",
        f"schema\tok\t\t{HEAD}",
        f"token\tok\t\tof user {me['user']}, until {me['expires_at'][:10]} (90 days)",
        f"user\tok\t\t{me['name']}",
    ]


def test_a_store_that_is_not_there_yet(local: Todo) -> None:
    result = local.ok("doctor")
    assert checks(result)["file"] == (
        "note",
        f"{local.home / 'tasks.db'} does not exist yet; the first command creates it",
    )
    assert not local.home.exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_disk_without_room(local: Todo, is_there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_there:
        local.ok("add", "Task")
    total, used, _ = usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type(usage)(total, used, 4096))
    result = local("doctor")

    assert result.code == 5
    full = f"file\tfailed\t\tthe store {local.home / 'tasks.db'} cannot grow: the disk is full"
    assert full in result.out


def test_looking_changes_nothing(local: Todo) -> None:
    local.ok("add", "Task")
    for name in ("tasks.db-wal", "tasks.db-shm"):
        (local.home / name).unlink(missing_ok=True)
    before = everything(local.home)
    local.later(days=80)
    local.ok("doctor")
    assert everything(local.home) == before


def test_looking_at_a_server_changes_nothing(ann: Todo) -> None:
    before = everything(ann.home)
    ann.later(days=80)
    ann("doctor")
    assert everything(ann.home) == before


def test_a_postgres_database_that_is_well(
    ann: Todo, shared: str, postgres_server: Postgres
) -> None:
    me = ann.ok("whoami", "--json").json
    result = ann.ok("doctor")
    found = checks(result)
    certificate = found.pop("certificate")
    assert re.fullmatch(
        r"of localhost, by neontodo test authority, until \d{4}-\d\d-\d\d \(\d+ days\)",
        certificate[1],
    )
    assert found == {
        "settings": ("ok", "data_dir by TODO_DATA_DIR"),
        "leftovers": ("ok", "none"),
        "keyring": ("ok", "not needed: the secrets are in private files"),
        "store": ("ok", f"{place(shared)}, connected"),
        "dns": ("ok", "127.0.0.1"),
        "tcp": ("ok", f"127.0.0.1, port {postgres_server.port}"),
        "tls": ("ok", "TLSv1.3, verified: host name and authority"),
        "login": ("ok", "as postgres"),
        "query": ("ok", "answered"),
        "server": ("ok", f"Postgres {postgres_server.version}"),
        "schema": ("ok", HEAD),
        "clock": ("ok", "agrees with the server's"),
        "isolation": (
            "ok",
            "no members yet; you own the tables, so row level security does not limit you",
        ),
        "rows": ("ok", "all are valid"),
        "token": ("ok", f"of user {me['user']}, until {me['expires_at'][:10]} (90 days)"),
        "user": ("ok", me["name"]),
    }
    timed = [row[0] for row in result.rows if row[2]]
    assert timed == ["keyring", "dns", "tcp", "tls", "login", "query"]


def test_json_for_ci(local: Todo) -> None:
    result = local.ok("doctor", "--json", env={"TODO_SORTT": "x"})
    assert (result.json["ok"], result.json["exit_code"]) == (True, 0)
    assert result.json["checks"][:2] == [
        {
            "check": "settings",
            "status": "ok",
            "ms": None,
            "detail": "data_dir by TODO_DATA_DIR",
            "hint": None,
        },
        {
            "check": "leftovers",
            "status": "note",
            "ms": None,
            "detail": "not a setting of todo: TODO_SORTT",
            "hint": None,
        },
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_on_a_terminal(ann: Todo, width: int) -> None:
    result = ann.ok("doctor", terminal=True, width=width)
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].split()[:2] == ["settings", "ok"]
    assert re.search(r"^login +ok +\d+ ms +as postgres$", result.out, re.MULTILINE)


def test_variables_of_other_programs_are_named(local: Todo) -> None:
    env = {"DATABASE_URL": "postgres://a:hunter2@h/d", "PGSSLMODE": "disable", "PGHOST": ""}
    result = local.ok("doctor", env=env)
    assert checks(result)["leftovers"] == ("note", "set but not used: DATABASE_URL, PGSSLMODE")
    assert "hunter2" not in result.out


def test_a_setting_that_cannot_be_used(local: Todo) -> None:
    result = local("doctor", env={"TODO_PAGE_SIZE": "many"})
    assert (result.code, [row[:2] for row in result.rows]) == (
        2,
        [["settings", "failed"], ["store", "skipped"], ["token", "skipped"]],
    )
    assert result.err.startswith("hint: ")


def test_a_url_that_cannot_be_read(local: Todo) -> None:
    result = local("doctor", env={"TODO_DATABASE_URL": "postgresql://a:hunter2@h/d?x=1"})
    assert (result.code, failed(result)) == (
        2,
        {"store": ("failed", "the database URL has an unknown parameter `x`")},
    )
    assert "hunter2" not in result.out + result.err


@pytest.mark.parametrize(
    ("edit", "code", "check", "reason", "skipped"),
    [
        (
            (r"@127.0.0.1:\d+", "@nowhere.invalid"),
            5,
            "dns",
            "the host name is not known",
            "tcp",
        ),
        ((r"@127.0.0.1:\d+", "@127.0.0.1:1"), 5, "tcp", "connection refused", "tls"),
        (
            (r"$", "?sslmode=verify-full"),
            5,
            "tls",
            "its certificate comes from an authority that is not trusted here",
            "login",
        ),
        ((r":[^:@/]*@", ":hunter2@"), 5, "login", "refused the user or the password", "query"),
        ((r"/[^/]*$", "/nowhere"), 5, "login", "has no such database", "query"),
        ((r"$", "?sslmode=verify-ca"), 2, "tls", "needs the certificate", "login"),
    ],
)
def test_the_step_that_fails(
    local: Todo,
    shared: str,
    edit: tuple[str, str],
    code: int,
    check: str,
    reason: str,
    skipped: str,
) -> None:
    url = re.sub(*edit, shared, count=1)
    result = local("doctor", env={"TODO_DATABASE_URL": url})
    assert (result.code, list(failed(result))) == (code, [check])
    assert reason in failed(result)[check][1]
    assert checks(result)[skipped][0] == "skipped"
    assert result.err.startswith("hint: ")
    assert "hunter2" not in result.out + result.err


def test_a_certificate_that_is_not_trusted_is_shown_all_the_same(
    local: Todo, tmp_path: Path
) -> None:
    Authority.found(tmp_path / "ca.pem").issue(tmp_path / "cert", tmp_path / "key", days=EXPIRED)
    with FakeServer(tmp_path / "cert", tmp_path / "key") as server:
        url = server.url(f"sslmode=verify-full&sslrootcert={tmp_path}/ca.pem")
        result = local("doctor", env={"TODO_DATABASE_URL": url})
    found = checks(result)
    assert (result.code, found["tls"]) == (5, ("failed", "its certificate has expired"))
    assert found["certificate"][0] == "note"
    assert "of localhost, by neontodo test authority" in found["certificate"][1]
    assert server.logins == []


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ("?sslmode=disable", "none: the database URL has `sslmode=disable`"),
        ("", "TLSv1.3, and the certificate is not verified"),
        ("?sslmode=require", "TLSv1.3, and the certificate is not verified"),
    ],
)
def test_less_than_a_verified_server_is_noted(
    local: Todo, shared: str, parameters: str, detail: str
) -> None:
    result = local("doctor", env={"TODO_DATABASE_URL": f"{shared}{parameters}"})
    assert checks(result)["tls"] == ("note", detail)
    assert checks(result)["login"][0] == "ok"


def test_a_server_without_tls_is_noted(local: Todo) -> None:
    with FakeServer() as server:
        result = local("doctor", env={"TODO_DATABASE_URL": server.url()})
    assert checks(result)["tls"] == (
        "note",
        "none: the server offers none, and the database URL does not require it",
    )
    assert checks(result)["certificate"][0] == "skipped"


def test_a_self_signed_certificate(local: Todo, tmp_path: Path) -> None:
    write_self_signed(tmp_path / "cert", tmp_path / "key")
    with FakeServer(tmp_path / "cert", tmp_path / "key") as server:
        url = server.url("channel_binding=require")
        result = local("doctor", env={"TODO_DATABASE_URL": url})
    assert failed(result)["tls"] == ("failed", "its certificate is self-signed")


def test_neon_has_two_hosts(local: Todo, neon: Neon) -> None:
    neon.server.create_database("doctor")
    local.ok("connect", neon.url("doctor"), "--upgrade")
    found = checks(local.ok("doctor"))
    assert found["server"] == ("ok", f"Postgres {neon.server.version}, pooled")
    assert found["other host"] == ("ok", f"{DIRECT} answers too")
    assert found["tls"] == ("ok", "TLSv1.3, verified: host name and authority")
    neon.hosts.remove(DIRECT)
    status, detail = checks(local.ok("doctor"))["other host"]
    assert (status, detail[-46:]) == (
        "note",
        "the host name is not known; migrations need it",
    )
    neon.server.drop_database("doctor")


@pytest.mark.parametrize(
    ("statement", "code", "check", "reason"),
    [
        (
            "UPDATE todo_version SET version_num = '9999'",
            6,
            "schema",
            f"is of a newer version (9999) than this program ({HEAD})",
        ),
        ("DROP TABLE todo_version CASCADE", 1, "schema", "tables of another program"),
        (
            "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
            1,
            "isolation",
            "row level security is switched off for tasks",
        ),
        ("UPDATE keys SET revoked_at = now()", 4, "user", "the store does not know your key"),
        ("TRUNCATE keys; TRUNCATE users CASCADE", 4, "user", "you are not a user of this store"),
    ],
)
def test_what_is_wrong_in_a_database(
    ann: Todo,
    shared: str,
    postgres_server: Postgres,
    statement: str,
    code: int,
    check: str,
    reason: str,
) -> None:
    change(postgres_server, shared, statement)
    result = ann("doctor")
    assert (result.code, list(failed(result))) == (code, [check])
    assert reason in failed(result)[check][1]


def test_a_database_without_tables(local: Todo, postgres_server: Postgres) -> None:
    with postgres_server.database() as name:
        url = {"TODO_DATABASE_URL": postgres_server.url(name)}
        result = local("doctor", env=url)
        assert (result.code, result.err) == (6, "hint: `todo db upgrade` creates them\n")
        assert local("db", "check", env=url).code == 6


@pytest.mark.parametrize(
    ("drift", "code", "status"), [(-600, 1, "failed"), (600, 1, "failed"), (20, 0, "note")]
)
def test_a_clock_that_is_wrong(ann: Todo, drift: int, code: int, status: str) -> None:
    ann.now = datetime.now(UTC)
    ann.later(seconds=drift)
    result = ann("doctor")
    assert (result.code, checks(result)["clock"][0]) == (code, status)
    assert ("ahead" if drift > 0 else "behind") in checks(result)["clock"][1]


def test_a_token_that_was_revoked(ann: Todo) -> None:
    ann.ok("add", "Task")
    token = ann.ok("token", "create", "--name", "ci").out.strip()
    assert ann.ok("doctor", env={"TODO_TOKEN": token}).code == 0
    ann.ok("token", "revoke", "ci")
    result = ann("doctor", env={"TODO_TOKEN": token})
    assert (result.code, list(failed(result))) == (4, ["token"])
    assert token not in result.out + result.err


def test_a_token_that_is_none(local: Todo) -> None:
    local.ok("add", "Task")
    result = local("doctor", env={"TODO_TOKEN": "hunter2"})
    assert (result.code, list(failed(result))) == (4, ["token"])
    assert "hunter2" not in result.out + result.err


def test_a_member_is_shown_one_user(local: Todo, shared: str, tmp_path: Path) -> None:
    ann, bob = local, Hasty(tmp_path / "bob", now=local.now)
    ann.ok("connect", shared)
    line = ann.ok("member", "add", "bob@example.org").out.strip()
    bob.ok("join", line)
    user_id = decode_invitation(line).machine_key.user_id
    found = checks(bob.ok("doctor"))
    assert found["isolation"] == ("ok", f"you see the rows of user {user_id} only")
    status, detail = checks(ann.ok("doctor"))["isolation"]
    assert status == "note"
    assert detail.startswith(
        "members see their own rows only; you own the tables, so row level security does not "
        "limit you; members can also "
    )


def test_a_login_role_of_no_user_fails(
    local: Todo, shared: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    ann, bob = local, Hasty(tmp_path / "bob", now=local.now)
    ann.ok("connect", shared)
    bob.ok("join", ann.ok("member", "add", "bob@example.org").out.strip())
    change(postgres_server, shared, "UPDATE members SET removed_at = now()")
    result = bob("doctor")
    assert (result.code, list(failed(result))) == (4, ["isolation", "user"])
    assert failed(result)["isolation"][1] == (
        "your login role belongs to no user, so it sees no rows"
    )


@pytest.mark.parametrize("table", ["users", "keys", "tasks", "changes", "members", "todo_version"])
def test_who_locks_a_table_is_named(ann: Todo, shared: str, table: str) -> None:
    async def locked() -> Result:
        session = await asyncpg.connect(shared, ssl=False)
        await session.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        result = await asyncio.to_thread(ann, "doctor")
        await session.close()
        return result

    result = asyncio.run(locked())
    assert (result.code, failed(result)) == (
        5,
        {"isolation": ("failed", f"commands are blocked: {table} is locked by postgres")},
    )
    ann.ok("doctor")


@pytest.mark.parametrize("table", ["tasks", "members", "todo_version"])
def test_who_waits_for_a_table_before_others_is_named(
    local: Todo, shared: str, tmp_path: Path, table: str
) -> None:
    """A member may not change a table, but Postgres says so only once it has locked it."""
    ann, bob = local, Hasty(tmp_path / "bob", now=local.now)
    ann.ok("connect", shared)
    bob.ok("join", ann.ok("member", "add", "bob@example.org").out.strip())
    url = connection_url(bob)

    async def waited_for() -> Result:
        holder = await asyncpg.connect(shared, ssl=False)
        waiter = await login(url)
        await holder.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS SHARE MODE")
        rule = f"CREATE RULE r AS ON INSERT TO {table} DO NOTHING"
        waiting = asyncio.create_task(waiter.execute(rule))
        is_waiting = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND NOT granted"
        while not await holder.fetchval(is_waiting, waiter.get_server_pid()):
            assert not waiting.done()
            await asyncio.sleep(0.01)
        result = await asyncio.to_thread(ann, "doctor")
        await holder.close()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await waiting
        await waiter.close()
        return result

    result = asyncio.run(waited_for())
    assert (result.code, list(failed(result))) == (5, ["isolation"])
    role = target_of(bob).user
    assert re.fullmatch(
        rf"commands are blocked: {role} has waited for {table}"
        r" since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, behind postgres",
        failed(result)["isolation"][1],
    )
    assert "`todo member remove` ends its sessions" in result.err


@pytest.mark.parametrize(
    "lock",
    ["members IN SHARE ROW EXCLUSIVE MODE", "todo_version IN EXCLUSIVE MODE"],
)
def test_locks_that_keep_nobody_from_reading_are_no_failure(
    ann: Todo, shared: str, lock: str
) -> None:
    async def locked() -> Result:
        session = await asyncpg.connect(shared, ssl=False)
        await session.execute(f"BEGIN; LOCK TABLE {lock}")
        result = await asyncio.to_thread(ann, "doctor")
        await session.close()
        return result

    assert asyncio.run(locked()).code == 0


def test_a_database_that_is_read_only_is_noted(
    ann: Todo, shared: str, postgres_server: Postgres
) -> None:
    name = shared.rpartition("/")[2]
    change(
        postgres_server, shared, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
    )
    version = postgres_server.version
    assert checks(ann.ok("doctor"))["server"] == (
        "note",
        f"Postgres {version}, read-only: tasks can be listed, not changed",
    )


def test_members_who_could_reach_further(ann: Todo, shared: str, postgres_server: Postgres) -> None:
    ann.ok("member", "add", "bob@example.org")
    change(postgres_server, shared, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    result = ann("doctor")
    assert (result.code, failed(result)) == (
        1,
        {
            "isolation": (
                "failed",
                "the members are not kept apart: they could create objects in the schema of the "
                "tables",
            )
        },
    )


@pytest.mark.parametrize(
    ("statement", "code", "check", "reason"),
    [
        ("UPDATE todo_version SET version_num = '9999'", 6, "schema", "of a newer version (9999)"),
        ("DROP TABLE todo_version", 6, "schema", "has no todo tables"),
        ("DELETE FROM todo_version", 6, "schema", "todo_version has no row"),
        ("DROP TABLE changes", 6, "schema", "lacks tables: changes"),
        ("UPDATE users SET last_number = 0", 5, "schema", "the counters of user"),
        ("UPDATE users SET last_seq = 0", 5, "schema", "the counters of user"),
        ("UPDATE keys SET revoked_at = created_at", 4, "user", "the key was revoked"),
        ("DELETE FROM keys", 4, "user", "the store does not know this user and key"),
    ],
)
def test_what_is_wrong_in_a_file(
    local: Todo, statement: str, code: int, check: str, reason: str
) -> None:
    local.ok("add", "Task")
    with closing(sqlite3.connect(local.home / "tasks.db")) as connection:
        connection.execute(statement)
        connection.commit()
    result = local("doctor")
    assert (result.code, list(failed(result))) == (code, [check])
    assert reason in failed(result)[check][1]


@pytest.mark.parametrize("has_copy", [True, False])
@pytest.mark.parametrize(
    ("damage", "code"), [("DROP TABLE changes", 6), ("DELETE FROM todo_version", 6), ("noise", 5)]
)
def test_only_copies_that_exist_are_named(
    local: Todo, damage: str, code: int, has_copy: bool
) -> None:
    store = local.home / "tasks.db"
    local.ok("add", "Task")
    copies = [embedded.back_up(store), embedded.back_up(store)] if has_copy else []
    if damage == "noise":
        with open(store, "r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * 40_000)
    else:
        with closing(sqlite3.connect(store)) as connection:
            connection.execute(damage)
            connection.commit()
    hint = (
        f"copy {copies[-1]} to {store}"
        if copies
        else "if you have a copy of it, put that in its place"
    )

    for argv in (["doctor"], ["log"], ["add", "x"]):
        said = local(*argv)
        assert said.code == code
        assert said.err.endswith(f"hint: {hint}\n"), argv
    if copies:
        shutil.copy(str(copies[-1]), store)
        local.ok("doctor")
        assert [task["title"] for task in local.tasks()] == ["Task"]


@pytest.mark.skipif(os.name == "nt", reason="platform: POSIX permissions")
def test_a_folder_that_is_not_only_ones_own_is_noted(local: Todo) -> None:
    local.ok("add", "Task")
    local.home.chmod(0o777)
    status, detail = checks(local.ok("doctor"))["file"]
    assert status == "note"
    assert f"others on this machine may replace it: {local.home} is writable for them" in detail

    local.home.chmod(0o700)
    assert checks(local.ok("doctor"))["file"][0] == "ok"


@pytest.mark.skipif(os.geteuid() != 0, reason="platform: only root can give a folder away")
def test_a_folder_of_another_user_is_noted(local: Todo) -> None:
    local.ok("add", "Task")
    os.chown(local.home, 65534, 65534)
    status, detail = checks(local.ok("doctor"))["file"]
    assert (status, f"{local.home} belongs to another user (uid 65534)" in detail) == ("note", True)


def test_a_damaged_file(local: Todo) -> None:
    local.ok("add", "Task")
    for name in ("tasks.db-wal", "tasks.db-shm"):
        (local.home / name).unlink(missing_ok=True)
    (local.home / "tasks.db").write_bytes(b"This is no database.\n" * 1000)
    result = local("doctor")
    assert (result.code, list(failed(result))) == (5, ["query"])


def test_an_older_store_is_noted(local: Todo) -> None:
    local.ok("db", "upgrade")
    local.ok("db", "downgrade", "base", "--yes")
    assert local("doctor").code == 6


def test_a_store_without_its_identity(local: Todo) -> None:
    local.ok("add", "Task")
    (local.home / "identity.json").unlink()
    result = local("doctor")
    assert (result.code, list(failed(result))) == (4, ["token"])
    assert not (local.home / "identity.json").exists()
    refused = local("add", "Task")
    assert (refused.code, failed(result)["token"][1] in refused.err) == (4, True)
    assert result.err in refused.err


def test_a_store_with_the_identity_of_another(local: Todo, tmp_path: Path) -> None:
    other = Hasty(tmp_path / "other", now=local.now)
    for person in (local, other):
        person.ok("add", "Task")
    (other.home / "identity.json").rename(local.home / "identity.json")
    (other.home / "token").rename(local.home / "token")
    result = local("doctor")
    assert (result.code, list(failed(result))) == (4, ["user"])
    for argv in (["list"], ["add", "Task"], ["whoami"]):
        refused = local(*argv)
        assert (refused.code, refused.err.endswith(result.err)) == (4, True)


def test_a_damaged_connection_is_no_fault_of_the_keyring(ann: Todo) -> None:
    (ann.home / "connection.json").write_text("{")
    result = ann("doctor")
    assert (result.code, list(failed(result))) == (4, ["store"])
    assert checks(result)["keyring"] == ("skipped", "it is not known which store to use")
    assert "is damaged" in failed(result)["store"][1]


def test_secrets_that_others_may_read(ann: Todo) -> None:
    for path in (ann.home / "secrets").iterdir():
        path.chmod(0o644)
    result = ann("doctor")
    assert (result.code, list(failed(result))) == (4, ["keyring"])
