"""The process state of a command: streams, folder, umask, environment, locale and time zone."""

from __future__ import annotations

import io
import locale
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, cast

from neontodo.filesystem import identify_file
from neontodo.launcher.protocol import Invocation

STANDARD = (0, 1, 2)
ZONES = ("/etc/localtime", "/etc/timezone")

_zone: list[object] = []


class CannotImitate(Exception):
    """This process cannot be made like the launcher's."""


@contextmanager
def imitate_launcher(invocation: Invocation, descriptors: list[int]) -> Iterator[None]:
    """Give this process the state that the launcher's has; the folder is the last descriptor.

    Afterwards nothing of it is held: no pipe that somebody waits to see closed, and no folder that
    somebody wants to unmount. Environment, locale and time zone stay, since most often the next
    command brings the same.

    Raises:
        CannotImitate: nothing has been begun.
    """
    try:
        try:
            _imitate(invocation, descriptors)
        except (OSError, LookupError, ValueError):
            raise CannotImitate from None
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _flush_streams()
        _redirect([os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC) for _ in STANDARD])
        _close_streams()
        os.chdir("/")
        os.umask(0o077)


def _imitate(invocation: Invocation, descriptors: list[int]) -> None:
    *streams, folder = descriptors
    try:
        _redirect(streams)
        os.fchdir(folder)
    finally:
        os.close(folder)
    os.umask(invocation.umask)
    _set_environment(invocation.env)
    opened = list(map(_open_stream, STANDARD, invocation.texts))
    sys.stdin, sys.stdout, sys.stderr = opened  # noqa: TID251
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = opened  # type: ignore[misc]
    sys.argv[1:] = invocation.decode_argv()


def _redirect(descriptors: list[int]) -> None:
    for descriptor, standard in zip(descriptors, STANDARD, strict=True):
        os.dup2(descriptor, standard)
        os.close(descriptor)


def _set_environment(variables: dict[bytes, bytes]) -> None:
    env = {os.fsdecode(name): os.fsdecode(value) for name, value in variables.items()}
    environ = os.environ  # noqa: TID251
    if dict(environ) != env:
        for name in environ.keys() - env.keys():
            del environ[name]
        environ.update(env)
        try:
            locale.setlocale(locale.LC_CTYPE, "")
        except locale.Error:
            locale.setlocale(locale.LC_CTYPE, "C")
    _set_time_zone()


def _set_time_zone() -> None:
    """Use the time zone of TZ or of the system, which may have changed since the last command."""
    time.tzset()
    found = [os.getenv("TZ"), *map(identify_file, ZONES)]
    if found != _zone:
        _zone[:] = found
        import tzlocal

        with suppress(Exception):
            tzlocal.reload_localzone()


def _open_stream(descriptor: int, text: str) -> io.TextIOWrapper:
    """Open a standard stream as the launcher's interpreter opened its own."""
    encoding, errors, line_buffering, write_through = text.split(":")
    direct = write_through == "True"
    mode, buffering = ("wb", 0 if direct else -1) if descriptor else ("rb", -1)
    return io.TextIOWrapper(
        cast(IO[bytes], open(descriptor, mode, buffering, closefd=False)),
        encoding=encoding,
        errors=errors,
        newline="\n",
        line_buffering=line_buffering == "True",
        write_through=direct,
    )


def _flush_streams() -> None:
    """Flush as an interpreter does when it ends; output closed early is no failure."""
    for stream in (sys.stdout, sys.stderr):  # noqa: TID251
        with suppress(OSError, ValueError):
            stream.flush()


def _close_streams() -> None:
    """Close the streams: what could not be written must not reach the next command's."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):  # noqa: TID251
        with suppress(OSError, ValueError):
            stream.close()
