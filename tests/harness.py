"""`todo` as the tests use it: a whole command in this process, with streams and a clock of its own.

Exit code, standard output and standard error come back together, for a pipe or for a terminal.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from neontodo.app import App
from neontodo.cli.main import run
from neontodo.streams import Streams

if TYPE_CHECKING:
    from tests.agent.transport import Transport

FRIDAY_NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


WAYS_IN = {
    "postgresql": "`todo whoami` shows who you are; `todo connect` or `todo login` adds you",
    "sqlite": "set TODO_TOKEN to a token of one of its users, or TODO_DATA_DIR to a folder in "
    "which it is called `tasks.db`",
}
"""The hint for whoever is no user of a store, by its engine."""

_NOTICE = re.compile(r"(?:connecting|waking Neon)…\r *\r")


@dataclass(frozen=True)
class Result:
    """What a command left behind.

    Attributes:
        written: standard error with its passing lines, which show up wherever the machine is slow.
    """

    code: int
    out: str
    err: str
    written: str = field(default="", compare=False)

    @classmethod
    def of(cls, code: int, out: str, err: str) -> Self:
        return cls(code, out, _NOTICE.sub("", err), written=err)

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The fields of each tab-separated line."""
        return [line.split("\t") for line in self.out.splitlines()]


class Screen(io.TextIOWrapper):
    """A text stream over bytes, as a process has."""

    def __init__(self, text: str = "", encoding: str = "utf-8") -> None:
        super().__init__(
            io.BytesIO(text.encode(errors="surrogateescape")), encoding=encoding, write_through=True
        )

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


@dataclass
class Todo:
    """A person at a machine: `todo("add", "Buy milk")` runs a command and answers its Result.

    Attributes:
        home: the folder of this machine's identity and embedded store.
        env: further variables, such as TODO_DATABASE_URL.
        now: what the clock says; move it with `later`.
    """

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    now: datetime = FRIDAY_NOON

    transport: ClassVar[Transport | None] = None
    """With `pytest --agent`, the way to the agent that runs the commands."""

    def __call__(
        self,
        *argv: str,
        stdin: str = "",
        terminal: bool = False,
        width: int = 80,
        colour: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        if self.transport is not None and type(self).app is Todo.app:
            carried = self.transport.run(
                argv,
                env=self.environment | dict(env or {}),
                folder=self.home,
                now=self.now,
                stdin=stdin,
                terminal=terminal,
                width=width,
                colour=colour,
            )
            if carried is not None:
                return Result.of(*carried)
        out, err = Screen(), Screen()
        streams = Streams(
            stdin=Screen(stdin),
            out=out,
            err=err,
            in_is_terminal=terminal,
            out_is_terminal=terminal,
            err_is_terminal=terminal,
            width=width,
            colour=colour,
        )
        app = self.app(streams, self.environment | dict(env or {}))
        # Typer writes its help and completions to the process's own streams.
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(argv, app)
        return Result.of(code, out.text(), err.text())

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        """What the command runs with."""
        return App(streams, env, self.home, lambda: self.now)

    @property
    def environment(self) -> dict[str, str]:
        config = self.home / "config.toml"
        return {
            "TODO_DATA_DIR": str(self.home),
            "TODO_CONFIG": str(config) if config.exists() else os.devnull,
            "TZ": "Europe/Berlin",
            "TODO_AGENT": "off",
            **self.env,
        }

    def ok(self, *argv: str, **options: Any) -> Result:
        """Run a command that must succeed."""
        result = self(*argv, **options)
        assert result.code == 0, result
        return result

    def later(self, **time: float) -> None:
        """Let time pass, in the units of timedelta."""
        self.now += timedelta(**time)

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks, by number, as JSON has them."""
        found = self.ok("list", "--all", "--sort", "number", "--json").json
        assert isinstance(found, list)
        return found
