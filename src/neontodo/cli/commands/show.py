"""`todo show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options

if TYPE_CHECKING:
    from neontodo.app import App


def show(
    ctx: typer.Context,
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            autocompletion=completion.tasks,
            help="A number (12), a UUID's start (a1b2), or @last.",
        ),
    ],
    json: options.Json = False,
    quiet: options.Quiet = False,
    color: options.Color = "auto",
) -> None:
    """Show everything about one task."""
    from neontodo.cli.output import choose_output
    from neontodo.cli.selecting import only
    from neontodo.render.card import print_task
    from neontodo.tasks.references import parse_refs

    app: App = ctx.obj
    found = only(app, parse_refs([task]))
    print_task(choose_output(app, json=json, quiet=quiet), found)
