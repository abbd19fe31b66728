"""Files that a person names: read from a file or standard input, written whole or not at all."""

from __future__ import annotations

import codecs
import io
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from neontodo.errors import BadValue, Refused, explain_os_error
from neontodo.filesystem import follow_links, require_trusted

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from neontodo.app import App

STANDARD = "-"
"""The name of standard input or output."""

_HEAD = 1 << 16
_IN_MEMORY = 1 << 20
_OPEN_FILE = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,6})")
"""The name of a file that this process has open."""

_ALIASES = {"/dev/stdout": "/dev/fd/1", "/dev/stderr": "/dev/fd/2"}


class Source(io.RawIOBase):
    """The bytes of a file that never blocks, counted as they are read."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self.done = 0
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def head(self) -> bytes:
        """Return what the file begins with."""
        head = self._file.read(_HEAD)
        self.rewind()
        return head

    def is_unicode(self) -> bool:
        """Return whether the whole file is UTF-8, or UTF-16 as its byte order mark says."""
        head = self.head()[:2]
        is_wide = head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        decoder = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8")()
        try:
            while piece := self._file.read(_IN_MEMORY):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
        return True

    def rewind(self) -> None:
        """Begin again with the first byte."""
        self._file.seek(0)
        self.done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        try:
            fresh = self._file.read(len(view))
        except OSError as error:
            # An OSError would be taken for an error of the store.
            raise Refused(
                f"`{self._name}` could not be read completely: {_explain(error)}"
            ) from None
        view[: len(fresh)] = fresh
        self.done += len(fresh)
        return len(fresh)


@contextmanager
def open_input(app: App, name: str, encoding: str | None = None) -> Iterator[Source]:
    """Open the file of that name, or with `-` standard input; as UTF-8 if its encoding is given.

    Pipes are read to their end first: a transaction must not wait for the program that writes.

    Raises:
        BadValue: there is no such file or encoding, or the file cannot be read.
    """
    with _open_seekable(app, name) as file:
        if encoding is None:
            yield Source(file, name)
        else:
            with _recode(file, name, encoding) as recoded:
                yield Source(recoded, name)


@contextmanager
def _open_seekable(app: App, name: str) -> Iterator[BinaryIO]:
    if name == STANDARD:
        from neontodo.cli.prompt import say_what_is_read

        say_what_is_read(app, "reading standard input")
        with _spool(app.streams.in_bytes) as file:
            yield file
        return
    with _open_input(app.cwd / name, name) as given:
        if stat.S_ISREG(os.fstat(given.fileno()).st_mode):
            yield given
        else:
            with _spool(given) as file:
                yield file


@contextmanager
def _recode(file: BinaryIO, name: str, encoding: str) -> Iterator[BinaryIO]:
    """Yield a copy of a file in UTF-8."""
    file.seek(0)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as recoded:
        try:
            text = io.TextIOWrapper(file, encoding=encoding, newline="")
            while some := text.read(_HEAD):
                recoded.write(some.encode())
            text.detach()
        except LookupError:
            raise BadValue(
                f"there is no encoding `{encoding}`", hint="try `windows-1252`, or `utf-16`"
            ) from None
        except UnicodeError:
            raise BadValue(
                f"`{name}` is not text in {encoding}", hint="name another one with `--encoding`"
            ) from None
        yield cast(BinaryIO, recoded)


def _open_input(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise BadValue(f"no such file: `{name}`") from None
    except IsADirectoryError:
        raise BadValue(f"`{name}` is a folder", hint="name a file in it") from None
    except (OSError, ValueError) as error:
        raise BadValue(f"`{name}` cannot be read: {_explain(error)}") from None


@contextmanager
def _spool(pipe: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        # Not `read`: a terminal's end would have to be typed twice.
        while some := cast(io.BufferedReader, pipe).read1(_HEAD):
            file.write(some)
        yield cast(BinaryIO, file)


def _explain(error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return (reason or "not a usable name").lower()


def write_output(app: App, name: str, pieces: Iterable[str], *, force: bool) -> None:
    """Write text as UTF-8 to the file of that name, or with `-` to standard output.

    Raises:
        BadValue: there can be no such file.
        Refused: it exists and `force` is off, or it could not be written completely.
    """
    if name == STANDARD:
        _write_pieces(app.streams.out_bytes, pieces)
        return
    try:
        with _open_output(app.cwd / name, name, force) as file:
            _write_pieces(file, pieces)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = explain_os_error(error)
        raise Refused(f"`{name}` could not be written: {reason}") from None


def _write_pieces(file: BinaryIO, pieces: Iterable[str]) -> None:
    for piece in pieces:
        file.write(piece.encode())
    file.flush()


@contextmanager
def _open_output(given: Path, name: str, force: bool) -> Iterator[BinaryIO]:
    if is_open := _OPEN_FILE.fullmatch(_ALIASES.get(str(given), str(given))):
        # Opened again by its name, a file would be truncated, and overwritten by the next writer.
        with os.fdopen(os.dup(int(is_open[1])), "wb") as file:
            yield file
        return
    path, old = resolve_output(given, name)
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise BadValue(f"`{name}` is a folder", hint="name a file in it")
    if old is not None and not stat.S_ISREG(old.st_mode):
        with _open_device(path, name) as file:
            yield file
        return
    if old is not None and not force:
        raise Refused(f"`{name}` already exists", hint="pass `--force` to overwrite it")
    draft = path.with_name(f".todo-export-{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            if old is not None and old.st_uid == os.fstat(file.fileno()).st_uid:
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


def _open_device(path: Path, name: str) -> BinaryIO:
    """Open a named pipe or a device; never a file that has taken its place meanwhile."""
    file = os.fdopen(os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)), "wb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Refused(
            f"`{name}` was replaced by another file meanwhile", hint="run the command again"
        )
    return file


def resolve_output(given: Path, name: str) -> tuple[Path, os.stat_result | None]:
    """Return the path behind all links, and the status of what is there, if anything is.

    Raises:
        BadValue: there can be no such file.
        Refused: somebody else has put a link, a pipe or a device there.
    """
    try:
        path = follow_links(given)
        # Raises ValueError for a NUL, which `exists` would take for a file that is not there.
        os.access(path, os.F_OK)
        old = path.stat() if path.exists() else None
        folder_is_there = path.parent.is_dir()
    except (OSError, ValueError, RuntimeError):
        raise BadValue(f"`{name}` is not a usable file name") from None
    if not folder_is_there:
        raise BadValue(f"the folder of `{name}` does not exist", hint="create it first")
    if old is not None and not (stat.S_ISREG(old.st_mode) or stat.S_ISDIR(old.st_mode)):
        require_trusted(path, "a pipe or device")
    return path, old
