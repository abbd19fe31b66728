"""How far a long command has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from neontodo.streams import Streams

PATIENCE = 0.5
"""Seconds of work before a bar is worth it."""


class Bar:
    """A bar on the terminal of standard error, gone again when the work is done.

    It appears only once the work has taken longer than `PATIENCE`; without a terminal, never.
    """

    def __init__(
        self,
        streams: Streams,
        label: str,
        total: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._streams = streams
        self._label = label
        self._total = total
        self._clock = clock
        self._appears = clock() + PATIENCE
        self._drawn: Progress | None = None

    def show(self, done: int) -> None:
        """Show how much of the total is done."""
        if self._drawn is None:
            if not self._streams.err_is_terminal or self._clock() < self._appears:
                return
            self._drawn = self._start()
        self._drawn.update(self._drawn.task_ids[0], completed=done, refresh=True)

    def _start(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        console = Console(
            file=self._streams.err,
            width=self._streams.width,
            force_terminal=True,
            color_system="standard" if self._streams.colour else None,
            legacy_windows=False,
            _environ={},
        )
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bar.add_task(self._label, total=self._total)
        bar.start()
        return bar

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn is not None:
            self._drawn.stop()
