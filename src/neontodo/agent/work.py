"""What a worker of the real agent does: `todo` itself."""

from __future__ import annotations

import socket

from neontodo.agent.worker import Span, Worker
from neontodo.cli.process import run_in_process
from neontodo.launcher.protocol import Command


def work(control: socket.socket, warm: Command | None) -> None:
    """Serve commands until there is no more to do."""
    Worker(control, run_in_process, Span()).work(warm)
