"""Leaving an agent behind: a process of its own, started without waiting for it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from neontodo.launcher import protocol

# What an interpreter needs to start as this one did. All else comes with each command: whoever
# lists processes with their environment must not find a database's password there for hours.
NEEDED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV"}
    | {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "CONDA_PREFIX"}
)


SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD)


def start(path: str, command: protocol.Command) -> None:
    """Start an agent that will listen at `path`, and make it ready for commands like this one."""
    message = os.fsencode(path) + b"\0" + protocol.request(protocol.RUN, command.encode())
    reading, writing = os.pipe()
    try:
        null = ("/dev/null", os.O_RDWR, 0)
        os.posix_spawn(
            sys.executable,
            [sys.executable, *_options(), _program()],
            _environment(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, reading, 0),
                (os.POSIX_SPAWN_OPEN, 1, *null),
                (os.POSIX_SPAWN_OPEN, 2, *null),
            ],
            # The terminal may be closed as soon as this process ends.
            setsid=True,
            # Whoever ignores them does so for themselves.
            setsigdef=SIGNALS,
            setsigmask=(),
        )
    except (OSError, NotImplementedError):
        # No agent then: the next command is as slow as this one.
        os.close(writing)
        return
    finally:
        os.close(reading)
    with contextlib.suppress(BrokenPipeError), open(writing, "wb") as pipe:
        pipe.write(message)


def received() -> tuple[str, protocol.Command]:
    """What `start` sent to this process.

    Raises:
        Garbage: this process was started by something else.
    """
    with open(0, "rb", closefd=False) as pipe:
        path, _, message = pipe.read().partition(b"\0")
    _, length = protocol.kind_and_length(message[: protocol.HEAD])
    body = message[protocol.HEAD :]
    if len(body) != length:
        raise protocol.Garbage
    return os.fsdecode(path), protocol.Command.decode(body)


def _program() -> str:
    # By its path: however this process found the package, the other one will.
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.path.join(package, "agent", "__main__.py")


def _options() -> list[str]:
    # Without -P the folder of the program would be searched for modules first.
    return ["-P", "-X", f"utf8={sys.flags.utf8_mode}"]


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251
        if name in NEEDED or name.startswith(("LC_", "PYTHON"))
    }
