"""The path an agent listens at: in a private folder, one name for each store and version.

Nothing here may take long to import; `hashlib` would, and `collections.abc`.
"""

import os
import stat
import sys

import neontodo

# What decides which store a command opens, and which keyring knows its address, as a process looks
# for one only once. All else an agent looks at again for each command; if it has to open another
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


def find_socket_path(env: dict[bytes, bytes]) -> str | None:
    """Return the path of the agent for this store and version; None where there can be none."""
    name = _name(env)
    if name is None:
        return None
    path = f"{find_folder(env)}/{name}"
    return path if len(os.fsencode(path)) <= LONGEST else f"{_temporary(env)}/{name}"


def find_all_socket_paths(env: dict[bytes, bytes]) -> list[str]:
    """Return the paths of all agents of this user that listen, or are only starting."""
    folders = {find_folder(env), _temporary(env)}
    return [
        f"{folder}/{name.removesuffix('.lock')}"
        for folder in sorted(folders)
        if is_private(folder)
        for name in sorted(os.listdir(folder))
        if name.endswith(".sock.lock")
    ]


def find_folder(env: dict[bytes, bytes]) -> str:
    """Return the folder of the user's agents; it may not exist yet."""
    runtime = os.fsdecode(env.get(b"XDG_RUNTIME_DIR", b""))
    # Whoever became another user by `su` still has the first one's.
    is_usable = runtime.startswith("/") and is_private(runtime)
    return f"{runtime}/neontodo" if is_usable else _temporary(env)


def _temporary(env: dict[bytes, bytes]) -> str:
    base = os.fsdecode(env.get(b"TMPDIR", b""))
    return f"{base if base.startswith('/') and len(base) < 40 else '/tmp'}/neontodo-{os.geteuid()}"


def is_private(path: str) -> bool:
    """Return whether a folder is the user's own, and nobody else can enter it."""
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
    """Name this program, and the part of the system that it sees."""
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
    """Name what no process takes on from another: limits, priority, groups, rights, network."""
    try:
        network = os.readlink("/proc/self/ns/net")
        with open("/proc/self/limits", encoding="utf-8") as file:
            limits = file.read()
        with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
            rights = [line for line in file if line.startswith(RIGHTS)]
    except OSError:
        # Not Linux: what other systems tell at once.
        return [f"{os.getegid()} {sorted(os.getgroups())} {os.nice(0)}"]
    return [network, limits, *rights, str(os.nice(0))]
