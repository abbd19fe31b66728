"""What people write to narrow and to sort a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.errors import BadValue
from neontodo.fields import SORT_KEYS, Priority
from neontodo.tasks.filters import (
    AnyOf,
    Equals,
    Includes,
    SortKey,
    TaskFilter,
    Within,
    parse_conditions,
    parse_priority,
    parse_sort,
    parse_span,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 12, 34, tzinfo=BERLIN)  # a Wednesday


def due(text: str) -> Within:
    return parse_span("due", text, now=NOW, tz=BERLIN)


def due_refusal(text: str) -> BadValue:
    with pytest.raises(BadValue) as caught:
        due(text)
    return caught.value


def test_a_filter_shows_everything_pending() -> None:
    assert TaskFilter() == TaskFilter(completed=False, sort=(), limit=None, offset=0)


@pytest.mark.parametrize(
    ("text", "day"),
    [("today", 18), (" Tomorrow ", 19), ("fri", 20), ("2026-11-30", 30), ("eow", 22)],
)
def test_a_day_is_that_day_alone(text: str, day: int) -> None:
    assert due(text) == Within("due", first=date(2026, 11, day), last=date(2026, 11, day))


def test_a_week_is_today_and_the_six_days_after_it() -> None:
    assert due("week") == Within("due", first=date(2026, 11, 18), last=date(2026, 11, 24))


def test_overdue_is_before_today_or_before_now() -> None:
    assert due("overdue") == Within("due", last=date(2026, 11, 17), before=NOW)


def test_none_is_without_a_due() -> None:
    assert due("NONE") == Within("due", absent=True)


def test_a_misspelt_filter_is_told_the_right_one() -> None:
    assert due_refusal("overdu").hint == "did you mean `overdue`?"
    assert due_refusal("tody").hint == "did you mean `today`?"


@pytest.mark.parametrize("text", ["13", "", "fri 17:00", "soonish", "9999-12-31"])
def test_what_is_no_day_is_refused_as_a_due_is(text: str) -> None:
    assert due_refusal(text).hint


def test_several_values_of_a_field_are_any_of_them_and_tags_are_all() -> None:
    given = {"project": ["a", "none", "a"], "priority": ["high"], "tags": ["x", "y"]}
    assert parse_conditions(given, now=NOW, tz=BERLIN) == (
        AnyOf((Equals("project", "a"), Equals("project", None))),
        Includes("tags", "x"),
        Includes("tags", "y"),
        Equals("priority", Priority.HIGH),
    )


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
    for parse in (due, parse_sort, parse_priority):
        assert hint_of(parse, text)
