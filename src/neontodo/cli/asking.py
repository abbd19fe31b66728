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
