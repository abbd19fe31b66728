"""A file to be read, by name or from standard input."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from neontodo.errors import BadValue, Refused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from neontodo.app import App

STDIN = "-"

_HEAD = 1 << 16
_IN_MEMORY = 1 << 20


class Source(io.RawIOBase):
    """The bytes of a file that is not waited for, counted as they are read."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self.done = 0
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def head(self) -> bytes:
        """What the file begins with."""
        head = self._file.read(_HEAD)
        self.rewind()
        return head

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
            # As it is, it would be taken for an error of the store.
            raise Refused(
                f"`{self._name}` could not be read to its end: {_reason(error)}"
            ) from None
        view[: len(fresh)] = fresh
        self.done += len(fresh)
        return len(fresh)


@contextmanager
def opened(app: App, name: str) -> Iterator[Source]:
    """The file of that name, or with `-` standard input.

    Pipes are read to their end first: a transaction must not wait for whoever fills them.

    Raises:
        BadValue: there is no such file, or it cannot be read.
    """
    if name == STDIN:
        with _spooled(app.streams.in_bytes) as file:
            yield Source(file, name)
        return
    with _open(app.cwd / name, name) as given:
        if stat.S_ISREG(os.fstat(given.fileno()).st_mode):
            yield Source(given, name)
        else:
            with _spooled(given) as file:
                yield Source(file, name)


def _open(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise BadValue(f"there is no file `{name}`") from None
    except IsADirectoryError:
        raise BadValue(f"`{name}` is a folder", hint="name a file in it") from None
    except (OSError, ValueError) as error:
        raise BadValue(f"`{name}` cannot be read: {_reason(error)}") from None


@contextmanager
def _spooled(pipe: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        # Not `read`: a terminal's end would have to be typed twice.
        while some := cast(io.BufferedReader, pipe).read1(_HEAD):
            file.write(some)
        yield cast(BinaryIO, file)


def _reason(error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return (reason or "not a usable name").lower()
