"""Files and folders: where links lead, and new ones that are made whole, by one of many.

What is made is its owner's alone, under any umask.
"""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neontodo.errors import Refused

if sys.platform != "win32":
    import fcntl

PREFIX = ".new-"
"""What the names of temporary folders begin with."""


def follow_links(path: Path) -> Path:
    """Return the path that all links of a path lead to, whether there is a file or not.

    Raises:
        Refused: somebody else has made one of them.
        RuntimeError, OSError: they lead nowhere.
    """
    for part in (*reversed(path.parents), path):
        if part.is_symlink():
            require_trusted(part, "a link")
            target = part.parent / part.readlink()
            return follow_links(target / path.relative_to(part))
    return Path(os.path.normpath(path))


def require_trusted(path: Path, what: str) -> None:
    """Check that a file or link was made by this user, by root, or by the owner of its folder.

    Linux asks that of links in `/tmp` (`fs.protected_symlinks`), which does not help where links
    are read before the file is opened. Here it counts in every folder that people share.

    Raises:
        Refused: somebody else has made it, so that this user would write where they chose.
    """
    owner = path.lstat().st_uid
    if os.name == "posix" and owner not in (0, os.geteuid(), path.parent.stat().st_uid):
        raise Refused(
            f"somebody else has put {what} at {path}, which is not written to",
            hint="name another file or folder, or the one that it leads to",
        )


def may_access(path: Path, mode: int) -> bool:
    """Return whether this process may use a file or folder so: os.R_OK, os.W_OK, os.X_OK."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def explain_denial(
    path: Path, mode: int, variable: str = "TODO_DATA_DIR"
) -> tuple[str, str] | None:
    """Return what keeps this user from reading or writing a path, and the next step.

    Args:
        path: a file, which need not exist.
        mode: os.R_OK or os.W_OK.
        variable: what names another place.

    Returns:
        None if nothing seems to.
    """
    if os.name != "posix":
        return None
    barrier = _find_barrier(Path(os.path.realpath(path)), mode)
    if barrier is None:
        return None
    owner, user = barrier.stat().st_uid, os.geteuid()
    verb = "written" if mode == os.W_OK else "read"
    if mode == os.W_OK and os.statvfs(barrier).f_flag & os.ST_RDONLY:
        what = f"`{barrier}` is on a read-only file system"
        return what, f"make it writable, or set {variable} to another place"
    if owner == user:
        mend = f"chmod u+rwX {shlex.quote(str(barrier))}"
        return f"`{barrier}` cannot be {verb}: its permissions forbid it", f"run `{mend}`"
    what = f"`{barrier}` cannot be {verb}: it belongs to {_name_user(owner)}"
    if barrier.parent.stat().st_uid != user:
        return what, f"set {variable} to a place of your own"
    all_of_it = "-R " if barrier.is_dir() else ""
    mend = f"sudo chown {all_of_it}{_name_user(user)} {shlex.quote(str(barrier))}"
    return what, f"`{mend}` makes it yours"


def _find_barrier(path: Path, mode: int) -> Path | None:
    """Return the folder or file that must be entered, read or written, and may not."""
    deepest = path
    for folder in reversed(path.parents):
        if not os.path.lexists(folder):
            break
        if not may_access(folder, os.X_OK):
            return folder
        deepest = folder
    if mode == os.W_OK and not may_access(deepest, mode):
        return deepest
    return path if path.exists() and not may_access(path, mode) else None


def _name_user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def identify_file(path: str | Path) -> tuple[int, ...] | None:
    """Return what changes when a file is replaced or written; None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can use, and its parents, where they do not exist."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        # The umask may have taken the owner's own rights away.
        folder.chmod(0o700)


def make_file(path: Path) -> None:
    """Make an empty file that only its owner can use."""
    path.touch(mode=0o600, exist_ok=False)
    path.chmod(0o600)


@contextmanager
def write_beside(path: Path, data: bytes, *, mode: int = 0o600) -> Iterator[Path]:
    """Yield a temporary file with the data, to be put in the place of another file."""
    import secrets

    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    make_folder(path.parent)
    try:
        options = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        fd = os.open(temporary, options, 0o600)
        with open(fd, "wb") as file:
            if os.name == "posix":
                os.fchmod(fd, mode)
            file.write(data)
            file.flush()
            os.fsync(fd)
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    is_folder = path.is_dir()
    if sys.platform == "win32" and is_folder:
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a folder, and say so this way.
        if not is_folder or error.errno not in {errno.EINVAL, errno.EBADF, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def publish(made: Path, path: Path, prepare: Callable[[], object] = lambda: None) -> bool:
    """Give a finished file its name, and return True, unless there is a file of that name.

    Args:
        made: the finished file, on the same file system.
        path: its name.
        prepare: called before that, while no other process can do the same.
    """
    with _lock(path.parent):
        if os.path.lexists(path):
            return False
        prepare()
        try:
            os.link(made, path)
        except FileExistsError:
            return False
        except OSError:
            # Some file systems have no links: exFAT, SMB, Android. Renaming would replace what is
            # there, but for the lock.
            made.rename(path)
    return True


def remove_empty_file(path: Path) -> None:
    """Remove a file of 0 bytes, so that one can be published in its place."""
    with _lock(path.parent), suppress(FileNotFoundError):
        if path.stat().st_size == 0:
            path.unlink()


@contextmanager
def open_temporary_folder(parent: Path) -> Iterator[Path]:
    """Make a folder in `parent` for unfinished files, and remove it at the end.

    It is locked meanwhile, so that `clear_temporary_folders` can tell it from a killed process's.
    """
    import shutil
    import tempfile

    while True:
        folder, descriptor = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)), None
        with suppress(OSError):
            folder.chmod(0o700)
            descriptor = _open_locked(folder, wait=True)
        if folder.is_dir():
            break
        # Another process took it for a killed one's before it was locked.
        _close(descriptor)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _close(descriptor)


def clear_temporary_folders(parent: Path, name: str) -> bool:
    """Remove the folders of killed processes that made the file `name`; return if none is left.

    Those of processes at work stay; without locks (Windows, some file systems) all do.
    """
    if sys.platform == "win32":
        return True
    import shutil

    names = {name + end for end in ("", "-wal", "-shm", "-journal")}
    is_clear = True
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if not {path.name for path in folder.iterdir()} <= names:
                continue
            descriptor = _open_locked(folder)
            shutil.rmtree(folder, ignore_errors=True)
            _close(descriptor)
        is_clear = is_clear and not folder.exists()
    return is_clear


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, where the file system has locks."""
    descriptor = None
    with suppress(OSError):
        descriptor = _open_locked(folder, wait=True)
    try:
        yield
    finally:
        _close(descriptor)


def _open_locked(folder: Path, *, wait: bool = False) -> int | None:
    """Return a descriptor that locks a folder (OSError if none can); None on Windows."""
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)
