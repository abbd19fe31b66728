"""neontodo in its forms, and what a process costs before it does anything."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from neontodo.launcher import client, protocol
from tests.benchmarks.stores import FREQUENT, NEW, TITLE, WORD, Sample, Store, environment
from tests.benchmarks.timing import Argv, Failed
from tests.databases import Postgres

TODO = str(Path(sys.executable).with_name("todo"))
URL, RUNTIME = "TODO_DATABASE_URL", "XDG_RUNTIME_DIR"
STARTING = 30.0
RESTING = 1.5
"""Seconds in which an agent that is left alone finds the fastest way to its store."""
STEPS: Mapping[str, Argv] = {
    "add": (TODO, "add", *TITLE),
    "list": (TODO, "list", "--limit", "20"),
    "search": (TODO, "search", WORD, "--limit", "20"),
    "frequent": (TODO, "search", FREQUENT, "--limit", "20"),
    "done": (TODO, "done", NEW),
}


@dataclass
class Agents:
    """All agents of a run, and how much they did of what they should.

    Attributes:
        runtime: a folder with a short name; the agent of each store listens in one of its own.
    """

    runtime: Path
    asked: int = 0
    served: int = 0

    def prepare(self, env: Mapping[str, str]) -> int:
        """Have an agent for a store, and give the number of commands it has run."""
        end = time.monotonic() + STARTING
        while not (number := served(env)):
            if time.monotonic() > end:
                raise Failed("no agent answers")
            todo(env, "list", "--limit", "1")
        time.sleep(RESTING)
        return number

    def dismiss(self, store: Store, before: int) -> None:
        """Count what a store's agent has done, and end it."""
        self.asked += store.runs
        self.served += max(0, served(store.env) - before)
        ask(store.env, protocol.STOP)


@dataclass(frozen=True)
class Neontodo:
    """Our own program, with an agent or without, on SQLite or on a server.

    Attributes:
        via: the same server, as it is seen from where the commands run.
    """

    agents: Agents
    warm: bool
    server: Postgres | None = None
    via: Postgres | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        engine = "Postgres" if self.server else "SQLite"
        object.__setattr__(self, "name", name_of(engine, warm=self.warm))

    def open(self, home: Path, sample: Sample) -> Store:
        """Make a store, and an agent for it where there shall be one; it is empty, if near."""
        env = environment(home) | {
            "TODO_AGENT": "on" if self.warm else "off",
            RUNTIME: tempfile.mkdtemp(prefix="", dir=self.agents.runtime),
        }
        store = Store(env, STEPS, new=sample.size + 1, stride=1)
        if self.server:
            env[URL] = self._made(self.server, env)
        if self.server and self.via:
            todo(env | {"TODO_AGENT": "off"}, "import", str(sample.json))
            env[URL] = self.via.url(database(env))
        else:
            store.importing = (TODO, "import", str(sample.json))
            store.exporting = (TODO, "export")
        before = self.agents.prepare(env) if self.warm else 0
        store.close = partial(self._close, store, before)
        return store

    def _made(self, server: Postgres, env: Mapping[str, str]) -> str:
        name = f"tasks_{secrets.token_hex(4)}"
        server.create_database(name)
        url = server.url(name)
        todo({**env, URL: url}, "db", "upgrade")
        return url

    def _close(self, store: Store, before: int) -> None:
        if self.warm:
            self.agents.dismiss(store, before)
        if self.server:
            self.server.drop_database(database(store.env))


def database(env: Mapping[str, str]) -> str:
    """The name of a store's database."""
    return env[URL].partition("?")[0].rpartition("/")[2]


def name_of(engine: str, *, warm: bool) -> str:
    """What the tables call a form of the program."""
    return f"neontodo, {'warm' if warm else 'cold'}, {engine}"


def todo(env: Mapping[str, str], *argv: str) -> str:
    """What a command prints that is not measured."""
    done = subprocess.run(
        [TODO, *argv], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise Failed(f"`todo {' '.join(argv)}`: {done.stderr}")
    return done.stdout


def served(env: Mapping[str, str]) -> int:
    """How many commands the agent of a store has run."""
    status = ask(env, protocol.STATUS)
    return int(json.loads(status)["commands"]) if status else 0


def ask(env: Mapping[str, str], kind: bytes) -> bytes | None:
    """What the agent of a store answers; `todo agent` would be a process each time."""
    # The name depends on how the interpreter was called, which is another here.
    for path in Path(env[RUNTIME]).glob("neontodo/*.sock"):
        try:
            return client.ask_agent(str(path), kind)
        except client.NotBegun:
            continue
    return None


@dataclass(frozen=True)
class Baselines:
    """What comes before any work: a process, an interpreter, the imports of our models."""

    name: str = "baselines"

    def open(self, home: Path, sample: Sample) -> Store:
        """Nothing is stored."""
        off = environment(home) | {"TODO_AGENT": "off"}
        return Store(
            off,
            {
                "true": ("/bin/true",),
                "pass": (sys.executable, "-c", "pass"),
                "import sqlmodel": (sys.executable, "-c", "import sqlmodel"),
                "--version": (TODO, "--version"),
                "--help": (TODO, "--help"),
            },
        )
