"""Counts and lists of numbers in sentences."""

from __future__ import annotations

import pytest

from neontodo.wording import list_numbers, pluralize


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks")], ids=str
)
def test_a_count_has_its_noun(count: int, words: str) -> None:
    assert pluralize(count, "task") == words


@pytest.mark.parametrize(
    ("numbers", "listed"),
    [
        pytest.param([7], "7", id="one"),
        pytest.param([8, 7], "7, 8", id="two"),
        pytest.param(range(2, 32), "2–31", id="range"),
        pytest.param([1, 3, 4, 5, 9], "1, 3–5, 9", id="mixed"),
        pytest.param(range(1, 25, 2), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23", id="twelve"),
        pytest.param(
            [*range(1, 25, 2), 30, 40, 41, 42],
            "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, and 4 more",
            id="many",
        ),
    ],
)
def test_numbers_are_listed_in_ranges(numbers: list[int], listed: str) -> None:
    assert list_numbers(numbers) == listed
