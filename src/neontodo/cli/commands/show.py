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
    from neontodo.cli.selecting import only
    from neontodo.render.details import print_task
    from neontodo.render.mode import chosen
    from neontodo.tasks.references import parse_refs

    app: App = ctx.obj
    found = only(app, parse_refs([task]))
    mode = chosen(app.streams, json=json, quiet=quiet)
    print_task(found, streams=app.streams, mode=mode, now=app.now, tz=app.tz)
