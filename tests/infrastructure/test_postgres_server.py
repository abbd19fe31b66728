"""The server that the tests run on: found, reached, copied from, killed, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from tests.databases import Postgres, TemplateDatabases
from tests.postgres import PostgresServer
from tests.postgres_bin import NoPostgres, candidates, find_bin, is_usable, version, wheel

ROOT = Path(__file__).parents[2]


def ask(url: str, query: str, secure: ssl.SSLContext | bool = False) -> object:
    async def asked() -> object:
        connection = await asyncpg.connect(url, ssl=secure)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(asked())


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run_pytest(folder: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "."]
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    clean = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), **quick, **env}
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)


def test_it_answers_with_the_version_that_was_found(postgres_server: Postgres) -> None:
    answer = ask(postgres_server.url("postgres"), "SHOW server_version")
    assert str(answer).split(" ")[0] == postgres_server.version


def test_it_wants_the_password(postgres_server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(postgres_server.url("postgres", password="wrong"), "SELECT 1")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_its_certificate_is_good_for(postgres_server: Postgres, host: str) -> None:
    url = postgres_server.url("postgres").replace("127.0.0.1", host)
    verified = ssl.create_default_context(cafile=postgres_server.ca_file)
    secure = ask(url, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", verified)
    assert secure is True


def test_a_strange_user_and_password_survive_the_url(postgres_server: Postgres) -> None:
    postgres_server.execute("""CREATE ROLE "a b@c/d" LOGIN PASSWORD 'p:w?d#%'""")
    url = postgres_server.url("postgres", user="a b@c/d", password="p:w?d#%")
    assert ask(url, "SELECT current_user") == "a b@c/d"
    postgres_server.execute('DROP ROLE "a b@c/d"')


def test_a_copy_has_what_the_template_has_and_shares_nothing(postgres_server: Postgres) -> None:
    prepared: list[str] = []

    async def prepare(url: str) -> None:
        prepared.append(url)
        connection = await asyncpg.connect(url, ssl=False)
        await connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        await connection.close()

    databases = TemplateDatabases(postgres_server, prepare)
    with databases.cloned() as first, databases.cloned() as second:
        ask(first, "UPDATE t SET n = 2 RETURNING n")
        assert (ask(first, "SELECT n FROM t"), ask(second, "SELECT n FROM t")) == (2, 1)
    assert len(prepared) == 1


def test_a_released_copy_goes_with_the_next_one(postgres_server: Postgres) -> None:
    async def prepare(url: str) -> None:
        """An empty template will do."""

    databases = TemplateDatabases(postgres_server, prepare)
    old = databases.clone("gone")
    databases.release(old)
    new = databases.clone("gone")
    names = "SELECT array_agg(datname::text) FROM pg_database WHERE datname LIKE 'gone%'"
    assert ask(postgres_server.url("postgres"), names) == [new]
    postgres_server.drop_database(new)


@pytest.mark.slow
def test_what_was_committed_outlives_a_kill_and_a_restart(own_postgres: PostgresServer) -> None:
    own_postgres.execute("CREATE TABLE t AS SELECT 1 AS n")
    own_postgres.kill()
    assert not listens(own_postgres.port)
    own_postgres.restart()
    own_postgres.execute("UPDATE t SET n = 2")
    own_postgres.restart()
    assert ask(own_postgres.url("postgres"), "SELECT n FROM t") == 2


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_test_run_that_is_ended_leaves_nothing_behind(how: signal.Signals) -> None:
    script = (
        "import time; from tests.postgres import PostgresServer; s = PostgresServer.start();"
        "print(s.port, s.ca_file, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        port, ca_file = run.stdout.readline().decode().split()
        assert listens(int(port))
        run.send_signal(how)
    folder, deadline = Path(ca_file).parent, time.monotonic() + 30
    while time.monotonic() < deadline and (folder.exists() or listens(int(port))):
        time.sleep(0.05)
    assert (folder.exists(), listens(int(port))) == (False, False)


@pytest.mark.slow
def test_workers_share_one_server(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('n', range(4))\n"
        "def test_port(n, postgres_server):\n"
        "    postgres_server.execute('SELECT 1')\n"
        "    name = os.environ['PYTEST_XDIST_WORKER']\n"
        "    pathlib.Path(name).write_text(str(postgres_server.port))\n"
    )
    run = run_pytest(tmp_path, "-p", "tests.postgres_plugin", "-p", "xdist", "-n", "2")
    assert run.returncode == 0, run.stdout + run.stderr
    ports = {name: (tmp_path / name).read_text() for name in ("gw0", "gw1")}
    assert ports["gw0"] == ports["gw1"]
    assert not listens(int(ports["gw0"]))


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_no_postgres_at_all_ends_the_run_with_a_hint(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(postgres_server): pass\n")
    options = ("-p", "tests.postgres_plugin", "-p", "xdist", "-n", workers)
    run = run_pytest(tmp_path, *options, TODO_TEST_POSTGRES_BIN=str(tmp_path))
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"`TODO_TEST_POSTGRES_BIN` is `{tmp_path}`" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_a_folder_with_only_a_client_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "psql").symlink_to(sys.executable)
    assert not is_usable(tmp_path)


def test_the_first_usable_candidate_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TODO_TEST_POSTGRES_BIN", raising=False)
    assert find_bin() == next(folder for folder in candidates() if is_usable(folder))


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).symlink_to(find_bin() / name)
    monkeypatch.setenv("TODO_TEST_POSTGRES_BIN", str(tmp_path))
    assert find_bin() == tmp_path


def test_an_old_server_is_not_usable(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n")
        (tmp_path / name).chmod(0o755)
    assert version(tmp_path) == "9.6"
    assert not is_usable(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="platform: the wheel exists for Linux")
@pytest.mark.slow
def test_the_wheel_has_a_server_too() -> None:
    server = PostgresServer.start(bin_dir=next(wheel()))
    try:
        assert str(ask(server.url("postgres"), "SHOW server_version")) == server.version
    finally:
        server.stop()


def test_a_machine_without_a_server_gets_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODO_TEST_POSTGRES_BIN", "/nowhere")
    with pytest.raises(NoPostgres, match="TODO_TEST_POSTGRES_BIN"):
        find_bin()
