"""`run(argv, app) -> exit code`: the whole program, for terminal, agent and tests alike."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from neontodo.cli.exits import NAME, Exit, find_exit_code
from neontodo.errors import OutcomeUnknown, TodoError, explain_os_error, iterate_causes

if TYPE_CHECKING:
    from typer.exceptions import TyperException

    from neontodo.app import App
    from neontodo.resources import Resources


TOO_MANY = {errno.EMFILE, errno.ENFILE}
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def run(argv: Sequence[str], app: App) -> int:
    """Run one command and answer its exit code; never raises, never exits."""
    try:
        code = _run(argv, app)
        app.streams.out.flush()
    except BrokenPipeError:
        return Exit.OK
    except KeyboardInterrupt as interrupt:
        _report_unknown_outcome(app, interrupt)
        return Exit.INTERRUPTED
    except OSError as error:
        from neontodo.render.messages import print_error

        reason = explain_os_error(error)
        hint = "what the command changed is saved: do not repeat it" if app.has_written else None
        print_error(app.streams, TodoError(f"the output cannot be written: {reason}", hint=hint))
        return Exit.FAILED
    finally:
        app.close()
    return code


def run_in_process(argv: Sequence[str], resources: Resources | None = None) -> int:
    """Run one command on this process's own streams, environment and folder."""
    import warnings

    from neontodo.app import App

    if not sys.warnoptions:
        # They are for developers: Ctrl-C at an odd moment leaves a coroutine that never ran.
        warnings.simplefilter("ignore")
    code = run(argv, App.from_process(resources))
    # What could not be written has been reported, unless the output was closed early.
    with suppress(OSError):
        sys.stdout.flush()  # noqa: TID251
    return code


def _run(argv: Sequence[str], app: App) -> int:
    # Typer takes longer to import than `--version` may take.
    import typer
    from typer.exceptions import TyperException

    from neontodo.cli.typer_app import parse
    from neontodo.render.messages import print_error

    app.words = [*argv]
    try:
        call = parse(argv, app)
        if isinstance(call, int):
            return call
        if getattr(call.request, "quiet", False):
            app.silence_messages()
        return call.function(app, call.request) or Exit.OK
    except TodoError as error:
        print_error(app.streams, error)
        return find_exit_code(error)
    except TyperException as error:
        print_error(app.streams, _usage_error(error))
        return Exit.USAGE
    except typer.Abort:
        return Exit.INTERRUPTED
    except SystemExit as end:
        # Typer ends the process by itself after writing a completion script or a help page.
        if isinstance(end.__context__, BrokenPipeError):
            raise BrokenPipeError from None
        return end.code if isinstance(end.code, int) else Exit.OK
    except BrokenPipeError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            raise
        print_error(app.streams, _explain_unexpected(error))
        return Exit.FAILED


def _report_unknown_outcome(app: App, interrupt: KeyboardInterrupt) -> None:
    """Say so if nobody knew whether a write was saved when the command was interrupted."""
    for cause in iterate_causes(interrupt):
        if isinstance(cause, OutcomeUnknown):
            from neontodo.render.messages import print_error

            print_error(app.streams, cause)
            return


def _usage_error(error: TyperException) -> TodoError:
    """Typer's message in our own form: what it suggests is the hint."""
    import re

    from neontodo.masking import mask_database_urls

    text = re.sub("'([^']*)'", r"`\1`", mask_database_urls(error.format_message())).rstrip(".")
    text = re.sub(r"(?<![\w`-])--?\w[\w-]*", r"`\g<0>`", text).replace("option: `", "option `")
    text, _, near = text.partition(". Did you mean ")
    if not near:
        text, _, near = text.partition(" (Possible options: ")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else NAME
    usage = f"`{command} --help` shows how it is used"
    if command == NAME and text.startswith("No such command"):
        # Perhaps it is the title of a task.
        usage = f"`{NAME} --help` lists the commands, and `{NAME} add TITLE` adds a task"
    hint = f"did you mean {near.rstrip('?)').replace(', ', ' or ')}?" if near else usage
    return TodoError(text[:1].lower() + text[1:], hint=hint)


def _explain_unexpected(error: Exception) -> TodoError:
    """Where an unforeseen error arose; its text may hold a secret and is not shown."""
    if isinstance(error, OSError) and error.errno in TOO_MANY:
        return TodoError("too many files are open", hint="raise the limit: `ulimit -n 256`")
    if isinstance(error, RuntimeError) and os.path.expanduser("~") == "~":
        # As Python's own look-ups of it do not say.
        return TodoError("there is no home folder for this user", hint="set HOME to a folder")
    import traceback
    from pathlib import Path

    if isinstance(error, PermissionError) and isinstance(error.filename, str):
        from neontodo.filesystem import explain_denial

        if (denial := explain_denial(Path(error.filename), os.R_OK)) is not None:
            return TodoError(denial[0], hint=denial[1])
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return TodoError(
        f"unexpected {type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}",
        hint="this is a defect of todo; please report it with the command you ran",
    )
