"""Starting an agent: a process of its own, which the launcher does not wait for.

One process at a time holds the lock beside a socket: the launcher takes it before it starts an
agent and passes it on, so that an agent that is only starting is seen, and no second one started.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys

from neontodo.launcher import protocol
from neontodo.launcher.socket_path import is_private

# What an interpreter needs to start as this one did. All else comes with each command: whoever
# lists processes with their environment must not find a database's password there for hours.
NEEDED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV"}
    | {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "CONDA_PREFIX"}
)
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD)


def start_agent(path: str, invocation: protocol.Invocation) -> None:
    """Start an agent at `path`, ready for commands like this one, unless there is one."""
    lock = lock_path(path)
    if lock is None:
        return
    os.set_inheritable(lock, True)
    start = protocol.encode_request(protocol.RUN, invocation.encode())
    # By its path: however this process found the package, the other one will.
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    program = os.path.join(package, "agent", "__main__.py")
    null = ("/dev/null", os.O_RDWR, 0)
    reading, writing = os.pipe()
    try:
        os.posix_spawn(
            sys.executable,
            # Without -P the folder of the program would be searched for modules first.
            [sys.executable, "-P", "-X", f"utf8={sys.flags.utf8_mode}", program],
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
        os.close(lock)
    with contextlib.suppress(BrokenPipeError), open(writing, "wb") as pipe:
        pipe.write(b"%b\0%d\0%b" % (os.fsencode(path), lock, start))


def read_start() -> tuple[str, int, protocol.Invocation]:
    """Return the socket's path, its lock and a command, from `start_agent`; else Garbage."""
    with open(0, "rb", closefd=False) as pipe:
        path, lock, start = [*pipe.read().split(b"\0", 2), b"", b""][:3]
    _, length = protocol.parse_head(start[: protocol.HEAD])
    body = start[protocol.HEAD :]
    if len(body) != length or not lock.isdigit():
        raise protocol.Garbage
    return os.fsdecode(path), int(lock), protocol.Invocation.decode(body)


def lock_path(path: str) -> int | None:
    """Take the lock of a socket; None if an agent has it, or if its folder is not private."""
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError):
        os.mkdir(folder, 0o700)
    if not is_private(folder):
        return None
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # An agent that ended meanwhile has removed the file of its lock.
        if os.path.samestat(os.stat(f"{path}.lock"), os.fstat(lock)):
            return lock
    except OSError:
        pass
    os.close(lock)
    return None


def is_locked(path: str) -> bool:
    """Return whether an agent is listening at `path`, or starting."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251
        if name in NEEDED or name.startswith(("LC_", "PYTHON"))
    }
