"""`run(argv, app) -> exit code`: the whole program, for terminal, agent and tests alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from neontodo import __version__
from neontodo.cli.exits import NAME, Exit, ReaderGone, code_of
from neontodo.errors import TodoError

if TYPE_CHECKING:
    from typer.exceptions import TyperException

    from neontodo.app import App


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
    # Typer takes longer to import than `--version` may take.
    import typer
    from typer.exceptions import TyperException

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
    except SystemExit as end:
        # Typer ends the process by itself where a completion script or a help page is written.
        if isinstance(end.__context__, BrokenPipeError):
            raise ReaderGone from None
        return end.code if isinstance(end.code, int) else Exit.OK
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
    import traceback
    from pathlib import Path

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return TodoError(
        f"unexpected {type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}",
        hint="this is a defect of todo; please report it with the command you ran",
    )


@cache
def command_line() -> Any:
    """The commands as Typer sees them."""
    import typer

    from neontodo.cli import root
    from neontodo.cli.coercion import simplify
    from neontodo.cli.commands import (
        adding,
        completing,
        counting,
        database,
        editing,
        exporting,
        history,
        importing,
        listing,
        removing,
        showing,
    )

    typer_app = root.new()
    for name, command in (
        ("add", adding.add),
        ("list", listing.list_),
        ("show", showing.show),
        ("edit", editing.edit),
        ("done", completing.done),
        ("undone", completing.undone),
        ("toggle", completing.toggle),
        ("rm", removing.rm),
        ("search", listing.search),
        ("undo", history.undo),
        ("redo", history.redo),
        ("log", history.log),
        ("tags", counting.tags),
        ("projects", counting.projects),
        ("stats", counting.stats),
        ("import", importing.import_),
        ("export", exporting.export),
    ):
        typer_app.command(name)(command)
    typer_app.add_typer(root.group("Look after the store's tables.", database.COMMANDS), name="db")
    command = typer.main.get_command(typer_app)
    simplify(command)
    return command
