"""Questions to a person, for what cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from neontodo.errors import BadValue, Refused

if TYPE_CHECKING:
    from neontodo.app import App


LARGEST = 64 * 1024
"""Bytes of a secret that is pasted."""


def confirm(app: App, question: str) -> None:
    """Ask on a terminal whether to go on; anything but yes, and no terminal, is a no.

    Raises:
        BadValue: there is nobody to ask.
        Refused: the answer was no.
    """
    require_person(app)
    if answered(app, f"{question} [y/N]").lower() not in ("y", "yes"):
        raise Refused("nothing was changed")


def answered(app: App, question: str) -> str:
    """What a person on the terminal answers, without the space around it."""
    from neontodo.render.text import escaped, safe_write

    safe_write(app.streams.err, f"{escaped(question)} ")
    app.streams.err.flush()
    answer = b""
    try:
        answer = app.streams.in_bytes.readline()
    finally:
        if not answer.endswith(b"\n"):
            app.streams.err.write("\n")
    return answer.decode("utf-8", "replace").strip()


def asked_unseen(app: App, question: str) -> str:
    """A secret line of a terminal, which does not show it; all of anything else."""
    streams = app.streams
    if not streams.interactive:
        return streams.in_bytes.read(LARGEST).decode("utf-8", "replace")
    with _unseen(streams.stdin):
        streams.err.write(f"{question} ")
        streams.err.flush()
        text = streams.in_bytes.readline(LARGEST)
    streams.err.write("\n")
    return text.decode("utf-8", "replace")


@contextmanager
def _unseen(terminal: TextIO) -> Iterator[None]:
    """Let a terminal not repeat what is typed."""
    try:
        import termios

        fd = terminal.fileno()
        before = termios.tcgetattr(fd)
    except (ImportError, OSError, ValueError, _termios_error()):
        yield
        return
    after = list(before)
    after[3] &= ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSADRAIN, after)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _termios_error() -> type[Exception]:
    try:
        import termios
    except ImportError:
        return OSError
    return termios.error


def require_person(app: App) -> None:
    """Make sure that a question can be asked.

    Raises:
        BadValue: there is nobody to ask.
    """
    if not app.streams.interactive:
        raise BadValue(
            "this needs a yes, and there is no terminal to ask on",
            hint="`--yes` says it beforehand",
        )
