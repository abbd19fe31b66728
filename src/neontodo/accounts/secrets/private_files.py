"""Small files that nobody but their owner may read, written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import AwareDatetime, PlainSerializer, TypeAdapter

from neontodo.errors import NotSignedIn, StoreUnavailable, explain_os_error
from neontodo.filesystem import explain_denial, publish, write_beside

LARGEST = 1_000_000
_OPTIONS = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}

T = TypeVar("T")
Instant = Annotated[AwareDatetime, PlainSerializer(lambda at: at.astimezone(UTC).isoformat())]
"""An instant of a stored dataclass."""


def write_private(path: Path, data: bytes) -> None:
    """Replace the file's content; a reader sees the old one or the new one, also after a crash."""
    with _write_beside(path, data) as temporary:
        os.replace(temporary, path)


def create_private(path: Path, data: bytes) -> bool:
    """Write a file that must not exist yet, and answer whether it was this caller who made it."""
    with _write_beside(path, data) as temporary:
        return publish(temporary, path)


def replace_private(path: Path, data: bytes) -> Path | None:
    """Write a file; one in its place gets the name `NAME.TIME.old`, which is returned."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = path.with_name(f"{path.name}.{stamp}.old")
    with _write_beside(path, data) as temporary:
        is_replaced = os.path.lexists(path)
        if is_replaced:
            path.rename(aside)
        os.replace(temporary, path)
    return aside if is_replaced else None


def read_private(path: Path, *, even_shared: bool = False) -> bytes | None:
    """Return a file's content, or None if there is no such file; refuse one others can read."""
    try:
        # A named pipe in the file's place must not keep the reader waiting.
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _OPTIONS)
        try:
            _check(path, os.fstat(fd), even_shared)
            with open(fd, "rb", closefd=False) as file:
                return file.read(LARGEST)
        finally:
            os.close(fd)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        what = f"`{path}` cannot be read: {explain_os_error(error)}"
        hint = "it must belong to you and be a plain file"
        raise _explain_error(error, path, os.R_OK, what, hint) from error


def read_token(path: Path) -> str | None:
    """Return the token in a file, or None if there is no such file."""
    data = read_private(path)
    return None if data is None else data.decode("ascii", "replace").strip()


def make_private(path: Path) -> None:
    """Remove other users' access to a file, where that is possible."""
    with suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            path.chmod(0o600)


def remove_private(path: Path) -> None:
    """Remove the file; one that is not there is no error."""
    with _translate_write_errors(path):
        path.unlink(missing_ok=True)


def parse_json(kind: type[T], data: bytes | str) -> T | None:
    """Read a dataclass from JSON; None if it is damaged: an error would quote the secret in it."""
    try:
        return cast(T, _make_adapter(cast(Any, kind)).validate_json(data, strict=True))
    except ValueError:
        return None


def format_json(value: object, *, exclude: Any = None, indent: int | None = None) -> str:
    """Write a dataclass as `parse_json` reads it."""
    return json.dumps(
        _make_adapter(cast(Any, type(value))).dump_python(value, exclude=exclude), indent=indent
    )


def write_json(path: Path, value: object) -> None:
    """Replace the file's content with a dataclass, as `parse_json` reads it."""
    write_private(path, format_json(value, indent=2).encode() + b"\n")


@cache
def _make_adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _check(path: Path, status: os.stat_result, even_shared: bool) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        raise NotSignedIn(
            f"`{path}` is not a file that this program wrote",
            hint="move it away and sign in again",
        )
    if os.name == "posix" and status.st_mode & 0o077 and not even_shared:
        raise NotSignedIn(
            f"`{path}` can be read by others, so it is not used",
            hint=f"make it yours alone with `chmod 600 {shlex.quote(str(path))}`",
        )


@contextmanager
def _write_beside(path: Path, data: bytes) -> Iterator[Path]:
    with _translate_write_errors(path), write_beside(path, data) as temporary:
        yield temporary


@contextmanager
def _translate_write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"`{path}` cannot be written: {explain_os_error(error)}"
        hint = _next_step(error, path.parent)
        raise _explain_error(error, path, os.W_OK, what, hint) from error


def _explain_error(error: OSError, path: Path, mode: int, what: str, hint: str) -> StoreUnavailable:
    """Return the error that names what is in the way, if that is known, else the given one."""
    if error.errno in _FORBIDDEN and (denial := explain_denial(path, mode)) is not None:
        what, hint = denial
    return StoreUnavailable(what, hint=hint)


def _next_step(error: OSError, folder: Path) -> str:
    if error.errno in _FULL:
        return "free some space on the disk, then run the command again"
    if error.errno == errno.EROFS:
        return (
            f"`{folder}` is on a read-only file system; make it writable, or choose another place"
        )
    if error.errno in _FORBIDDEN:
        return f"`{folder}` must belong to you and be writable"
    return f"check `{folder}`, then run the command again"
