"""Spans of time as filters take them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.errors import BadValue
from neontodo.tasks.date_spans import End, parse_span

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 12, 34, tzinfo=BERLIN)  # a Wednesday


def span(text: str, **options: bool) -> tuple[End, End]:
    return parse_span(text, now=NOW, tz=BERLIN, **options)


def refuse(text: str) -> BadValue:
    with pytest.raises(BadValue) as caught:
        span(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-11-18", "2026-11-18"),
        (" Tomorrow ", "2026-11-19", "2026-11-19"),
        ("fri", "2026-11-20", "2026-11-20"),
        ("2026-11-30", "2026-11-30", "2026-11-30"),
        ("week", "2026-11-18", "2026-11-24"),
        ("this week", "2026-11-16", "2026-11-22"),
        ("next week", "2026-11-23", "2026-11-29"),
        ("Last  Week", "2026-11-09", "2026-11-15"),
        ("weekend", "2026-11-21", "2026-11-22"),
        ("next weekend", "2026-11-28", "2026-11-29"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("next month", "2026-12-01", "2026-12-31"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2027", "2027-01-01", "2027-12-31"),
        ("2026-W01", "2025-12-29", "2026-01-04"),
        ("2026-W53", "2026-12-28", "2027-01-03"),
        ("today..+7d", "2026-11-18", "2026-11-25"),
        ("2026-12..2027-01", "2026-12-01", "2027-01-31"),
        ("last week .. next week", "2026-11-09", "2026-11-29"),
        ("fri..fri", "2026-11-20", "2026-11-20"),
    ],
)
def test_a_span_has_its_first_and_last_day(text: str, first: str, last: str) -> None:
    assert span(text) == (date.fromisoformat(first), date.fromisoformat(last))


def test_a_week_of_the_past_ends_today() -> None:
    assert span("week", is_past=True) == (date(2026, 11, 12), date(2026, 11, 18))


def test_a_range_may_be_open() -> None:
    assert span("..fri") == (None, date(2026, 11, 20))
    assert span("next month..") == (date(2026, 12, 1), None)


def test_a_time_is_its_minute() -> None:
    five, past_five = (datetime(2026, 11, 20, 17, minute, tzinfo=BERLIN) for minute in (0, 1))
    assert span("fri 17:00") == (five, past_five)
    assert span("..fri 17:00") == (None, past_five)
    assert span("fri 17:00..") == (five, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("..", "`..` has no day on either side"),
        ("fri..thu", "`fri..thu` ends before it begins"),
        ("fri 17:00..fri 16:59", "`fri 17:00..fri 16:59` ends before it begins"),
        ("2026-13", "there is no month or year `2026-13`"),
        ("0000", "there is no month or year `0000`"),
        ("2025-w53", "there is no week `2025-w53`"),
        ("a..b", "`a` is not a date"),
        ("", "no date was given"),
    ],
)
def test_what_is_no_span_is_refused_with_the_next_step(text: str, message: str) -> None:
    refusal = refuse(text)
    assert refusal.message == message
    assert refusal.hint


def test_a_misspelt_word_is_told_the_right_one() -> None:
    assert refuse("overdu").hint == "did you mean `overdue`?"
    assert refuse("tody").hint == "did you mean `today`?"


@given(st.text())
def test_any_text_is_a_span_or_refused(text: str) -> None:
    with suppress(BadValue):
        assert span(text)
