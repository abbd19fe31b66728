"""`run(argv, app) -> exit code`: the whole program, for terminal, agent and tests alike."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from neontodo import __version__
from neontodo.cli import options
from neontodo.cli.exits import Exit, code_of
from neontodo.errors import TodoError

if TYPE_CHECKING:
    from neontodo.app import App

NAME = "todo"


class ReaderGone(Exception):
    """Whoever read our output has closed the pipe."""


class Commands(TyperGroup):
    """The commands in the order they were declared."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Typer would end the process for this with exit code 1.
            raise ReaderGone from None


def run(argv: Sequence[str], app: App) -> int:
    """Run one command and answer its exit code; never raises, never exits."""
    try:
        if list(argv) in (["--version"], ["-V"]):
            app.streams.out.write(f"{NAME} {__version__}\n")
            code = int(Exit.OK)
        else:
            code = _run(argv, app)
        app.streams.out.flush()
    except (ReaderGone, BrokenPipeError):
        return Exit.OK
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    finally:
        app.close()
    return code


def _run(argv: Sequence[str], app: App) -> int:
    from neontodo.render.messages import print_error

    try:
        code = command_line().main(args=list(argv), prog_name=NAME, standalone_mode=False, obj=app)
        return code if isinstance(code, int) else Exit.OK
    except TodoError as error:
        print_error(app.streams, error)
        return code_of(error)
    except TyperException as error:
        print_error(app.streams, _usage_error(error))
        return Exit.USAGE
    except typer.Abort:
        return Exit.INTERRUPTED
    except (ReaderGone, BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        print_error(app.streams, _unexpected(error))
        return Exit.FAILED


def _usage_error(error: TyperException) -> TodoError:
    text = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    path = context.command_path if context else NAME
    return TodoError(text[:1].lower() + text[1:], hint=f"`{path} --help` shows how it is used")


def _unexpected(error: Exception) -> TodoError:
    """Where an unforeseen error arose; its text may hold a secret and is not shown."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return TodoError(
        f"unexpected {type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}",
        hint="this is a defect of todo; please report it with the command you ran",
    )


@cache
def command_line() -> Any:
    """The commands as Typer sees them."""
    from neontodo.cli.commands import adding, completing, listing

    typer_app = typer.Typer(
        cls=Commands,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    typer_app.callback(invoke_without_command=True)(root)
    for name, command in (
        ("add", adding.add),
        ("list", listing.list_),
        ("search", listing.search),
        ("done", completing.done),
        ("undone", completing.undone),
        ("toggle", completing.toggle),
    ):
        typer_app.command(name)(command)
    return typer.main.get_command(typer_app)


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
