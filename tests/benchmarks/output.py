"""What a benchmark prints."""

from __future__ import annotations


def say(line: str) -> None:
    """Print a line at once, also where somebody else reads it."""
    print(line, flush=True)  # noqa: T201
