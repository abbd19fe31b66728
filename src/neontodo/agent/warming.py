"""Being ready: what the first command would be slow at is done before it comes."""

from __future__ import annotations

import io
from dataclasses import replace

from neontodo.agent.keeping import Kept
from neontodo.app import App
from neontodo.cli.main import run
from neontodo.db import embedded, write_ahead_log
from neontodo.db.url import SqliteTarget


def warm_up(kept: Kept) -> None:
    """Open the store of this process's environment, and draw its tasks where nobody sees them."""
    app = App.from_process(kept)
    app.load_settings()
    if isinstance(app.target, SqliteTarget):
        path = app.target.path
        # A command that makes or mends a store says so.
        if not (embedded.is_there(path) and write_ahead_log.belongs(path)):
            return
    for is_terminal in (False, True):
        app = App.from_process(kept)
        nowhere = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        app.streams = replace(app.streams, out=nowhere, out_is_terminal=is_terminal)
        if run(["list", "--limit", "20"], app):
            return
