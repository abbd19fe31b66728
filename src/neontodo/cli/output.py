"""The output of a command: its form is chosen here, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.render.listing import Output


def choose_output(app: App, *, json: bool = False, quiet: bool = False) -> Output:
    """Return the output in the form asked for, else in what suits the other end of the stream."""
    from neontodo.render.listing import Mode, Output

    mode: Mode
    if json:
        mode = "json"
    elif quiet:
        mode = "quiet"
    elif app.streams.out_is_terminal:
        mode = "table"
    else:
        mode = "lines"
    return Output(app.streams, mode, app.now, lambda: app.tz)
