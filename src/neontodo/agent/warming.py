"""Being ready: what the first command would be slow at is done before it comes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from neontodo.agent.keeping import Kept
from neontodo.app import App
from neontodo.cli.main import run
from neontodo.db import write_ahead_log
from neontodo.db.url import SqliteTarget


def warm_up(kept: Kept) -> None:
    """Open the store of this process's environment, and draw its tasks where nobody sees them."""
    app = App.from_process(kept)
    if isinstance(app.target, SqliteTarget) and not _holds(app.target.path):
        return
    for is_terminal in (False, True):
        app = App.from_process(kept)
        nowhere = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        app.streams = replace(app.streams, out=nowhere, out_is_terminal=is_terminal)
        if run(["list", "--limit", "20"], app):
            return


def _holds(path: Path) -> bool:
    """Whether a store can be opened as it is: a command that mends something says so."""
    return path.exists() and path.stat().st_size > 0 and write_ahead_log.belongs(path)
