"""Where an agent listens: a private folder, and in it one name for each store and version.

Nothing here may take long to import; `hashlib` would, and `collections.abc`.
"""

import os
import stat
import sys

import neontodo

# What decides which store a command opens, and which keyring knows its address, as a process looks
# for one only once. All else a worker looks at again for each command; if it has to open another
# store, that only takes longer.
STORE = (
    b"TODO_DATABASE_URL",
    b"TODO_DATA_DIR",
    b"TODO_CONFIG",
    b"HOME",
    b"XDG_DATA_HOME",
    b"XDG_CONFIG_HOME",
    b"DBUS_SESSION_BUS_ADDRESS",
)
RIGHTS = ("Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp:")
"""Lines of /proc/self/status."""

LONGEST = 100
"""Bytes of a socket's path; the systems' own limits are 104 and 108."""


def socket_path(env: dict[bytes, bytes]) -> str | None:
    """The socket of the agent for this store and version; None where there can be none."""
    name = _name(env)
    if name is None:
        return None
    path = f"{folder(env)}/{name}"
    return path if len(os.fsencode(path)) <= LONGEST else f"{_temporary(env)}/{name}"


def folder(env: dict[bytes, bytes]) -> str:
    """The folder of the user's agents; it may not exist yet."""
    runtime = os.fsdecode(env.get(b"XDG_RUNTIME_DIR", b""))
    # Whoever became another user by `su` still has the first one's.
    is_usable = runtime.startswith("/") and is_private(runtime)
    return f"{runtime}/neontodo" if is_usable else _temporary(env)


def _temporary(env: dict[bytes, bytes]) -> str:
    base = os.fsdecode(env.get(b"TMPDIR", b""))
    return f"{base if base.startswith('/') and len(base) < 40 else '/tmp'}/neontodo-{os.geteuid()}"


def is_private(path: str) -> bool:
    """Whether a folder is the user's own and nobody else's."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and not stat.S_IMODE(status.st_mode) & 0o077
    )


def _name(env: dict[bytes, bytes]) -> str | None:
    try:
        from _blake2 import blake2b
    except ImportError:
        return None
    parts = [name + b"=" + env[name] for name in STORE if name in env]
    parts += sorted(b"=".join(item) for item in env.items() if item[0].startswith(b"PYTHON"))
    parts += [os.fsencode(part) for part in _program()]
    digest = blake2b(b"\0".join(parts), digest_size=12).hexdigest()
    return f"{digest}.sock"


def _program() -> list[str]:
    """What tells this program from others, and what it sees from what others see."""
    source = os.stat(__file__)
    try:
        namespace = os.readlink("/proc/self/ns/mnt")
    except OSError:
        namespace = ""
    root = os.stat("/")
    return [
        neontodo.__version__,
        __file__,
        f"{source.st_mtime_ns} {source.st_ino}",
        sys.executable,
        sys.version,
        sys.getfilesystemencoding(),
        f"{namespace} {root.st_dev} {root.st_ino}",
        *_powers(),
    ]


def _powers() -> list[str]:
    """What no process takes on from another: its limits, priority, groups, rights and network."""
    try:
        network = os.readlink("/proc/self/ns/net")
        with open("/proc/self/limits", encoding="utf-8") as file:
            limits = file.read()
        with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
            rights = [line for line in file if line.startswith(RIGHTS)]
    except OSError:
        # No Linux: what can be asked elsewhere without much ado.
        return [f"{os.getegid()} {sorted(os.getgroups())} {os.nice(0)}"]
    return [network, limits, *rights, str(os.nice(0))]
