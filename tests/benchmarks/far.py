"""A server that is far away: 40 ms there and back, for the program and for `psql`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.benchmarks.distance import Distance
from tests.benchmarks.ours import URL, Agents, Neontodo
from tests.benchmarks.stores import Sample, Store, environment
from tests.databases import Postgres

ROUND_TRIP = 0.04
SELECT = (
    "SELECT number, completed, priority, due_on, due_at, project, tags, title FROM tasks"
    " WHERE NOT completed ORDER BY due_on, due_at, number LIMIT 20"
)


class FarPostgres(Postgres):
    """A server at the end of a long way, to which every connection is encrypted and checked."""

    def url(self, database: str, user: str = "postgres", password: str | None = None) -> str:
        """The connection string, as strict as those of Neon should be."""
        options = f"sslmode=verify-full&sslrootcert={quote(self.ca_file, safe='/')}"
        return f"{super().url(database, user, password)}?{options}"


@dataclass(frozen=True)
class Psql:
    """One statement, sent by the client that comes with Postgres."""

    program: str
    agents: Agents
    server: Postgres
    via: Postgres
    name: str = "psql"

    def open(self, home: Path, sample: Sample) -> Store:
        """Make a store of our own."""
        ours = Neontodo(self.agents, False, self.server, self.via).open(home, sample)
        argv = (self.program, "-XAtc", SELECT, ours.env[URL])
        return Store(environment(home), {"list": argv}, close=ours.close)


@contextmanager
def far(server: Postgres) -> Iterator[FarPostgres]:
    """The same server, seen from far away."""
    with closing(Distance(server.port, ROUND_TRIP)) as distance:
        yield FarPostgres(**server.address() | {"port": distance.port})


def find_psql() -> str | None:
    """The program itself: what Debian has on PATH is a script that looks for it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
    return str(found[-1]) if found else shutil.which("psql")
