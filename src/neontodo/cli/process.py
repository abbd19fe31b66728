"""`run` on this process's own streams, environment and folder, as the launcher and the agent do."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from neontodo.app import App
from neontodo.cli.main import run

if TYPE_CHECKING:
    from neontodo.resources import Resources


def run_in_process(argv: Sequence[str], resources: Resources | None = None) -> int:
    """Run one command as this process, and return its exit code."""
    if not sys.warnoptions:
        # They are for developers: Ctrl-C at an odd moment leaves a coroutine that never ran.
        warnings.simplefilter("ignore")
    code = run(argv, App.from_process(resources))
    # What of it could not be written has been reported, unless its reader had simply gone.
    with suppress(OSError):
        sys.stdout.flush()  # noqa: TID251
    return code
