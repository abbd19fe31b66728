"""Questions to a person, for what cannot be taken back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from neontodo.errors import BadValue, Refused

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.streams import Streams


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
    if not streams.in_is_terminal:
        return streams.in_bytes.read(LARGEST).decode("utf-8", "replace")
    with _screen(streams) as screen:

        def ask() -> None:
            screen.write(f"{question} ")
            screen.flush()

        with _unseen(streams.stdin, ask):
            ask()
            text = streams.in_bytes.readline(LARGEST)
        screen.write("\n")
    return text.decode("utf-8", "replace")


@contextmanager
def _screen(streams: Streams) -> Iterator[TextIO]:
    """Where whoever types sees a question, even with standard error in a file."""
    if streams.err_is_terminal:
        yield streams.err
        return
    try:
        screen = open("/dev/tty", "w")  # noqa: SIM115
    except OSError:
        yield streams.err
        return
    with screen:
        yield screen


@contextmanager
def _unseen(terminal: TextIO, again: Callable[[], None]) -> Iterator[None]:
    """Let a terminal not repeat what is typed; `again` is called after a stop (Ctrl-Z)."""
    try:
        import termios
    except ImportError:
        yield
        return
    try:
        fd = terminal.fileno()
        before = termios.tcgetattr(fd)
    except (OSError, ValueError, termios.error):
        yield
        return
    after = list(before)
    after[3] &= ~termios.ECHO

    def resume(*_: object) -> None:
        # The shell has set its terminal as it likes it.
        with suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, after)
        again()

    termios.tcsetattr(fd, termios.TCSADRAIN, after)
    was = signal.signal(signal.SIGCONT, resume)
    try:
        yield
    finally:
        signal.signal(signal.SIGCONT, was)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def require_person(app: App) -> None:
    """Make sure that a question can be asked.

    Raises:
        BadValue: there is nobody to ask.
    """
    if not app.streams.interactive:
        raise BadValue(
            "this needs confirmation, and there is no terminal to ask on",
            hint="pass `--yes`",
        )
