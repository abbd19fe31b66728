"""A person's machine as its shell sees it: whole processes, with an agent or without."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neontodo.launcher import client, protocol, socket_path
from tests.agent import terminals
from tests.janitor import Janitor

TODO = [sys.executable, "-m", "neontodo"]
ROOT = Path(__file__).parents[2]
LAST_RESORT = 60.0
LIST = protocol.encode_request(
    protocol.RUN,
    protocol.Invocation([b"list"], {}, 0o022, ["utf-8:strict:False:False"] * 3).encode(),
)


@dataclass(frozen=True)
class Ended:
    """What a process left behind, byte for byte."""

    code: int
    out: bytes
    err: bytes


@dataclass
class Machine:
    """`machine("list")` runs `todo list` as a shell would."""

    home: Path
    runtime: Path
    env: dict[str, str] = field(default_factory=dict)
    todo: list[str] = field(default_factory=lambda: list(TODO))

    @property
    def environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        inherited = {name: os.environ[name] for name in kept if name in os.environ}  # noqa: TID251
        return inherited | {
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "TZ": "Europe/Berlin",
            "PYTHONPATH": str(ROOT / "src"),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "TODO_DATA_DIR": str(self.home),
            "TODO_CONFIG": os.devnull,
            **self.env,
        }

    def popen(
        self,
        *argv: str,
        agent: bool = True,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> subprocess.Popen[bytes]:
        """Start a command; standard streams are pipes unless `options` say otherwise."""
        wanted = {"TODO_AGENT": "on" if agent else "off"}
        settings = self.environment | wanted | dict(env or {})
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [*self.todo, *argv], env=settings, **pipes | options
        )
        return process

    def __call__(self, *argv: str, stdin: bytes = b"", **options: Any) -> Ended:
        with self.popen(*argv, **options) as process:
            out, err = process.communicate(stdin, LAST_RESORT)
        return Ended(process.returncode, out or b"", err or b"")

    def on_terminal(
        self,
        *argv: str,
        width: int = 80,
        keys: bytes = b"",
        when: Callable[[], bool] = lambda: True,
        pipe: int | None = None,
        **options: Any,
    ) -> Ended:
        """Run a command on a terminal of its own, which somebody types `keys` on when it is so.

        With `pipe`, standard input is that instead, and the terminal is still the command's.
        """
        with terminals.terminal(width) as (screen, side):
            process = self.popen(
                *argv,
                stdin=side if pipe is None else pipe,
                stdout=side,
                stderr=side,
                preexec_fn=terminals.take,
                **options,
            )
            os.close(side)
            seen = terminals.Reader(screen)
            if keys:
                until(when)
                os.write(screen, keys)
            process.wait(LAST_RESORT)
            seen.join()
        return Ended(process.returncode, seen.data, b"")

    @property
    def socket(self) -> str:
        env = {os.fsencode(k): os.fsencode(v) for k, v in self.environment.items()}
        path = socket_path.find_socket_path(env)
        assert path is not None
        return path

    def status(self) -> dict[str, Any] | None:
        """What this store's agent says of itself."""
        try:
            found: dict[str, Any] = json.loads(client.ask_agent(self.socket, protocol.STATUS))
        except client.NoAgent:
            return None
        return found

    def warm(self) -> None:
        """Have an agent that runs this person's commands."""

        def is_served() -> bool:
            before = self.served()
            assert self("list").code == 0
            return self.served() > before

        until(is_served)

    def served(self) -> int:
        """How many commands the agents of this machine have run."""
        return sum(status["commands"] for status in self._statuses())

    def stop(self) -> None:
        """End all agents of this machine, also those that are only starting."""

        def are_gone() -> bool:
            self._ask_all(protocol.STOP)
            return not self.agents()

        until(are_gone)

    def _statuses(self) -> list[dict[str, Any]]:
        return [json.loads(answer) for answer in self._ask_all(protocol.STATUS)]

    def _ask_all(self, kind: bytes) -> list[bytes]:
        answers = []
        for path in self.runtime.glob("neontodo/*.sock"):
            with suppress(client.NoAgent):
                answers.append(client.ask_agent(str(path), kind))
        return answers

    def agents(self) -> list[int]:
        """The processes of agents that work for this machine."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (folder / "environ").read_bytes()
                is_agent = b"agent/__main__.py" in (folder / "cmdline").read_bytes()
                if is_agent and os.fsencode(self.runtime) in environment:
                    found.append(int(folder.name))
        return found


@contextmanager
def machine(home: Path) -> Iterator[Machine]:
    """A machine without agents, before and afterwards."""
    # The path of a socket must be short, which that of a test's folder is not.
    runtime = Path(tempfile.mkdtemp(prefix="todo-", dir="/tmp"))
    # Without its socket an agent ends, even if all else is killed.
    janitor = Janitor(runtime)
    made = Machine(home, runtime)
    try:
        yield made
        made.stop()
    finally:
        for pid in made.agents():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        janitor.finish()


def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + LAST_RESORT
    while not condition():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.01)


VARYING = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    rb"|\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
    rb"|(today|yesterday) \d\d:\d\d"
)


def alike(ended: Ended) -> tuple[int, bytes, bytes]:
    """Without what is another in each run: ids, and instants."""
    return ended.code, VARYING.sub(b"*", ended.out), VARYING.sub(b"*", ended.err)
