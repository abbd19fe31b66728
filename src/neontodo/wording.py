"""How counts and lists of numbers are worded in a sentence, and what a misspelt word was to be."""

from __future__ import annotations

from collections.abc import Iterable

from neontodo.errors import limit_lines

PARTS_SHOWN = 12
SHORTEST_RANGE = 3


def pluralize(count: int, noun: str) -> str:
    """Return the count with its noun, as `1 task` or `3 tasks`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def list_numbers(numbers: Iterable[int]) -> str:
    """Return the numbers in order, ranges drawn together: `2–31, 40`; very many are cut short."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts: list[tuple[str, int]] = []
    for run in runs:
        if len(run) < SHORTEST_RANGE:
            parts += [(str(number), 1) for number in run]
        else:
            parts.append((f"{run[0]}–{run[-1]}", len(run)))
    left = sum(count for _, count in parts[PARTS_SHOWN:])
    shown = [text for text, _ in parts[:PARTS_SHOWN]]
    return ", ".join(limit_lines(shown, len(shown) + left))


def find_similar(word: str, known: Iterable[str], *, alike: float = 0.7) -> str | None:
    """Return the known word that was probably meant; None if none is alike."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), 1, alike)), None)
