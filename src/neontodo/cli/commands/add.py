"""`todo add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskCreate


def add(
    ctx: typer.Context,
    title: Annotated[
        list[str],
        typer.Argument(metavar="TITLE...", help="The title; `-` reads one per line from stdin."),
    ],
    description: options.Description = None,
    due: options.Due = None,
    priority: options.Priority = None,
    project: options.Project = None,
    tag: options.Tag = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Add a task, or with `-` one per line of standard input."""
    from neontodo.cli.changing import change
    from neontodo.cli.fields import check_new_task, parse_fields
    from neontodo.tasks import service

    app: App = ctx.obj
    given = {"description": description, "due": due, "priority": priority, "project": project}
    fields = parse_fields(app, {**given, "tags": tag})
    titles = _lines(app) if title == ["-"] else [" ".join(title)]
    new: list[TaskCreate] = [check_new_task(fields | {"title": each}) for each in titles]
    change(
        app,
        lambda unit: service.add(unit, new),
        "added",
        json=json,
        quiet=quiet,
        dry_run=dry_run,
    )


def _lines(app: App) -> list[str]:
    """The titles on standard input; empty lines are none."""
    text = app.streams.stdin.read().removeprefix("\ufeff")
    return [line.strip() for line in text.split("\n") if line.strip()]
