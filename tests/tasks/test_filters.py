"""What people write to sort a list, and for a priority."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.errors import BadValue
from neontodo.fields import SORT_KEYS, Priority
from neontodo.tasks.filters import SortKey, TaskFilter, parse_priority, parse_sort


def test_a_filter_shows_everything_pending() -> None:
    assert TaskFilter() == TaskFilter(completed=False, sort=(), limit=None, offset=0)


def test_sort_keys_in_order_with_a_dash_for_descending() -> None:
    assert parse_sort("due") == (SortKey("due"),)
    assert parse_sort("due, -Priority,number") == (
        SortKey("due"),
        SortKey("priority", descending=True),
        SortKey("number"),
    )


@pytest.mark.parametrize("key", SORT_KEYS)
def test_every_sort_key_is_read(key: str) -> None:
    assert parse_sort(f"-{key}") == (SortKey(key, descending=True),)


@pytest.mark.parametrize("text", ["", "dew", "due,", "--due", "due;number"])
def test_an_unknown_sort_key_is_refused_with_all_there_are(text: str) -> None:
    with pytest.raises(BadValue, match="is not a sort key") as caught:
        parse_sort(text)
    assert all(f"`{key}`" in (caught.value.hint or "") for key in SORT_KEYS)


def test_a_sort_key_given_twice_is_refused() -> None:
    with pytest.raises(BadValue, match="the sort key `due` is given twice"):
        parse_sort("due,title,-due")


@pytest.mark.parametrize("priority", Priority)
def test_a_priority_is_read_by_name_or_by_its_start(priority: Priority) -> None:
    for length in range(1, len(priority.label) + 1):
        assert parse_priority(priority.label[:length].upper()) is priority


@pytest.mark.parametrize("text", ["", " ", "urgent", "1", "highest"])
def test_what_is_no_priority_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(BadValue, match="is not a priority") as caught:
        parse_priority(text)
    assert caught.value.hint == "choose one of `none`, `low`, `medium`, `high`"


def hint_of(parse: Callable[[str], object], text: str) -> str | None:
    try:
        return f"read as {parse(text)}"
    except BadValue as refusal:
        return refusal.hint


@given(st.text())
def test_any_text_is_read_or_refused_with_a_hint(text: str) -> None:
    for parse in (parse_sort, parse_priority):
        assert hint_of(parse, text)
