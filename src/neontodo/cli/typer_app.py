"""`todo` itself: what stands before its commands, and how these are made, each when it is needed.

Typer takes 2 ms to make a command of a function; all of them would be half the time of `--help`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Annotated, Any

import typer
from typer._click.shell_completion import CompletionItem
from typer.core import TyperCommand, TyperGroup

from neontodo import __version__
from neontodo.cli import options, shells
from neontodo.cli.coercion import simplify
from neontodo.cli.exits import NAME, ReaderGone
from neontodo.cli.usage import Plain, write_rows

Functions = Mapping[str, Any]
"""By name, the function of each command; or for a group, its help and its own functions."""

SETTINGS = {"help_option_names": ["--help", "-h"]}


class Declared(Mapping[str, Any]):
    """Commands by name, in the order they were declared; made when they are looked up."""

    def __init__(self, functions: Functions, everywhere: Sequence[Any]) -> None:
        self._functions = functions
        self._everywhere = everywhere
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, self._functions[name], self._everywhere)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def summary(self, name: str) -> str:
        """The first sentence of a command's help."""
        function = self._functions[name]
        text = function[0] if isinstance(function, tuple) else inspect.getdoc(function)
        return str(text).partition("\n\n")[0].replace("\n", " ").removesuffix(".")


WITHOUT_SETTINGS = ("agent", "config", "doctor", "help")
"""Commands that need no settings, or report what is wrong with them."""


class Command(Plain, TyperCommand):
    """A command that does something."""

    def invoke(self, ctx: Any) -> Any:
        if ctx.command_path.split()[1] not in WITHOUT_SETTINGS:
            # `--profile` and `--color` have been read by now.
            ctx.obj.load_settings()
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            # Its hint leads to the help of this command.
            error.ctx = error.ctx or ctx
            raise


class Commands(Plain, TyperGroup):
    """A command with commands below it."""

    commands: Any

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = [(name, self.commands.summary(name)) for name in self.commands]
        write_rows(formatter, "Commands", rows)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        names = [name for name in self.commands if name.startswith(incomplete)]
        offers = [CompletionItem(name, help=self.commands.summary(name)) for name in names]
        # Past the group's own way, which makes every command to read its help.
        return offers + super(TyperGroup, self).shell_complete(ctx, incomplete)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Typer would end the process for this with exit code 1.
            raise ReaderGone from None


def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False,
    profile: options.Profile = None,
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


def build(functions: Functions) -> Any:
    """`todo` with these commands."""
    app = _typer(add_completion=True)
    app.callback(invoke_without_command=True)(root)
    command: Any = typer.main.get_command(app)
    shells.register()
    everywhere = [_unseen(param) for param in command.params if param.name == "profile"]
    command.commands = Declared(functions, everywhere)
    return _finished(command)


def _unseen(param: Any) -> Any:
    """An option of `todo` itself as its commands take it: their help has enough options."""
    param = copy(param)
    param.hidden, param.expose_value = True, False
    return param


def _made(name: str, function: Any, everywhere: Sequence[Any]) -> Any:
    if isinstance(function, tuple):
        about, functions = function
        commands: Any = Declared(functions, everywhere)
        group = Commands(name=name, commands=commands, help=about, rich_markup_mode=None)
        group.params.extend(everywhere)
        return _finished(group)
    app = _typer(add_completion=False)
    app.command(name, cls=Command)(function)
    command: Any = typer.main.get_command(app)
    command.params.extend(everywhere)
    return _finished(command)


def _typer(*, add_completion: bool) -> typer.Typer:
    return typer.Typer(
        cls=Commands,
        add_completion=add_completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _finished(command: Any) -> Any:
    command.context_settings = SETTINGS
    simplify(command)
    return command
