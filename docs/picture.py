"""Draws docs/terminal.svg: the program's own output on a terminal, not a drawing of it.

Run it from the checkout: `python docs/picture.py`.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from neontodo.app import App
from neontodo.cli.main import run
from neontodo.streams import Streams

WIDTH = 84
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SESSION = (
    'todo add "Renew the passport" --due 2026-11-18 -p high -P home',
    'todo add "Ship the release notes" --due "today 17:00" -p medium -P work -t docs',
    'todo add "Call Zoë about the 🎻 lesson" --due tomorrow -t phone',
    'todo add "Read the Postgres 18 notes" -P work -t docs',
    'todo add "Water the plants" --due fri',
    "todo done 5",
    "todo",
    "todo undo",
    "todo search zoe",
)
QUIET = 5


def main() -> None:
    """Run the session, and export what a terminal would have shown."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    with tempfile.TemporaryDirectory() as home:
        for n, line in enumerate(SESSION):
            output = shown(line, Path(home))
            if n >= QUIET:
                console.print(Text("$ ", "bold green") + Text(line, "bold"))
                console.print(Text.from_ansi(output))
    # Rich's own template fetches its font from somewhere; the reader's monospace font will do.
    template = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    picture = Path(__file__).with_name("terminal.svg")
    console.save_svg(str(picture), title="todo", code_format=template)


def shown(line: str, home: Path) -> str:
    """What one command writes to a terminal."""
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    streams = Streams(io.StringIO(), screen, screen, True, True, True, WIDTH, True)
    env = {"TODO_DATA_DIR": str(home / "store"), "TODO_CONFIG": os.devnull, "TZ": "UTC"}
    run(shlex.split(line)[1:], App(streams, env, home, lambda: NOON))
    screen.seek(0)
    return screen.read()


if __name__ == "__main__":
    main()
