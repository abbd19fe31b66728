"""`todo show`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRequest(options.TaskPrinting):
    """The task to be shown."""

    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            autocompletion=completion.complete_tasks,
            help="A number (12), a UUID's start (a1b2), or @last.",
        ),
    ]


def run_show(app: App, request: ShowRequest) -> None:
    """Show everything about one task."""
    from neontodo.cli.output import choose_output, fetch_one_task
    from neontodo.render.card import print_task
    from neontodo.tasks.references import parse_refs

    found = fetch_one_task(app, parse_refs([request.task]))
    print_task(choose_output(app, json=request.json, quiet=request.quiet), found)


COMMANDS: Commands = {"show": (ShowRequest, run_show)}
