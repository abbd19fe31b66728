"""The `todo` script: let a warm agent run the command, else run it here.

It imports nothing that takes long: every command waits for it.
"""

import os
import sys

from neontodo import __version__

PLAIN = frozenset(
    {"add", "list", "show", "done", "undone", "toggle", "search", "undo", "redo", "log", "tags"}
    | {"projects", "stats", "import", "export"}
)
"""Commands that ask nothing and start no other program."""

VALUED = ("--color", "--profile")
"""What may stand before the name of a command, with a value of its own."""

LOADED = ("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES")
"""What is loaded into this process changes it in ways that an agent knows nothing of."""

OWN = ("/dev/", "/proc/")
"""Where a file's name means another thing to each process."""

FIELDS = (
    "--title", "--description", "-d", "--due", "--priority", "-p", "--project", "-P", "--tag",
    "-t", "--untag",
)  # fmt: skip
"""With one of them, `todo edit` needs no editor."""


def main() -> None:
    """Run the command line of this process, and end with its exit code."""
    argv = sys.argv[1:]
    try:
        code = _version() if argv in (["--version"], ["-V"]) else _run(argv)
    except KeyboardInterrupt:
        code = 130
    _end(code)


def _version() -> int:
    _open_closed()
    return _shown(f"todo {__version__}\n")


def _run(argv: list[str]) -> int:
    if not (_is_wanted() and is_for_agent(argv, os.isatty(0))):
        return _run_here(argv)
    from neontodo.launcher import client, protocol, socket_path

    env = dict(os.environb)
    path = socket_path.socket_path(env)
    if path is None:
        return _run_here(argv)
    command = protocol.Command([os.fsencode(word) for word in argv], env, _umask(), _texts())
    try:
        code = client.run(path, command)
    except client.Lost:
        return _report_lost()
    except client.NotRun as reason:
        code = _run_here(argv)
        if isinstance(reason, client.Silent):
            _remove(path)
        if isinstance(reason, (client.Silent, client.Absent)):
            from neontodo.launcher import spawn

            spawn.start(path, command)
        return code
    # Nothing was written here: there is nothing to flush, and nothing to tear down in good order.
    os._exit(code)


def _is_wanted() -> bool:
    """Whether an agent may be used, and left behind."""
    env = os.environ  # noqa: TID251
    return (
        hasattr(os, "fork")
        and env.get("TODO_AGENT", "").lower() not in ("off", "0", "no", "false")
        and env.get("CI", "").lower() in ("", "0", "no", "false")
        and not any(name in env for name in ("_TODO_COMPLETE", *LOADED))
        and None not in (sys.stdin, sys.stdout, sys.stderr)  # noqa: TID251
    )


def is_for_agent(argv: list[str], in_is_terminal: bool) -> bool:
    """Whether a command needs nothing of the terminal but to write to it, and is no call for help.

    What is not known here is not for the agent.
    """
    if "--help" in argv or "-h" in argv or any(place in word for word in argv for place in OWN):
        return False
    name = _command_of(argv)
    if name in PLAIN:
        return not (in_is_terminal and "-" in argv)
    if name == "rm":
        return not in_is_terminal or "--yes" in argv or "-y" in argv
    if name == "edit":
        return not in_is_terminal or any(word.startswith(FIELDS) for word in argv)
    return False


def _command_of(argv: list[str]) -> str:
    """The name of the command; `list` if there is none, nothing where it is not obvious."""
    words = iter(argv)
    for word in words:
        if word in VALUED:
            next(words, None)
        elif word.partition("=")[0] not in VALUED:
            return "" if word.startswith("-") else word
    return "list"


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _texts() -> list[str]:
    """How the standard streams were opened, for a worker to open them alike."""
    return [
        f"{s.encoding}:{s.errors}:{s.line_buffering}:{getattr(s, 'write_through', False)}"
        for s in (sys.stdin, sys.stdout, sys.stderr)  # noqa: TID251
    ]


def _run_here(argv: list[str]) -> int:
    import gc

    # Looking for garbage among the modules' own objects takes a tenth of the time of a command.
    gc.set_threshold(100_000)
    _open_closed()
    from neontodo.cli.process import run_in_process

    return run_in_process(argv)


def _open_closed() -> None:
    """Stand in for standard streams that the caller closed; a store must not get their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(null, mode, encoding="utf-8"))


def _report_lost() -> int:
    from neontodo.app import App
    from neontodo.cli.exits import code_of
    from neontodo.errors import OutcomeUnknown
    from neontodo.render.messages import print_error

    error = OutcomeUnknown(
        "not known whether it was done: the agent that ran it has gone",
        hint="look with `todo log` before you repeat it",
    )
    print_error(App.from_process().streams, error)
    return code_of(error)


def _remove(path: str) -> None:
    """Give up an agent that does not answer: it ends when it finds its socket gone."""
    for name in (path, f"{path}.lock"):
        try:
            os.unlink(name)
        except OSError:
            continue


def _shown(text: str) -> int:
    """Write to standard output and answer an exit code; a reader that went away is no failure."""
    try:
        sys.stdout.write(text)  # noqa: TID251
        sys.stdout.flush()  # noqa: TID251
    except OSError as error:
        return int(not isinstance(error, BrokenPipeError))
    return 0


def _end(code: int) -> None:
    """End at once: taking the interpreter apart would take a quarter of the time of a command."""
    try:
        sys.stderr.flush()  # noqa: TID251
    finally:
        # What could not be said changes nothing of what was done.
        os._exit(code)
