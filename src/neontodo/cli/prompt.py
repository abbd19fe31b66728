"""Questions to a person on the terminal: confirmations, answers and secrets."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, TextIO

from neontodo.errors import BadValue, Declined

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.streams import Streams


LARGEST_SECRET = 64 * 1024
"""In bytes."""


def confirm(app: App, question: str, *, if_not: str = "nothing was changed") -> None:
    """Ask on a terminal whether to go on; anything but yes raises Declined, which says `if_not`."""
    require_terminal(app)
    if ask(app, f"{question} [y/N]").lower() not in ("y", "yes"):
        raise Declined(if_not)


def ask(app: App, question: str) -> str:
    """Return what a person on the terminal answers, without the space around it."""
    from neontodo.render.text import escape_text, safe_write

    safe_write(app.streams.err, f"{escape_text(question)} ")
    app.streams.err.flush()
    answer = b""
    try:
        answer = app.streams.in_bytes.readline()
    finally:
        if not answer.endswith(b"\n"):
            app.streams.err.write("\n")
    return answer.decode("utf-8", "replace").strip()


def say_what_is_read(app: App, what: str) -> None:
    """Say on a terminal what a command waits for there, and how to end it."""
    from neontodo.render.messages import print_message

    if app.streams.is_interactive:
        print_message(app.streams, f"{what}; Ctrl-D ends")


def read_text(app: App, what: str) -> str:
    """Return standard input, which is `what`; bytes that are no text become lone surrogates."""
    say_what_is_read(app, what)
    text = app.streams.in_bytes.read().decode(app.streams.stdin.encoding, "surrogateescape")
    return text.removeprefix("\ufeff")


def ask_secret(app: App, question: str) -> str:
    """Read a line from the terminal without showing it; from a file or pipe, all of it."""
    streams = app.streams
    if not streams.in_is_terminal:
        return streams.in_bytes.read(LARGEST_SECRET).decode("utf-8", "replace")
    with _open_screen(streams) as screen:

        def show_question() -> None:
            screen.write(f"{question} ")
            screen.flush()

        with _hide_input(streams.stdin, show_question):
            show_question()
            text = streams.in_bytes.readline(LARGEST_SECRET)
        screen.write("\n")
    return text.decode("utf-8", "replace")


def _open_screen(streams: Streams) -> AbstractContextManager[TextIO]:
    """Open what a person sees, even if standard error is redirected."""
    if not streams.err_is_terminal:
        with suppress(OSError):
            return open("/dev/tty", "w")
    return nullcontext(streams.err)


@contextmanager
def _hide_input(terminal: TextIO, ask_again: Callable[[], None]) -> Iterator[None]:
    """Keep a terminal from showing what is typed; `ask_again` is called after a stop (Ctrl-Z)."""
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
        # The shell has changed the terminal's settings meanwhile.
        with suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, after)
        ask_again()

    termios.tcsetattr(fd, termios.TCSADRAIN, after)
    handler = signal.signal(signal.SIGCONT, resume)
    try:
        yield
    finally:
        signal.signal(signal.SIGCONT, handler)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def require_terminal(app: App) -> None:
    """Raise BadValue unless there is a terminal to ask on."""
    if not app.streams.is_interactive:
        raise BadValue(
            "this needs confirmation, and there is no terminal to ask on",
            hint="pass `--yes`",
        )
