"""The agent's main thread: it runs one command after the other, each as `todo` itself would."""

from __future__ import annotations

import gc
import io
import os
import resource
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from neontodo.agent.process_state import CannotImitate, imitate_launcher
from neontodo.agent.server import Job, Server
from neontodo.app import App
from neontodo.cli.exits import Exit
from neontodo.cli.main import run
from neontodo.db import embedded, write_ahead_log
from neontodo.db.url import SqliteTarget
from neontodo.launcher import protocol
from neontodo.launcher.protocol import Invocation
from neontodo.resources import RELEASED_AFTER, Replaced, Resources

PAUSE = 1.0
"""Seconds without a command after which an embedded store is closed."""

MOST_MEMORY = 150_000_000
"""Bytes that the agent may still take after a command; with more it ends."""

Runner = Callable[[list[str], Resources], int]


class CommandLoop:
    """Everything that the main thread does.

    Args:
        server: what hands commands over.
        resources: the event loop and the store, which stay from one command to the next.
        runner: what runs a command, and returns its exit code.
        like: a command to get ready for others by.
    """

    def __init__(
        self, server: Server, resources: Resources, runner: Runner, like: Invocation | None
    ) -> None:
        self._server = server
        self._resources = resources
        self._runner = runner
        self._like = like

    def run(self) -> None:
        """Get ready, and run commands until the agent ends."""
        try:
            self._warm_up()
            self._server.accept_commands()
            while (job := self._wait_for_job()) is not None and self._run_job(job):
                pass
            self._resources.release()
        except Replaced:
            # The store can only be left as it is.
            self._server.withdraw()

    def _warm_up(self) -> None:
        """Open the store, and do what most commands do, without anybody seeing it."""
        if self._like is None:
            return
        descriptors = [os.open(os.devnull, os.O_RDWR) for _ in range(3)]
        descriptors.append(os.open("/", os.O_RDONLY))
        with suppress(Exception), imitate_launcher(self._like, descriptors):
            _list_tasks_unseen(self._resources)
        self._resources.clean_up()

    def _wait_for_job(self) -> Job | None:
        """Wait for the next command, and keep less open the longer it takes."""
        if not self._server.has_news(PAUSE):
            if self._resources.release_when_idle(self._server.news):
                self._warm_up()
            gc.collect()
            if not self._server.has_news(RELEASED_AFTER):
                self._resources.release()
        return self._server.take_job()

    def _run_job(self, job: Job) -> bool:
        """Run a command, and return whether this process is fit for another one."""
        self._like = job.invocation
        try:
            self._resources.renew()
        except Replaced:
            # The launcher runs the command as soon as this process has ended.
            self._server.finish(job, protocol.UNBEGUN, is_last=True)
            raise
        try:
            with imitate_launcher(job.invocation, job.descriptors):
                try:
                    code = self._runner(job.invocation.decode_argv(), self._resources)
                except Exception:
                    # As an interpreter would end.
                    traceback.print_exc()
                    code = 1
            answer = protocol.ENDED + bytes([code & 0xFF])
        except CannotImitate:
            answer = protocol.UNBEGUN
        except KeyboardInterrupt:
            answer = protocol.ENDED + bytes([Exit.INTERRUPTED])
        self._resources.clean_up()
        # An interrupt may have left anything half done.
        is_small = _resident_memory() < MOST_MEMORY
        is_fit = not job.is_interrupted and self._resources.is_clean() and is_small
        self._server.finish(job, answer, is_last=not is_fit)
        return is_fit


def _list_tasks_unseen(resources: Resources) -> None:
    """Draw the tasks of the store of this process's environment, where nobody sees them."""
    app = App.from_process(resources)
    app.load_settings()
    if isinstance(app.target, SqliteTarget):
        path = app.target.path
        # A command that makes or migrates a store says so.
        if not (embedded.has_store(path) and write_ahead_log.has_matching_log(path)):
            return
    for is_terminal in (False, True):
        app = App.from_process(resources)
        nowhere = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        app.streams = replace(app.streams, out=nowhere, out_is_terminal=is_terminal)
        if run(["list", "--limit", "20"], app):
            return


def _resident_memory() -> int:
    """Return the bytes of memory that this process takes, or its most where only that is told."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
