"""The `todo` script."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line of this process, and end with its exit code."""
    from neontodo.app import App
    from neontodo.cli.main import run

    code = run(sys.argv[1:], App.from_process())
    try:
        sys.stdout.flush()  # noqa: TID251
    except BrokenPipeError:
        # The interpreter would complain about the closed pipe once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)
