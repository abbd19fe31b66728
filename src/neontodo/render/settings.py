"""The settings: a table, tab-separated lines, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.render.messages import say
from neontodo.render.text import field, safe_write

if TYPE_CHECKING:
    from neontodo.render.mode import Mode
    from neontodo.settings import Listed
    from neontodo.streams import Streams


def print_settings(settings: Sequence[Listed], *, file: Path, streams: Streams, mode: Mode) -> None:
    """Print every setting, and where the settings file is or would be."""
    if mode == "json":
        described = {"file": str(file), "settings": [asdict(setting) for setting in settings]}
        streams.out.write(json.dumps(described, indent=2) + "\n")
        return
    if mode == "table":
        from neontodo.render.terminal.settings import draw_settings

        draw_settings(settings, streams=streams)
    else:
        safe_write(streams.out, "".join(map(_line, settings)))
    say(streams, f"settings file: {file}" + ("" if file.exists() else " (not there)"))


def _line(setting: Listed) -> str:
    """A setting as its line in a pipe: name, value, where it came from, what it is."""
    columns = (setting.name, str(setting.value), setting.origin, setting.about)
    return "\t".join(map(field, columns)) + "\n"
