"""The start of an agent: detached from whoever started it, and with everything imported."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import neontodo
from neontodo.filesystem import identify_file
from neontodo.launcher import spawn
from neontodo.launcher.protocol import Garbage, Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from neontodo.agent.command_loop import Runner

# What opens a store of one kind or the other is imported with the first command that needs it.
PACKAGES = ("cli", "formats", "render", "tasks")
# What others import only when they are used.
DRIVERS = (
    "aiosqlite",
    "concurrent.futures.thread",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "encodings.idna",
    "encodings.utf_8_sig",
    "jwt",
    "rich.progress",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "tzlocal",
)


def main() -> None:
    """Run the agent that a launcher has started."""
    try:
        path, lock, like = spawn.read_start()
        detach(lock)
    except (Garbage, OSError):
        return
    # What is imported from here on is this program.
    program = Program()
    from neontodo.cli.main import run_in_process

    serve(path, like, run_in_process, program.has_changed)


def serve(
    path: str, like: Invocation | None, runner: Runner, is_outdated: Callable[[], bool]
) -> None:
    """Be an agent at `path`, of which this process holds the lock, until nobody needs it."""
    import_program()
    from neontodo.agent.command_loop import CommandLoop
    from neontodo.agent.server import Server
    from neontodo.resources import Resources

    resources = Resources(outlive_command=True)
    CommandLoop(Server(path, resources, is_outdated), resources, runner, like).run()
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


def import_program() -> None:
    """Import all that a command may need, and build what every command would build anew."""
    folder = os.path.dirname(neontodo.__file__)
    for name in PACKAGES:
        for module in pkgutil.walk_packages([f"{folder}/{name}"], f"neontodo.{name}."):
            importlib.import_module(module.name)
    for name in DRIVERS:
        importlib.import_module(name)
    from sqlalchemy.orm import configure_mappers

    from neontodo.cli.typer_app import command_line

    command_line()
    configure_mappers()
    # What is here stays: collecting it again would take 50 ms each time.
    gc.collect()
    gc.freeze()


class Program:
    """The files of this package, and the folders that other packages are installed in."""

    def __init__(self) -> None:
        modules = sorted(map(str, Path(neontodo.__file__).parent.rglob("*.py")))
        # An upgrade of another package renames its `dist-info` in these folders.
        folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        self._paths = modules + folders
        self._identities = [identify_file(path) for path in self._paths]
        self._looked = time.monotonic()

    def has_changed(self) -> bool:
        """Return whether an upgrade or an edit has touched it; look once a second at most."""
        now = time.monotonic()
        if now < self._looked + 1.0:
            return False
        self._looked = now
        return [identify_file(path) for path in self._paths] != self._identities
