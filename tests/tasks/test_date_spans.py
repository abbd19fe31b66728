"""Spans of time as filters take them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.errors import BadValue
from neontodo.tasks.date_spans import End, parse_span
from neontodo.tasks.dates import MONTHS, parse_when

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
        ("this quarter", "2026-10-01", "2026-12-31"),
        ("next quarter", "2027-01-01", "2027-03-31"),
        ("2026W49", "2026-11-30", "2026-12-06"),
        ("2026-W49-5", "2026-12-04", "2026-12-04"),
        ("dec", "2026-12-01", "2026-12-31"),
        ("November", "2026-11-01", "2026-11-30"),
        ("oct", "2027-10-01", "2027-10-31"),
        ("feb 2028", "2028-02-01", "2028-02-29"),
        ("nov..jan", "2026-11-01", "2027-01-31"),
        ("dec..24 dec", "2026-12-01", "2026-12-24"),
        ("mon next week..end of month", "2026-11-23", "2026-11-30"),
    ],
)
def test_a_span_has_its_first_and_last_day(text: str, first: str, last: str) -> None:
    assert span(text) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("week", "2026-11-12", "2026-11-18"),
        ("tue", "2026-11-17", "2026-11-17"),
        ("wed", "2026-11-18", "2026-11-18"),
        ("last wed", "2026-11-11", "2026-11-11"),
        ("Last Thursday", "2026-11-12", "2026-11-12"),
        ("3 days ago..", "2026-11-15", None),
        ("a month ago..yesterday", "2026-10-18", "2026-11-17"),
        ("weekend", "2026-11-14", "2026-11-15"),
        ("dec", "2025-12-01", "2025-12-31"),
        ("nov", "2026-11-01", "2026-11-30"),
        ("24 dec", "2025-12-24", "2025-12-24"),
        ("18 nov", "2026-11-18", "2026-11-18"),
        ("29 feb", "2024-02-29", "2024-02-29"),
        ("31st", "2026-10-31", "2026-10-31"),
        ("first mon of dec", "2025-12-01", "2025-12-01"),
        ("som..eod", "2026-11-01", "2026-11-18"),
    ],
)
def test_a_field_of_the_past_has_the_last_one(text: str, first: str, last: str | None) -> None:
    end = last and date.fromisoformat(last)
    assert span(text, is_past=True) == (date.fromisoformat(first), end)


def test_a_time_is_the_next_one_or_the_last_one() -> None:
    starts = [span("5pm", is_past=is_past)[0] for is_past in (False, True)]
    assert starts == [datetime(2026, 11, day, 17, tzinfo=BERLIN) for day in (18, 17)]
    starts = [span("weekend 5pm", is_past=is_past)[0] for is_past in (False, True)]
    assert starts == [datetime(2026, 11, day, 17, tzinfo=BERLIN) for day in (21, 14)]
    assert span("2 hours ago..", is_past=True)[0] == NOW.replace(hour=10)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("tue", "2026-11-17", "2026-11-17"),
        ("Last Tuesday", "2026-11-17", "2026-11-17"),
        ("wed", "2026-11-18", "2026-11-18"),
        ("last wed", "2026-11-11", "2026-11-11"),
        ("thu..", "2026-11-12", None),
        ("3 days ago", "2026-11-15", "2026-11-15"),
        ("a month ago..yesterday", "2026-10-18", "2026-11-17"),
        ("last tue 9:30", "2026-11-17T09:30+01:00", "2026-11-17T09:31+01:00"),
        ("2 hours ago..", "2026-11-18T10:34+01:00", None),
    ],
)
def test_weekdays_of_the_past_have_been(text: str, first: str, last: str | None) -> None:
    parse = datetime.fromisoformat if "T" in first else date.fromisoformat
    assert span(text, is_past=True) == (parse(first), last and parse(last))


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
        (f"fri {' ' * 90_000}..thu", "`fri ..thu` ends before it begins"),
        ("fri 17:00..fri 16:59", "`fri 17:00..fri 16:59` ends before it begins"),
        ("2026-13", "there is no month or year `2026-13`"),
        ("0000", "there is no month or year `0000`"),
        ("2025-w53", "there is no week `2025-w53`"),
        ("dec 0000", "there is no month or year `dec 0000`"),
        ("later", "`later` is not a date"),
        ("a..b", "`a` is not a date"),
        ("", "no date was given"),
    ],
)
def test_what_is_no_span_is_refused_with_the_next_step(text: str, message: str) -> None:
    refusal = refuse(text)
    assert refusal.message == message
    assert refusal.hint


def test_a_range_that_ends_first_is_told_as_it_was_read() -> None:
    assert refuse("som..eom").hint == "it was read as `2026-12-01..2026-11-30`"
    assert refuse("noon..5pm").hint == "it was read as `2026-11-19 12:00..2026-11-18 17:00`"


def test_a_misspelt_word_is_told_the_right_one() -> None:
    assert refuse("overdu").hint == "did you mean `overdue`?"
    assert refuse("tody").hint == "did you mean `today`?"


@given(st.text())
def test_any_text_is_a_span_or_refused(text: str) -> None:
    with suppress(BadValue):
        assert span(text)


NEAREST = st.one_of(
    st.sampled_from(
        [
            *("fri", "sow", "som", "soq", "soy", "start of month", "24 dec", "dec 31", "29 feb"),
            *("1st", "28th", "31st", "first monday of jan", "last day of feb", "4th sun of may"),
        ]
    ),
    st.builds("{} {}".format, st.integers(1, 28), st.sampled_from(list(MONTHS))),
)
TO_COME = st.one_of(
    NEAREST,
    st.sampled_from(
        [
            *("tonight", "tom", "eod", "eow", "eom", "eoq", "eoy", "weekend", "mon next week"),
            *("end of next month", "next week", "next month", "next quarter", "next year", "P3D"),
            *("last day of next month", "in 3 days", "+1m", "P1Y2M"),
        ]
    ),
)
DAYS = st.dates(date(1980, 1, 1), date(9000, 1, 1))


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BERLIN)


@given(TO_COME, DAYS)
def test_what_is_to_come_is_today_or_later_and_part_of_its_span(text: str, today: date) -> None:
    found = parse_when(text, now=at_noon(today), tz=BERLIN)
    first, last = parse_span(text, now=at_noon(today), tz=BERLIN)
    assert today <= found
    assert first is not None
    assert last is not None
    assert first <= found <= last


@given(NEAREST, DAYS)
def test_the_next_one_is_the_last_one_once_it_has_come(text: str, today: date) -> None:
    found = parse_when(text, now=at_noon(today), tz=BERLIN)
    after = at_noon(found + timedelta(days=1))
    assert parse_when(text, now=after, tz=BERLIN, is_past=True) == found
    assert parse_when(text, now=at_noon(today), tz=BERLIN, is_past=True) <= today


@given(st.times(), st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)))
def test_a_time_alone_is_after_now_or_not_after_it(clock: time, now: datetime) -> None:
    for is_past in (False, True):
        with suppress(BadValue):
            found = parse_when(f"{clock:%H:%M}", now=now, tz=BERLIN, is_past=is_past)
            assert isinstance(found, datetime)
            assert (found.astimezone(UTC) <= now.astimezone(UTC)) == is_past
