"""`todo` itself: what stands before its commands, and its groups of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from neontodo import __version__
from neontodo.cli import options
from neontodo.cli.exits import NAME, ReaderGone


class Commands(TyperGroup):
    """The commands in the order they were declared."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Typer would end the process for this with exit code 1.
            raise ReaderGone from None


def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False,
    color: options.Color = "auto",
) -> None:
    """Your tasks, in your own Postgres on Neon or in an embedded store.

    `todo` alone lists what is pending. `todo help` names the topics there is help on.
    """
    if version:
        ctx.obj.streams.out.write(f"{NAME} {__version__}\n")
    elif ctx.invoked_subcommand is None:
        listing = ctx.command.get_command(ctx, "list")  # type: ignore[attr-defined]
        with listing.make_context("list", [], parent=ctx) as inner:
            listing.invoke(inner)


def new() -> typer.Typer:
    """`todo` without its commands."""
    made = typer.Typer(
        cls=Commands,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    made.callback(invoke_without_command=True)(root)
    return made


def group(help_: str, commands: Mapping[str, Callable[..., None]]) -> typer.Typer:
    """A command that only has commands of its own."""
    made = typer.Typer(cls=Commands, help=help_)
    for name, command in commands.items():
        made.command(name)(command)
    return made
