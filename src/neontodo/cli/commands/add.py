"""`todo add`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest(options.FieldOptions):
    """New tasks: their title, or `-`, and what they have in common."""

    words: Annotated[
        list[str],
        typer.Argument(metavar="TITLE...", help="The title; `-` reads one per line from stdin."),
    ]
    tags: options.Tag = None


def run_add(app: App, request: AddRequest) -> None:
    """Add a task, or with `-` one per line of standard input."""
    from neontodo.cli.field_values import check_new_task, collect_fields, parse_fields
    from neontodo.cli.output import run_change
    from neontodo.tasks import service

    fields = parse_fields(app, collect_fields(request))
    titles = _read_titles(app) if request.words == ["-"] else [" ".join(request.words)]
    new = [check_new_task(fields | {"title": title}) for title in titles]
    run_change(app, request, lambda unit: service.add(unit, new), "added")


def _read_titles(app: App) -> list[str]:
    """Return the lines of standard input that are not empty."""
    text = app.streams.stdin.read().removeprefix("\ufeff")
    return [line.strip() for line in text.split("\n") if line.strip()]


COMMANDS: Commands = {"add": (AddRequest, run_add)}
