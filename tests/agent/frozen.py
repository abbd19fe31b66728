"""An agent whose clock each command's environment sets: `python -m tests.agent.frozen SOCKET`."""

from __future__ import annotations

import os
import socket
import sys
from datetime import UTC, datetime

from neontodo.agent import server
from neontodo.agent.claim import Claim
from neontodo.agent.keeping import Kept
from neontodo.agent.main import detach, serve
from neontodo.agent.worker import Span, Worker
from neontodo.app import App
from neontodo.cli.main import run
from neontodo.launcher.protocol import Command

NOW = "NEONTODO_TESTS_NOW"


def run_frozen(argv: list[str], kept: Kept) -> int:
    """Run a command of a test."""
    given = os.environ.get(NOW)  # noqa: TID251
    now = datetime.fromisoformat(given) if given else datetime.now(UTC)
    return run(argv, App.from_process(kept, lambda: now))


def work(control: socket.socket, warm: Command | None) -> None:
    """Be a worker for tests."""
    Worker(control, run_frozen, Span(commands=200)).work(warm)


if __name__ == "__main__":
    detach()
    nothing = Command([], {}, 0o022, ["utf-8:strict:False:False"] * 3)
    # Many tests in a row may have nothing for it; its end is that of its folder.
    server.IDLE_EXIT = server.UNUSED_EXIT = float("inf")
    # Whoever works on the program while its tests run must not end them.
    serve(Claim(sys.argv[1]), nothing, work, lambda: False)
