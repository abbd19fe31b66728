"""A command's input and outputs as one value, which terminal, agent and tests each bring."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO, cast

NOT_FORCED = ("", "0", "false")
"""Values of FORCE_COLOR and CLICOLOR_FORCE that force nothing."""


@dataclass(frozen=True)
class Streams:
    """Input, output and messages, and what is known of their other end.

    `width` is in columns, `height` in lines. `colour` says whether escape sequences may be written
    to `out`: to a pipe only if that is asked for. With `is_table_wanted` even a pipe gets tables;
    with `is_quiet` only questions, warnings and errors are messages to be shown.
    """

    stdin: TextIO
    out: TextIO
    err: TextIO
    in_is_terminal: bool
    out_is_terminal: bool
    err_is_terminal: bool
    width: int
    colour: bool
    is_table_wanted: bool = False
    is_quiet: bool = False
    height: int = 24

    @property
    def shows_tables(self) -> bool:
        """Whether `out` is for a person, at a terminal or by a program such as `watch`."""
        return self.out_is_terminal or self.colour or self.is_table_wanted

    @property
    def is_interactive(self) -> bool:
        """Whether a question can be asked and answered."""
        return self.in_is_terminal and self.err_is_terminal

    @property
    def in_bytes(self) -> BinaryIO:
        return self.stdin.buffer

    @property
    def out_bytes(self) -> BinaryIO:
        """Standard output for data in UTF-8, whatever the encoding of `out`."""
        self.out.flush()
        return self.out.buffer


class Messages:
    """A stream that ignores failing writes: no command fails because a message cannot be shown."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def open_process_streams() -> Streams:
    """Return the standard streams of this process, and what is known of their other end."""
    env = os.environ  # noqa: TID251
    out_is_terminal = sys.stdout.isatty()  # noqa: TID251
    width, height = _find_size()
    return Streams(
        stdin=sys.stdin,
        out=sys.stdout,  # noqa: TID251
        err=cast(TextIO, Messages(sys.stderr)),  # noqa: TID251
        in_is_terminal=sys.stdin is not None and sys.stdin.isatty(),
        out_is_terminal=out_is_terminal,
        err_is_terminal=sys.stderr.isatty(),  # noqa: TID251
        width=width,
        colour=is_colour_wanted(env, is_terminal=out_is_terminal),
        height=height,
    )


def is_colour_wanted(env: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Return what the usual variables say of colour: NO_COLOR never, then FORCE_COLOR always."""
    if env.get("NO_COLOR"):
        return False
    if any(env.get(name, "") not in NOT_FORCED for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal and env.get("TERM", "") not in ("", "dumb")


def _find_size() -> tuple[int, int]:
    """Return COLUMNS and LINES, else the size of a terminal that a stream leads to, else 80, 24."""
    import shutil

    columns, lines = 80, 24
    for descriptor in (0, 2):
        with suppress(OSError):
            # Some terminals have 0: they do not know.
            size = os.get_terminal_size(descriptor)
            columns, lines = size.columns or columns, size.lines or lines
    return shutil.get_terminal_size((columns, lines))


class Notice:
    """A line on a terminal's standard error that says what is waited for, and is then erased."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._shown = ""

    def show(self, text: str) -> None:
        """Replace what is shown by `text`; an empty text erases it."""
        if text == self._shown or not self._streams.err_is_terminal:
            return
        erased = f"\r{' ' * len(self._shown)}\r" if self._shown else ""
        self._streams.err.write(erased + text)
        self._streams.err.flush()
        self._shown = text
