"""A real Postgres server for the tests: on loopback, in a temporary folder, never left behind."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.certificates import write_certificates
from tests.databases import Postgres
from tests.janitor import Janitor
from tests.postgres_bin import NoPostgres, find_bin, version

_PATIENCE = 60.0
_LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
ssl = on
timezone = 'UTC'
log_timezone = 'UTC'
# Nothing here has to outlive the machine. What was committed does outlive a killed server, so
# `synchronous_commit` stays on; it is cheap without fsync.
fsync = off
full_page_writes = off
"""


class PostgresServer(Postgres):
    """A server of our own, in a temporary folder, on a free port of 127.0.0.1.

    `start` gives a running one, `stop` removes it. In between `kill` and `restart` play the
    accidents of real life, and what was committed is still there afterwards.
    """

    _folder: Path
    _account: dict[str, Any]
    _janitor: Janitor
    _process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, parent: Path | None = None, bin_dir: Path | None = None) -> PostgresServer:
        """Make and start a server; a parent folder must be open to the server's user."""
        programs, account = bin_dir or find_bin(), _account()
        folder = Path(tempfile.mkdtemp(prefix="neontodo-postgres-", dir=parent or _roomy()))
        server = cls(
            port=free_port(),
            password=secrets.token_hex(8),
            ca_file=str(folder / "ca.pem"),
            version=version(programs),
            bin_dir=str(programs),
        )
        server._folder, server._account, server._janitor = folder, account, Janitor(folder)
        try:
            server._make()
            server._boot()
        except BaseException:
            server._janitor.finish()
            raise
        return server

    def stop(self) -> None:
        """Stop at once and remove everything."""
        self._halt(signal.SIGQUIT)
        self._janitor.finish()

    def kill(self) -> None:
        """End the server as `kill -9` does; its port refuses until `restart`."""
        self._halt(signal.SIGKILL)

    def restart(self) -> None:
        """Stop as an administrator does, where it still runs, and start again on the same port."""
        self._halt(signal.SIGINT)
        self._boot()

    def log(self) -> str:
        """What the server has said so far."""
        return (self._folder / "log").read_text(errors="replace")

    def _make(self) -> None:
        self._share()
        secret, data = self._folder / "password", self._folder / "data"
        secret.write_text(self.password)
        self._give(secret)
        encoding = ["--encoding=UTF8", f"--locale={_LOCALE}"]
        access = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256"]
        command = [f"{self.bin_dir}/initdb", f"--pgdata={data}", "--no-sync", *encoding, *access]
        done = subprocess.run(command, capture_output=True, text=True, **self._account)
        if done.returncode:
            raise RuntimeError(f"`initdb` failed:\n{done.stdout}{done.stderr}")
        cert, key = data / "server.crt", data / "server.key"
        write_certificates(Path(self.ca_file), cert, key)
        self._give(cert, key)
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(f"{_SETTINGS}port = {self.port}\n")

    def _share(self) -> None:
        """Let the server's user into the folder, and into the programs if root's are closed."""
        self._give(self._folder)
        try:
            subprocess.run([f"{self.bin_dir}/postgres", "-V"], capture_output=True, **self._account)
        except PermissionError:
            copy = self._folder / "server"
            shutil.copytree(Path(self.bin_dir).parent, copy, symlinks=True)
            self.bin_dir = str(copy / "bin")

    def _give(self, *paths: Path) -> None:
        if self._account["user"] is not None:
            for path in paths:
                os.chown(path, self._account["user"], self._account["group"])

    def _boot(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._boots():
            # Backends of a killed server need a moment to notice that it is gone.
            if "is still in use" not in self.log()[-1000:] or time.monotonic() > deadline:
                raise RuntimeError(f"Postgres did not start:\n{self.log()[-2000:]}")
            time.sleep(0.1)

    def _boots(self) -> bool:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [f"{self.bin_dir}/postgres", "-D", str(self._folder / "data")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._account,
            )
        deadline = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return True
            time.sleep(0.01)
        return False

    def _is_ready(self) -> bool:
        status = self._folder / "data" / "postmaster.pid"
        lines = status.read_text().split("\n") if status.exists() else []
        return len(lines) > 7 and lines[0] == str(self._process.pid) and "ready" in lines[7]

    def _halt(self, how: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)


def _roomy() -> Path:
    """Memory if there is plenty: a copy of a database takes 10 ms there, up to 150 on a disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return Path(tempfile.gettempdir())
    return memory if shutil.disk_usage(memory).free >= 2 * 1024**3 else Path(tempfile.gettempdir())


def _account() -> dict[str, Any]:
    """How a process of the server is run: never as root, and not bent by our environment."""
    options: dict[str, Any] = {"cwd": "/", "env": {"LC_ALL": "C", "PATH": os.defpath}}
    if os.geteuid() != 0:
        return {**options, "user": None, "group": None, "extra_groups": None}
    for name in (os.getenv("TODO_TEST_POSTGRES_USER", "postgres"), "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {**options, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoPostgres(
        "Postgres refuses to run as root, and there is no user `postgres` or `nobody`; "
        "name another in `TODO_TEST_POSTGRES_USER`"
    )


def free_port() -> int:
    """A port below those that the system gives to clients, so that it stays free in a restart."""
    while True:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
