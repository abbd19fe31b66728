"""Questions to a person, for what cannot be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neontodo.errors import BadValue, Refused

if TYPE_CHECKING:
    from neontodo.app import App


def confirm(app: App, question: str) -> None:
    """Ask on a terminal whether to go on; anything but yes, and no terminal, is a no.

    Raises:
        BadValue: there is nobody to ask.
        Refused: the answer was no.
    """
    from neontodo.render.text import escaped, safe_write

    require_person(app)
    safe_write(app.streams.err, f"{escaped(question)} [y/N] ")
    app.streams.err.flush()
    answer = app.streams.in_bytes.readline()
    if not answer.endswith(b"\n"):
        app.streams.err.write("\n")
    if answer.strip().lower() not in (b"y", b"yes"):
        raise Refused("nothing was changed")


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
