"""`todo rm`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App


def run_rm(app: App, request: options.Choosing) -> None:
    """Remove tasks after confirmation; `todo undo` restores them."""
    from neontodo.cli.choosing import choose_tasks
    from neontodo.cli.output import run_change
    from neontodo.tasks import service

    chosen = choose_tasks(app, request, "remove", always_ask=True)
    run_change(app, request, lambda unit: service.remove(unit, chosen), "removed", chosen=chosen)


COMMANDS: Commands = {"rm": (options.Choosing, run_rm)}
