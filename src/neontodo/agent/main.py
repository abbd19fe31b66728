"""The start of an agent: detached from whoever started it, and with everything imported."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from neontodo.launcher import spawn
from neontodo.launcher.protocol import Garbage, Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from neontodo.agent.command_loop import Runner


def main() -> None:
    """Run the agent that a launcher has started."""
    try:
        path, lock, like = spawn.read_start()
        detach(lock)
    except (Garbage, OSError):
        return
    from neontodo.agent.program import Program
    from neontodo.cli.main import run_in_process

    # What is imported from here on is this program.
    program = Program()
    serve(path, lock, like, run_in_process, program.has_changed)


def serve(
    path: str, lock: int, like: Invocation | None, runner: Runner, is_outdated: Callable[[], bool]
) -> None:
    """Be an agent at `path`, of which this process holds the lock, until nobody needs it."""
    from neontodo.agent.program import import_program

    import_program()
    from neontodo.agent.command_loop import CommandLoop
    from neontodo.agent.server import Server
    from neontodo.resources import Resources

    resources = Resources(outlive_command=True)
    server = Server(path, lock, resources, is_outdated)
    CommandLoop(server, resources, runner).run(like)
    # Threads may still wait for launchers that say nothing.
    os._exit(0)


def detach(lock: int) -> None:
    """Leave the terminal and the working directory, and close all files but the lock."""
    # Counting up to the most that there may be takes minutes where that is a thousand million.
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor > 2 and descriptor != lock:
            with suppress(OSError):
                os.close(descriptor)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    os.close(null)
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir("/")
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
