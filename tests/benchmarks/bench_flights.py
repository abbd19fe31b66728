"""How often a command waits for a Postgres that is far away, beside `psql`, in one run.

`python -m tests.benchmarks.bench_flights` prints a Markdown table: round trips as counted on the
way, and as the clock has them (how much longer the command takes than from nearby, the best of
some rounds each), and whether DESIGN's budgets are kept. The server is a Postgres 17 that speaks
TLS; the pooler is PgBouncer in front of it, in plain text.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from tests.benchmarks.distance import Distance
from tests.benchmarks.output import say
from tests.benchmarks.warm import Warm
from tests.harness import Todo
from tests.postgres import PostgresServer
from tests.postgres_bin import wheel
from tests.sharing.pooler import pooler

DATABASE = "flights"
LIST, ADD = ("list",), ("add", "Buy milk")


@dataclass(frozen=True)
class Line:
    """One line of the table; without a budget it is there to be compared with."""

    what: str
    counted: int
    timed: float
    budget: int | None = None

    def __str__(self) -> str:
        verdict = ""
        if self.budget is not None:
            verdict = f"{'kept' if self.counted <= self.budget else 'MISSED'} (≤ {self.budget})"
        return f"| {self.what} | {self.counted} | {self.timed:.1f} | {verdict} |"


@dataclass
class Scene:
    """Somebody with a few tasks on a server, which is seen from far away."""

    server: PostgresServer
    far: Distance
    person: Todo
    parameters: Mapping[str, str]
    rounds: int

    @property
    def url(self) -> str:
        query = "&".join(f"{name}={quote(text, safe='')}" for name, text in self.parameters.items())
        plain = self.server.url(DATABASE).replace(f":{self.server.port}/", f":{self.far.port}/")
        return f"{plain}?{query}"

    def line(self, what: str, run: Callable[[], object], budget: int | None = None) -> Line:
        """Run something from nearby and from far away in turn, and count."""
        distance = self.far.round_trip
        times: dict[float, list[float]] = {0.0: [], distance: []}
        for _ in range(self.rounds):
            for self.far.round_trip, taken in times.items():
                self.far.flights, start = 0, time.perf_counter()
                run()
                taken.append(time.perf_counter() - start)
        timed = (min(times[distance]) - min(times[0.0])) / distance
        return Line(what, self.far.flights, timed, budget)

    def process(self, command: list[str], **env: str) -> Callable[[], object]:
        """A program from its start to its end."""
        settings = os.environ | {"TODO_AGENT": "off"} | env  # noqa: TID251
        return partial(subprocess.run, command, env=settings, check=True, capture_output=True)

    def fresh(self, *argv: str, **env: str) -> Callable[[], object]:
        """A command in a process of its own."""
        settings = self.person.environment | {"TODO_DATABASE_URL": self.url} | env
        return self.process([sys.executable, "-m", "neontodo", *argv], **settings)

    def psql(self) -> Callable[[], object]:
        """What Postgres's own client does for one statement."""
        program = f"{self.server.bin_dir}/psql"
        return self.process([program, self.url, "-XAtc", "SELECT count(*) FROM tasks"])

    def warm(self, where: str, *, direct: bool, read: int, write: int) -> Iterator[Line]:
        """Commands on what an earlier one has left open."""
        env = self.person.env | {"TODO_DATABASE_URL": self.url}
        person = Warm(self.person.home, env)
        for argv in (LIST, ADD):
            person.seconds(*argv)
        assert person.rest() == direct
        for argv, budget in ((LIST, read), (ADD, write)):
            person.seconds(*argv)
            yield self.line(f"warm {argv[0]}, {where}", partial(person.seconds, *argv), budget)
        person.close()


def measured(scene: Scene, pooled: Scene) -> Iterator[Line]:
    token = scene.person.ok("token", "create", "--name", "ci").out.strip()
    direct = replace(scene, parameters={**scene.parameters, "sslnegotiation": "direct"})
    for place, where in ((direct, "direct TLS, as on Neon"), (scene, "TLS on request")):
        yield place.line(f"psql 17, {where}", place.psql())
        for argv, budget in ((LIST, 8), (ADD, 14)):
            what = f"fresh {argv[0]}, {where}"
            yield place.line(what, place.fresh(*argv), budget)
            bearing = place.fresh(*argv, TODO_TOKEN=token)
            yield place.line(f"{what}, TODO_TOKEN", bearing, budget + 2)
    yield from direct.warm("direct host", direct=True, read=1, write=5)
    yield pooled.line("psql 17, PgBouncer", pooled.psql())
    for argv in (LIST, ADD):
        yield pooled.line(f"fresh {argv[0]}, PgBouncer", pooled.fresh(*argv))
    yield from pooled.warm("PgBouncer", direct=False, read=2, write=8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--distance", type=float, default=40.0, help="milliseconds there and back")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with ExitStack() as stack:
        server = PostgresServer.start(bin_dir=next(wheel()))
        stack.callback(server.stop)
        server.create_database(DATABASE)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        person = Todo(folder, {"TODO_DATABASE_URL": server.url(DATABASE)})
        person.ok("db", "upgrade")
        person.ok("add", "Who has no tasks is asked for twice")
        far, to_pooler = (
            Distance(port, given.distance / 1000)
            for port in (server.port, stack.enter_context(pooler(server)))
        )
        stack.callback(far.close)
        stack.callback(to_pooler.close)
        verified = {"sslmode": "verify-full", "sslrootcert": server.ca_file}
        scene = Scene(server, far, person, verified, given.rounds)
        pooled = Scene(server, to_pooler, person, {"sslmode": "disable"}, given.rounds)
        say(f"| {given.distance:.0f} ms away | round trips counted | timed | budget |")
        say("|---|---:|---:|---|")
        for line in measured(scene, pooled):
            say(str(line))


if __name__ == "__main__":
    main()
