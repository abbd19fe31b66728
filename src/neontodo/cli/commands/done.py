"""`todo done`, `todo undone` and `todo toggle`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App


def run_done(app: App, request: options.Choosing) -> None:
    """Mark tasks done."""
    _complete(app, request, True, "done")


def run_undone(app: App, request: options.Choosing) -> None:
    """Mark tasks pending again."""
    _complete(app, request, False, "undone", already="already pending")


def run_toggle(app: App, request: options.Choosing) -> None:
    """Mark pending tasks done, and done ones pending."""
    _complete(app, request, None, "toggled")


def _complete(
    app: App,
    request: options.Choosing,
    completed: bool | None,
    verb: str,
    *,
    already: str | None = None,
) -> None:
    from neontodo.cli.choosing import choose_tasks
    from neontodo.cli.output import run_change
    from neontodo.tasks import service

    question = {True: "complete", False: "reopen", None: "toggle"}[completed]
    chosen = choose_tasks(app, request, question, completed=completed is False)
    action = partial(service.complete, chosen=chosen, completed=completed)
    run_change(app, request, action, verb, already=already, chosen=chosen)


COMMANDS: Commands = {
    "done": (options.Choosing, run_done),
    "undone": (options.Choosing, run_undone),
    "toggle": (options.Choosing, run_toggle),
}
