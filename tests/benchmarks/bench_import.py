"""How fast an import is beside the engines' own bulk inserts, and how much memory it takes.

`python -m tests.benchmarks.bench_import` prints a Markdown table. All of it is measured in one run,
the best of some rounds each: on a busy machine only the ratios mean something. An import is a whole
process, its start included; the raw inserts are the same rows, log and all, without it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import asyncpg

from tests.benchmarks.data import FORMATS, write
from tests.benchmarks.output import say
from tests.databases import Postgres
from tests.postgres import PostgresServer

CHUNK = 1000
TABLES = ("changes", "tasks")
FEW = 10_000


@dataclass(frozen=True)
class Run:
    """What one round took; the peak of memory in MB, where a process of its own was measured."""

    seconds: float
    cpu: float
    peak: float | None = None


@dataclass(frozen=True)
class Store:
    """A fresh store: how `todo` finds it, and a raw insert of all rows of another such store."""

    env: dict[str, str]
    raw: Callable[[], Run]


def todo(env: dict[str, str], *argv: str) -> Run:
    """Run a command as a process and measure it."""
    settings = {**os.environ, **env, "TODO_AGENT": "off"}  # noqa: TID251
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "neontodo", *argv], env=settings, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, argv
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def sqlite_stores(folder: Path) -> Iterator[Store]:
    for number in count():
        home = folder / f"home-{number}"
        env = {"TODO_DATA_DIR": str(home)}
        yield Store(env, partial(raw_sqlite, home / "tasks.db"))


def raw_sqlite(imported: Path) -> Run:
    """Insert the rows of a store into an empty copy of it, as fast as the driver can."""
    copy = imported.with_name("raw.db")
    with closing(sqlite3.connect(imported)) as source, closing(sqlite3.connect(copy)) as target:
        target.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        target.execute("PRAGMA foreign_keys = ON")
        for (statement,) in source.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"):
            target.execute(statement)
        for user in source.execute("SELECT * FROM users"):
            target.execute(_insert("users", len(user), "?"), user)
        target.commit()
        rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
        start, cpu = time.perf_counter(), time.process_time()
        for at in range(0, len(rows["tasks"]), CHUNK):
            for table in TABLES:
                part = rows[table][at : at + CHUNK]
                target.executemany(_insert(table, len(part[0]), "?"), part)
        target.commit()
        return Run(time.perf_counter() - start, time.process_time() - cpu)


def postgres_stores(folder: Path, server: Postgres) -> Iterator[Store]:
    for number in count():
        names = (f"imported_{number}", f"raw_{number}")
        urls = [server.url(name) for name in names]
        env = {"TODO_DATA_DIR": str(folder / "home"), "TODO_DATABASE_URL": urls[0]}
        for name, url in zip(names, urls, strict=True):
            server.create_database(name)
            todo(env | {"TODO_DATABASE_URL": url}, "db", "upgrade")
        yield Store(env, partial(raw_postgres, *urls))
        for name in names:
            server.drop_database(name)


def raw_postgres(imported: str, copy: str) -> Run:
    """The same on Postgres; the copy has its user already."""
    return asyncio.run(_copied(imported, copy))


async def _copied(imported: str, copy: str) -> Run:
    source, target = await asyncpg.connect(imported), await asyncpg.connect(copy)
    rows = {table: await source.fetch(f"SELECT * FROM {table}") for table in TABLES}
    start, cpu = time.perf_counter(), time.process_time()
    async with target.transaction():
        for at in range(0, len(rows["tasks"]), CHUNK):
            for table in TABLES:
                part = [tuple(row) for row in rows[table][at : at + CHUNK]]
                await target.executemany(_insert(table, len(part[0]), "$"), part)
    run = Run(time.perf_counter() - start, time.process_time() - cpu)
    await source.close()
    await target.close()
    return run


def _insert(table: str, columns: int, mark: str) -> str:
    marks = ("?" if mark == "?" else f"${n}" for n in range(1, columns + 1))
    return f"INSERT INTO {table} VALUES ({', '.join(marks)})"


def measure(engine: str, stores: Iterator[Store], folder: Path, tasks: int, rounds: int) -> None:
    """Print the rows of one engine."""
    # In a process of its own: the memory of this one would count for those that it starts.
    apart = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    raws: list[Run] = []
    few: dict[str, Run] = {}
    imports: dict[str, list[Run]] = {format: [] for format in FORMATS}
    for format in FORMATS:
        few[format] = todo(next(stores).env, "import", str(folder / f"{format}-{FEW}.json"))
        for _ in range(rounds):
            store = next(stores)
            imports[format].append(
                todo(store.env, "import", str(folder / f"{format}-{tasks}.json"))
            )
            raws.append(apart.submit(store.raw).result())
    apart.shutdown()
    raw = best(raws)
    row(f"raw executemany, {engine}", tasks, raw, raw, None)
    for format, runs in imports.items():
        row(f"import {format}, {engine}", tasks, best(runs), raw, few[format])


def best(runs: list[Run]) -> Run:
    return min(runs, key=lambda run: run.seconds)


def row(what: str, tasks: int, run: Run, raw: Run, few: Run | None) -> None:
    ratio = f"{run.seconds / raw.seconds:.2f}"
    memory = f"{few.peak:.0f} | {run.peak:.0f}" if few else " | "
    say(f"| {what} | {tasks / run.seconds:,.0f} | {ratio} | {run.cpu:.2f} | {memory} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    say(f"| what | tasks/s | time to raw | CPU s | MB at {FEW:,} | MB at {given.tasks:,} |")
    say("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for format in FORMATS:
            for number in (FEW, given.tasks):
                write(folder / f"{format}-{number}.json", format, number)
        measure("SQLite", sqlite_stores(folder), folder, given.tasks, given.rounds)
        server = PostgresServer.start()
        try:
            stores = postgres_stores(folder, server)
            measure("Postgres", stores, folder, given.tasks, given.rounds)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
