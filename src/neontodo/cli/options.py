"""Options and arguments that several commands share, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from neontodo.cli import completion
from neontodo.formats import FORMATS


def _colour(ctx: typer.Context, when: str) -> str:
    if when not in ("auto", "always", "never"):
        raise typer.BadParameter("choose `auto`, `always` or `never`")
    if ctx.obj is not None:
        ctx.obj.choose_colour(when)
    return when


def _profile(ctx: typer.Context, name: str | None) -> str | None:
    # An empty one, as of a shell's variable that is not set, must not choose another store.
    if name is not None and ctx.obj is not None:
        ctx.obj.choose_profile(name)
    return name


def _format(name: str | None) -> str | None:
    if name is not None and name not in FORMATS:
        raise typer.BadParameter(f"`{name}` is none of {', '.join(FORMATS)}")
    return name


Color = Annotated[
    str,
    typer.Option(
        "--color",
        metavar="WHEN",
        show_default=False,
        callback=_colour,
        autocompletion=completion.choices("auto", "always", "never"),
        help="Color what a terminal shows: auto (not with NO_COLOR), always or never.",
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        show_default=False,
        callback=_profile,
        autocompletion=completion.profiles,
        help="Use another account and store of yours; every command takes this option.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print task numbers only.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Tasks = Annotated[
    list[str],
    typer.Argument(
        metavar="TASK...",
        autocompletion=completion.tasks,
        help="Numbers (12), ranges (3-5), several (3,7), a UUID's start (a1b2), or @last.",
    ),
]
Description = Annotated[
    str | None,
    typer.Option("--description", "-d", metavar="TEXT", help="A longer text beside the title."),
]
Due = Annotated[
    str | None,
    typer.Option(
        "--due",
        metavar="WHEN",
        autocompletion=completion.due,
        help='When it is due: 2026-12-24, tomorrow, fri, "fri 17:00", +3d, eom.',
    ),
]
Priority = Annotated[
    str | None,
    typer.Option(
        "--priority",
        "-p",
        metavar="LEVEL",
        autocompletion=completion.choices("none", "low", "medium", "high"),
        help="none, low, medium or high.",
    ),
]
Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        "-P",
        metavar="NAME",
        autocompletion=completion.projects,
        help="The project it belongs to; none for no project.",
    ),
]
Tag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        "-t",
        metavar="TAG",
        autocompletion=completion.tags,
        help="A tag; repeat the option for several.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        callback=_format,
        autocompletion=completion.choices(*FORMATS),
        help=f"The file's format: {', '.join(FORMATS)}; else what its name says.",
    ),
]
