"""The `todo` script: let a warm agent run the command, else run it here.

It imports nothing that takes long: every command waits for it. What it knows of commands and
options is checked against them by `tests/agent/test_launcher_lists.py`.
"""

import os
import sys

from neontodo import __version__

PLAIN = frozenset(
    {"add", "list", "today", "show", "search", "undo", "redo", "log", "tags", "projects", "stats"}
    | {"view", "import", "export"}
)
"""Commands that ask nothing and start no other program."""

ALIASES = {"a": "add", "d": "done", "e": "edit", "ls": "list"}

CHANGING = frozenset({"done", "undone", "toggle", "edit", "rm", "note"})
"""Commands that may ask on a terminal, as before a filter changes tasks."""

ASKS_NOTHING = ("--yes", "-y", "--dry-run")
REFERENCE = frozenset("0123456789abcdefABCDEF,-")
"""What references to tasks are made of, but for `@last`."""

VALUED = ("--color", "--profile")
"""Options with a value that may stand before the name of a command."""

FLAGS = ("--table",)
"""Options without a value that may stand there."""

LOADED = ("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES")
"""What is loaded into this process changes it in ways that an agent knows nothing of."""

PROCESS_FOLDERS = ("/dev/", "/proc/")
"""Folders in which a file's name means another thing to each process."""

EDITS = (
    "--title", "--description", "-d", "--due", "--start", "--priority", "-p", "--project", "-P",
    "--tag", "-t", "--untag",
)  # fmt: skip
"""With one of them, `todo edit` needs no editor."""


def main() -> None:
    """Run the command line of this process, and end with its exit code."""
    argv = sys.argv[1:]
    try:
        code = _print_version() if argv in (["--version"], ["-V"]) else _run(argv)
    except KeyboardInterrupt:
        code = 130
    _end(code)


def _print_version() -> int:
    """Print the version, and return an exit code; output closed early is no failure."""
    _open_closed_streams()
    try:
        sys.stdout.write(f"todo {__version__}\n")  # noqa: TID251
        sys.stdout.flush()  # noqa: TID251
    except OSError as error:
        return int(not isinstance(error, BrokenPipeError))
    return 0


def _run(argv: list[str]) -> int:
    if not (_may_use_agent() and is_for_agent(argv, os.isatty(0))):
        return _run_here(argv)
    from neontodo.launcher import client, protocol, socket_path

    env = dict(os.environb)
    path = socket_path.find_socket_path(env)
    if path is None:
        return _run_here(argv)
    words = [os.fsencode(word) for word in argv]
    invocation = protocol.Invocation(words, env, _read_umask(), _describe_streams())
    try:
        code = client.run_in_agent(path, invocation)
    except client.AgentLost:
        return _report_lost_agent()
    except client.NotBegun as reason:
        code = _run_here(argv)
        if isinstance(reason, client.AgentHangs):
            _give_up_agent(path)
        if isinstance(reason, (client.AgentHangs, client.NoAgent)):
            from neontodo.launcher import spawn

            # The agent gets ready for commands, even if a completion was what started it.
            env.pop(b"_TODO_COMPLETE", None)
            spawn.start_agent(path, invocation)
        return code
    # Nothing was written here: there is nothing to flush, and nothing to tear down in good order.
    os._exit(code)


def _may_use_agent() -> bool:
    """Return whether an agent may be used, and left behind."""
    env = os.environ  # noqa: TID251
    setting, no = env.get("TODO_AGENT", "").lower(), ("off", "0", "no", "false")
    return (
        hasattr(os, "fork")
        and setting not in no
        and (bool(setting) or env.get("CI", "").lower() in ("", *no))
        and env.get("_TODO_COMPLETE", "complete_").startswith("complete_")
        and not any(name in env for name in LOADED)
        and None not in (sys.stdin, sys.stdout, sys.stderr)  # noqa: TID251
    )


def is_for_agent(argv: list[str], in_is_terminal: bool) -> bool:
    """Return whether a command only writes to the terminal, and is no call for help.

    A command that is not known here is not for the agent.
    """
    if "--help" in argv or "-h" in argv:
        return False
    if any(folder in word for word in argv for folder in PROCESS_FOLDERS):
        return False
    typed = _find_command(argv)
    name = ALIASES.get(typed, typed)
    if name in PLAIN:
        return not (in_is_terminal and "-" in argv)
    if name not in CHANGING or not in_is_terminal:
        return name in CHANGING
    words = argv[argv.index(typed) + 1 :]
    if name == "edit" and not any(word.startswith(EDITS) for word in words):
        return False
    if name == "note":
        return _gives_note(words)
    return any(word in ASKS_NOTHING for word in words) or (name != "rm" and _names_tasks(words))


def _gives_note(words: list[str]) -> bool:
    """Return whether references and a text are all there is, so that `note` needs no editor."""
    is_plain = len(words) > 1 and not any(word.startswith("-") for word in words[:2])
    return is_plain and _names_tasks(words[:1]) and not any(w.startswith("--filter") for w in words)


def _names_tasks(words: list[str]) -> bool:
    """Return whether only references choose the tasks, so that nothing is asked."""
    rest = iter(words)
    for word in rest:
        if word in EDITS or word in VALUED:
            next(rest, None)
        elif word.startswith("-"):
            if word in ("--all", "-a") or word.startswith("--filter"):
                return False
        elif word != "@last" and not REFERENCE.issuperset(word):
            return False
    return True


def _find_command(argv: list[str]) -> str:
    """Return the name of the command: `list` if there is none, "" where it is not obvious."""
    words = iter(argv)
    for word in words:
        if word in VALUED:
            next(words, None)
        elif word.partition("=")[0] not in (*VALUED, *FLAGS):
            return "" if word.startswith("-") else word
    return "list"


def _read_umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _describe_streams() -> list[str]:
    """Return how the standard streams were opened, for the agent to open them alike."""
    return [
        f"{s.encoding}:{s.errors}:{s.line_buffering}:{getattr(s, 'write_through', False)}"
        for s in (sys.stdin, sys.stdout, sys.stderr)  # noqa: TID251
    ]


def _run_here(argv: list[str]) -> int:
    import gc

    # Looking for garbage among the modules' own objects takes a tenth of the time of a command.
    gc.set_threshold(100_000)
    _open_closed_streams()
    from neontodo.cli.main import run_in_process

    return run_in_process(argv)


def _open_closed_streams() -> None:
    """Replace standard streams that the caller closed; a store must not get their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(null, mode, encoding="utf-8"))


def _report_lost_agent() -> int:
    from neontodo.app import App
    from neontodo.cli.exits import find_exit_code
    from neontodo.errors import OutcomeUnknown
    from neontodo.render.messages import print_error

    error = OutcomeUnknown(
        "not known whether it was done: the agent ended unexpectedly",
        hint="check `todo log` before you repeat it",
    )
    print_error(App.from_process().streams, error)
    return find_exit_code(error)


def _give_up_agent(path: str) -> None:
    """Remove the socket of an agent that hangs: it ends when it finds that gone."""
    for name in (path, f"{path}.lock"):
        try:
            os.unlink(name)
        except OSError:
            continue


def _end(code: int) -> None:
    """End at once: tearing the interpreter down would take a quarter of a command's time."""
    try:
        sys.stderr.flush()  # noqa: TID251
    finally:
        # What could not be said changes nothing of what was done.
        os._exit(code)
