"""The life of an agent's process: alone, detached from whoever started it, and ready to fork."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from neontodo.agent.claim import Claim, Taken
from neontodo.agent.descriptors import close_others
from neontodo.launcher import spawn
from neontodo.launcher.protocol import Command, Garbage

if TYPE_CHECKING:
    from collections.abc import Callable

    from neontodo.agent.crew import Work


def main() -> None:
    """Be the agent that a launcher left behind, unless there is one."""
    try:
        path, like = spawn.received()
        detach()
        claim = Claim(path)
    except (Garbage, Taken, OSError):
        return
    # Nothing that takes long is imported before: of those who race to start one, most end here.
    from neontodo.agent.program import Program

    program = Program()
    from neontodo.agent.work import work

    serve(claim, like, work, program.has_changed)


def serve(claim: Claim, like: Command, work: Work, is_outdated: Callable[[], bool]) -> None:
    """Be an agent at the place that was claimed."""
    from neontodo.agent.crew import Crew
    from neontodo.agent.preload import preload
    from neontodo.agent.server import Server

    preload()
    Server(claim, Crew(work), like, is_outdated).serve()


def detach() -> None:
    """Belong to no terminal, hold nobody's files and stand in no one's folder."""
    close_others()
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
