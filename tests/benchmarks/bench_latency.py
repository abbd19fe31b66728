"""How long commands take beside other task managers: whole processes, medians of taking turns.

`python -m tests.benchmarks.bench_latency` prints Markdown tables; see README.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import chart, computer, report
from tests.benchmarks.far import Psql, far, find_psql
from tests.benchmarks.ours import TODO, Agents, Baselines, Neontodo
from tests.benchmarks.output import say
from tests.benchmarks.race import Results, race
from tests.benchmarks.rivals import (
    Taskwarrior,
    Todoman,
    TodoTxt,
    Topydo,
    find_topydo,
    version,
)
from tests.benchmarks.stores import COMMANDS, Sample, Tool
from tests.databases import Postgres
from tests.postgres import PostgresServer
from tests.postgres_bin import NoPostgres

SIZES = (5, 1_000, 10_000, 100_000)
ENTRANTS = ("neontodo", "postgres", "taskwarrior", "todotxt", "todoman", "topydo", "network")
FAR_ROUNDS = 5


@dataclass
class Run:
    """What one run measures, and what it found."""

    folder: Path
    agents: Agents
    rounds: int
    server: Postgres | None = None
    tools: list[Tool] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    results: Results = field(default_factory=Results)
    distant: Results = field(default_factory=Results)


def main() -> None:
    given = _options()
    start = time.perf_counter()
    out, drawing = (path and path.resolve() for path in (given.out, given.chart))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="latency-")))
        # The path of a socket must be short.
        runtime = stack.enter_context(tempfile.TemporaryDirectory(prefix="todo-", dir="/tmp"))
        # Some of the others look for their settings here.
        stack.callback(os.chdir, Path.cwd())
        os.chdir(folder)
        run = Run(folder, Agents(Path(runtime)), given.rounds)
        _enter(run, given.only, given.topydo, stack)
        for size in given.sizes:
            say(f"{size:,} tasks …")
            race(run.tools, Sample.write(folder, size), folder, run.rounds, run.results)
        if run.server and "network" in given.only:
            say("far away …")
            _go_far(run, near(given.sizes))
        text = "\n".join(_document(run, given.sizes, time.perf_counter() - start)) + "\n"
    say(text)
    if out:
        out.write_text(text)
    if drawing:
        drawing.write_text(_chart(run, near(given.sizes)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each command is run")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="TASKS")
    parser.add_argument("--only", nargs="+", choices=ENTRANTS, default=ENTRANTS, metavar="NAME")
    parser.add_argument("--topydo", metavar="PATH", help="else on PATH, else from PyPI")
    parser.add_argument("--out", type=Path, help="write the tables here, too")
    parser.add_argument("--chart", type=Path, help="draw a chart here, as SVG")
    return parser.parse_args()


def _enter(run: Run, only: Sequence[str], topydo: str | None, stack: ExitStack) -> None:
    """Find out who is there."""
    run.tools.append(Baselines())
    if "neontodo" in only:
        run.tools += [Neontodo(run.agents, warm) for warm in (True, False)]
        run.versions.append(f"neontodo {version(TODO, '--version')}")
    if "postgres" in only or "network" in only:
        try:
            server = PostgresServer.start()
            stack.callback(server.stop)
            run.server = server
        except NoPostgres as reason:
            run.absent.append(f"Postgres ({reason})")
    if run.server:
        run.versions.append(f"Postgres {run.server.version}")
        if "postgres" in only:
            run.tools += [Neontodo(run.agents, warm, run.server) for warm in (True, False)]
    for rival in RIVALS:
        if rival.key in only:
            rival.enter(run, topydo)


@dataclass(frozen=True)
class Rival:
    """Another task manager: how `--only` calls it, its program, and how that tells its version."""

    key: str
    program: str
    make: Callable[[str], Tool]
    version: str = "--version"

    def enter(self, run: Run, topydo: str | None) -> None:
        """Have it take part if it is installed."""
        own = find_topydo(topydo, run.folder / "topydo") if self.key == "topydo" else None
        program = own or shutil.which(self.program)
        if program is None:
            run.absent.append(f"`{self.program}`")
            return
        tool = self.make(program)
        run.tools.append(tool)
        run.versions.append(f"{tool.name} {version(program, self.version)}")


RIVALS = (
    Rival("taskwarrior", "task", Taskwarrior),
    Rival("todotxt", "todo-txt", TodoTxt, "-V"),
    Rival("todoman", "todoman", Todoman),
    Rival("topydo", "topydo", Topydo, "-v"),
)


def _go_far(run: Run, size: int) -> None:
    assert run.server
    psql = find_psql()
    if psql is None:
        run.absent.append("`psql`")
    with far(run.server) as via:
        folder = run.folder / "far"
        folder.mkdir()
        tools: list[Tool] = [Neontodo(run.agents, warm, run.server, via) for warm in (True, False)]
        if psql:
            run.versions.append(f"psql {version(psql, '--version')}")
            tools.insert(0, Psql(psql, run.agents, run.server, via))
        sample = Sample.write(folder, size)
        race(tools, sample, folder, min(run.rounds, FAR_ROUNDS), run.distant)


def near(sizes: Sequence[int]) -> int:
    """The size that budgets are about, else the largest there is."""
    return report.FOCUS if report.FOCUS in sizes else max(sizes)


def _document(run: Run, sizes: Sequence[int], seconds: float) -> Iterator[str]:
    """All of what is printed."""
    size = near(sizes)
    names = [tool.name for tool in run.tools if not isinstance(tool, Baselines)]
    yield from _introduction(run, seconds)
    yield from ("\n## Budgets\n", *report.budgets(run.results))
    yield from (
        f"\n## Before any work\n\nAmong {size:,} tasks.\n",
        *report.baselines(run.results, size),
    )
    for size in sizes:
        yield f"\n## {size:,} tasks\n\n{report.rounds(run.results, size)}.\n"
        yield from report.tools(run.results, names, size)
    if run.distant.times:
        yield from _far_away(run, near(sizes))


def _introduction(run: Run, seconds: float) -> Iterator[str]:
    yield "# Benchmarks\n"
    yield "Written by `python -m tests.benchmarks`; what is run, and how, is in"
    yield "[tests/benchmarks/README.md](../tests/benchmarks/README.md).\n"
    yield "![Times of commands beside other task managers](benchmarks.svg)\n"
    yield f"- Machine: {computer.described()}; load average {os.getloadavg()[1]:.1f}."
    yield f"- Versions: {', '.join(run.versions)}."
    if run.absent:
        yield f"- Left out, not installed: {', '.join(run.absent)}."
    if run.agents.asked:
        agents = run.agents
        yield f"- Warm: {agents.served:,} of {agents.asked:,} commands were run by an agent."
    yield f"- It took {seconds:.0f} s."
    yield "- –: the tool has no such command, or was left out as it says below the table."


def _far_away(run: Run, size: int) -> Iterator[str]:
    rounds = report.rounds(run.distant, size)
    yield f"\n## {size:,} tasks on Postgres, 40 ms away\n"
    yield f"{rounds}; in brackets as round trips of 40 ms."
    yield "TLS with the server's certificate checked.\n"
    names = list(dict.fromkeys(name for _, name, _ in run.distant.times))
    yield from report.distance(run.distant, names, size)


def _chart(run: Run, size: int) -> str:
    names = [tool.name for tool in run.tools if not isinstance(tool, Baselines)]
    groups = {
        command: {
            name: seconds
            for name in names
            if (seconds := run.results.median(size, name, command)) is not None
        }
        for command in ("list", *(c for c in COMMANDS if c != "list"))
    }
    title = f"Time of one command with {size:,} tasks (logarithmic scale)"
    ours = [name for name in names if name.startswith("neontodo")]
    return chart.drawn(title, {c: g for c, g in groups.items() if g}, ours)


if __name__ == "__main__":
    main()
