"""`todo done`, `todo undone` and `todo toggle`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteRequest(options.Changing):
    """Tasks to be marked."""

    tasks: options.Tasks


def run_done(app: App, request: CompleteRequest) -> None:
    """Mark tasks done."""
    _complete(app, request, True, "done")


def run_undone(app: App, request: CompleteRequest) -> None:
    """Mark tasks pending again."""
    _complete(app, request, False, "undone", already="already pending")


def run_toggle(app: App, request: CompleteRequest) -> None:
    """Mark pending tasks done, and done ones pending."""
    _complete(app, request, None, "toggled")


def _complete(
    app: App,
    request: CompleteRequest,
    completed: bool | None,
    verb: str,
    *,
    already: str | None = None,
) -> None:
    from neontodo.cli.output import run_change
    from neontodo.tasks import service
    from neontodo.tasks.references import parse_refs

    refs = parse_refs(request.tasks)
    action = partial(service.complete, refs=refs, completed=completed)
    run_change(app, request, action, verb, already=already)


COMMANDS: Commands = {
    "done": (CompleteRequest, run_done),
    "undone": (CompleteRequest, run_undone),
    "toggle": (CompleteRequest, run_toggle),
}
