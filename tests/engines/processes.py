"""People in processes of their own, forked from one that has everything imported."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from neontodo.db.session_guard import UserSession
from tests.engines.without_links import forbid_links
from tests.harness import Todo

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.engines.preloaded"])


def start(work: Callable[..., None], *args: Any) -> tuple[Any, Connection]:
    """Run `work(pipe, …)` in a process of its own; the process and our end of the pipe."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=work, args=(theirs, *args), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def add_and_toggle(pipe: Connection, todo: Todo, name: str, times: int) -> None:
    """Add so many tasks, toggle each, and answer what went wrong."""
    problems = []
    for n in range(times):
        for argv in (("add", f"{name} {n}"), ("toggle", "1"), ("list",)):
            result = todo(*argv)
            if result.code != 0:
                problems.append(result)
    pipe.send(problems)


def add(pipe: Connection, todo: Todo, title: str) -> None:
    """Add a task, and answer the result."""
    pipe.send(todo("add", title))


def add_until_killed(pipe: Connection, todo: Todo, start: int) -> None:
    """Add tasks, and answer the number of each as soon as the command has ended."""
    n = start
    while True:
        n += 1
        result = todo("add", f"task {n}", "--quiet")
        pipe.send((n, result))


def import_and_hold(pipe: Connection, todo: Todo, file: str, moment: str) -> None:
    """Import a file up to its COMMIT, say so and wait; `moment` is an event of SQLAlchemy's."""

    def hold(session: Session) -> None:
        pipe.send(moment)
        pipe.recv()

    event.listen(UserSession, moment, hold)
    todo("import", file)


def add_without_links(pipe: Connection, todo: Todo, name: str, number: int) -> None:
    """Add a task where the system makes no hard links, and answer what went wrong."""
    forbid_links(number)
    add_and_toggle(pipe, todo, name, 1)
