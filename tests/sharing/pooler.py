"""PgBouncer in transaction mode in front of a test's Postgres: it stands for Neon's pooler."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.databases import Postgres
from tests.postgres import free_port
from tests.tools import require_tool

PATIENCE = 20.0
SETTINGS = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = {size}
auth_type = scram-sha-256
auth_file = {users}
auth_user = postgres
ignore_startup_parameters = extra_float_digits
"""


PREPARES_SINCE = (1, 21)
"""Before, PgBouncer knows no prepared statements, nor the setting about them."""


def version() -> tuple[int, ...]:
    """PgBouncer's, such as `(1, 18, 0)`."""
    said = subprocess.run([require_tool("pgbouncer"), "-V"], capture_output=True, text=True)
    return tuple(map(int, said.stdout.split()[1].split(".")))


@contextmanager
def pooler(server: Postgres, *, size: int = 1, prepared: int = 0) -> Iterator[int]:
    """Run PgBouncer with so many connections for each login role, and lend its port.

    With `prepared`, it prepares so many statements for its clients, as Neon's does.
    """
    program = require_tool("pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="neontodo-pgbouncer-"))
    port = free_port()
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"postgres" "{server.password}"\n')
    text = SETTINGS.format(server=server.port, port=port, users=users, size=size)
    if version() >= PREPARES_SINCE:
        text += f"max_prepared_statements = {prepared}\n"
    settings.write_text(text)
    process = subprocess.Popen(
        [program, "-q", str(settings)], stderr=subprocess.DEVNULL, **_account(folder)
    )
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder)


def _account(folder: Path) -> dict[str, Any]:
    """PgBouncer refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("pgbouncer did not start")
