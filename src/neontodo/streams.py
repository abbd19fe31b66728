"""A command's input and outputs as one value, which terminal, agent and tests each bring."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO, cast


@dataclass(frozen=True)
class Streams:
    """Input, output and messages, and what is known of their other end.

    `width` is in columns. `colour` says whether escape sequences may be written to `out`,
    `is_quiet` that only questions, warnings and errors are messages to be shown.
    """

    stdin: TextIO
    out: TextIO
    err: TextIO
    in_is_terminal: bool
    out_is_terminal: bool
    err_is_terminal: bool
    width: int
    colour: bool
    is_quiet: bool = False

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
    import shutil

    out_is_terminal = sys.stdout.isatty()  # noqa: TID251
    return Streams(
        stdin=sys.stdin,
        out=sys.stdout,  # noqa: TID251
        err=cast(TextIO, Messages(sys.stderr)),  # noqa: TID251
        in_is_terminal=sys.stdin is not None and sys.stdin.isatty(),
        out_is_terminal=out_is_terminal,
        err_is_terminal=sys.stderr.isatty(),  # noqa: TID251
        width=shutil.get_terminal_size().columns,
        colour=out_is_terminal and not os.environ.get("NO_COLOR"),  # noqa: TID251
    )


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
