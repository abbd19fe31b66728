"""An agent whose clock each command's environment sets: `python -m tests.agent.frozen SOCKET`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from neontodo.agent import command_loop, server
from neontodo.agent.main import detach, serve
from neontodo.app import App
from neontodo.cli.main import run
from neontodo.launcher import spawn
from neontodo.resources import Resources

NOW = "NEONTODO_TESTS_NOW"


def run_frozen(argv: list[str], resources: Resources) -> int:
    """Run a command of a test."""
    given = os.environ.get(NOW)  # noqa: TID251
    now = datetime.fromisoformat(given) if given else datetime.now(UTC)
    return run(argv, App.from_process(resources, lambda: now))


if __name__ == "__main__":
    lock = spawn.lock_path(sys.argv[1])
    assert lock is not None
    detach(lock)
    # Many tests in a row may have nothing for it; its end is that of its folder.
    server.IDLE_EXIT = server.UNUSED_EXIT = float("inf")
    command_loop.MOST_MEMORY = sys.maxsize
    # A test that asks for the agent gets it.
    server.QUEUE = 60.0
    # Whoever works on the program while its tests run must not end them.
    serve(sys.argv[1], None, run_frozen, lambda: False)
