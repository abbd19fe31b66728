"""Dates as people write them: each form, each refusal, and no guess anywhere."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neontodo.errors import BadValue
from neontodo.models import When
from neontodo.tasks.dates import describe_delay, describe_when, is_overdue, local_day, parse_when

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 12, 34, 56, 789, tzinfo=BERLIN)  # a Wednesday


def due(text: str, now: datetime = NOW) -> When:
    return parse_when(text, now=now, tz=BERLIN)


def refusal(text: str, now: datetime = NOW) -> BadValue:
    with pytest.raises(BadValue) as caught:
        due(text, now)
    return caught.value


def on(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), NOW.timetz())


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-24", "2026-12-24"),
        ("1970-01-01", "1970-01-01"),
        ("9998-12-31", "9998-12-31"),
        ("today", "2026-11-18"),
        ("  ToMorrow ", "2026-11-19"),
        ("yesterday", "2026-11-17"),
        ("thu", "2026-11-19"),
        ("thurs", "2026-11-19"),
        ("Friday", "2026-11-20"),
        ("tues", "2026-11-24"),
        ("wed", "2026-11-25"),
        ("weds", "2026-11-25"),
        ("next   week", "2026-11-23"),
        ("in 3 days", "2026-11-21"),
        ("in 1 day", "2026-11-19"),
        ("in 0 days", "2026-11-18"),
        ("in a week", "2026-11-25"),
        ("in 2 weeks", "2026-12-02"),
        ("in a month", "2026-12-18"),
        ("in 10 years", "2036-11-18"),
        ("+3d", "2026-11-21"),
        ("+2w", "2026-12-02"),
        ("+1m", "2026-12-18"),
        ("+1y", "2027-11-18"),
        ("eow", "2026-11-22"),
        ("eom", "2026-11-30"),
        ("eoy", "2026-12-31"),
        ("tom", "2026-11-19"),
        ("day after tomorrow", "2026-11-20"),
        ("tonight", "2026-11-18"),
        ("sod", "2026-11-18"),
        ("eod", "2026-11-18"),
        ("End of day", "2026-11-18"),
        ("som", "2026-12-01"),
        ("soy", "2027-01-01"),
        ("soq", "2027-01-01"),
        ("eoq", "2026-12-31"),
        ("start of month", "2026-12-01"),
        ("end of month", "2026-11-30"),
        ("end of the week", "2026-11-22"),
        ("end of next month", "2026-12-31"),
        ("end of this year", "2026-12-31"),
        ("next month", "2026-12-01"),
        ("next quarter", "2027-01-01"),
        ("next year", "2027-01-01"),
        ("mon next week", "2026-11-23"),
        ("next week wed", "2026-11-25"),
        ("weekend", "2026-11-21"),
        ("this weekend", "2026-11-21"),
        ("24 dec", "2026-12-24"),
        ("24dec", "2026-12-24"),
        ("Dec 24", "2026-12-24"),
        ("24. December", "2026-12-24"),
        ("24th of december", "2026-12-24"),
        ("dec. 24th", "2026-12-24"),
        ("Thu, 24 Dec", "2026-12-24"),
        ("24-Dec-2026", "2026-12-24"),
        ("jan 5 2027", "2027-01-05"),
        ("5 Jan 2025", "2025-01-05"),
        ("January 5, 2027", "2027-01-05"),
        ("18 nov", "2026-11-18"),
        ("17 nov", "2027-11-17"),
        ("1st", "2026-12-01"),
        ("18th", "2026-11-18"),
        ("15th", "2026-12-15"),
        ("first monday of jan", "2027-01-04"),
        ("1st mon in jan 2028", "2028-01-03"),
        ("third wed of nov", "2026-11-18"),
        ("last day of feb", "2027-02-28"),
        ("last fri of next month", "2026-12-25"),
        ("2026-W49", "2026-11-30"),
        ("2026-W49-5", "2026-12-04"),
        ("2026W495", "2026-12-04"),
        ("2026-345", "2026-12-11"),
        ("P3D", "2026-11-21"),
        ("3 days ago", "2026-11-15"),
        ("P1Y2M1W3D", "2028-01-28"),
    ],
)
def test_a_day_is_a_date_without_a_time(text: str, day: str) -> None:
    assert due(text) == date.fromisoformat(day)
    assert not isinstance(due(text), datetime)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("fri 17:00", "2026-11-20T17:00"),
        ("fri at 17:00", "2026-11-20T17:00"),
        ("tomorrow 9:30", "2026-11-19T09:30"),
        ("today 5pm", "2026-11-18T17:00"),
        ("today at 5:15 PM", "2026-11-18T17:15"),
        ("today 12am", "2026-11-18T00:00"),
        ("today 12pm", "2026-11-18T12:00"),
        ("eom 23:59", "2026-11-30T23:59"),
        ("+3d 8:00", "2026-11-21T08:00"),
        ("in 2 weeks at 8:00", "2026-12-02T08:00"),
        ("next week 8:00", "2026-11-23T08:00"),
        ("2026-12-24 17:00", "2026-12-24T17:00"),
        ("2026-12-24T17:00", "2026-12-24T17:00"),
        ("2026-12-24 17:00:30", "2026-12-24T17:00:30"),
        ("2026-12-24T17:00:30.25", "2026-12-24T17:00:30.250000"),
        ("2026-12-24T17:00Z", "2026-12-24T18:00"),
        ("2026-06-24T17:00:00z", "2026-06-24T19:00"),
        ("2026-12-24 17:00 +03:00", "2026-12-24T15:00"),
        ("2026-12-24T17:00-0530", "2026-12-24T23:30"),
        ("2026-12-24T17:00+01", "2026-12-24T17:00"),
        ("in 2 hours", "2026-11-18T14:34"),
        ("in an hour", "2026-11-18T13:34"),
        ("+4h", "2026-11-18T16:34"),
        ("in 30 minutes", "2026-11-18T13:04"),
        ("+30min", "2026-11-18T13:04"),
        ("PT1H30M", "2026-11-18T14:04"),
        ("17:00", "2026-11-18T17:00"),
        ("at 5pm", "2026-11-18T17:00"),
        ("12:34", "2026-11-19T12:34"),
        ("noon", "2026-11-19T12:00"),
        ("midnight", "2026-11-19T00:00"),
        ("monday at noon", "2026-11-23T12:00"),
        ("tonight at 8pm", "2026-11-18T20:00"),
        ("24 dec 5pm", "2026-12-24T17:00"),
        ("15th at noon", "2026-12-15T12:00"),
    ],
)
def test_a_day_and_a_time_are_an_instant_in_the_users_zone(text: str, local: str) -> None:
    found = due(text)
    assert found == berlin(local)
    assert isinstance(found, datetime)
    assert found.tzinfo is BERLIN


@pytest.mark.parametrize(
    ("today", "text", "day"),
    [
        ("2026-01-31", "+1m", "2026-02-28"),
        ("2028-01-31", "in 1 month", "2028-02-29"),
        ("2028-02-29", "+1y", "2029-02-28"),
        ("2026-12-31", "+2m", "2027-02-28"),
        ("2026-11-22", "eow", "2026-11-22"),
        ("2026-11-22", "sun", "2026-11-29"),
        ("2026-11-23", "next week", "2026-11-30"),
        ("2028-02-01", "eom", "2028-02-29"),
        ("2026-12-31", "eoy", "2026-12-31"),
        ("2026-12-28", "24 dec", "2027-12-24"),
        ("2027-01-31", "31st", "2027-01-31"),
        ("2027-02-01", "31st", "2027-03-31"),
        ("2026-11-18", "29 feb", "2028-02-29"),
        ("2096-03-01", "29 feb", "2104-02-29"),
        ("2026-12-01", "som", "2026-12-01"),
        ("2026-12-31", "next month", "2027-01-01"),
        ("2026-11-22", "weekend", "2026-11-22"),
        ("2027-01-05", "first monday of jan", "2028-01-03"),
        ("2026-12-29", "mon next week", "2027-01-04"),
        ("2026-11-18", "2026-W01", "2025-12-29"),
        ("2028-01-31", "P1M", "2028-02-29"),
        ("2028-02-29", "P1Y1M", "2029-03-29"),
    ],
)
def test_the_calendars_edges(today: str, text: str, day: str) -> None:
    assert due(text, on(today)) == date.fromisoformat(day)


def test_today_is_the_users_day_and_not_that_of_utc() -> None:
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    assert due("today", late) == date(2026, 11, 19)
    assert local_day(late, BERLIN) == date(2026, 11, 19)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("13", "`13` is not a complete date", "`2026-12-24`, or `in 13 days`"),
        ("2026", "`2026` is not a complete date", "`2026-12-24`"),
        ("tomorow", "`tomorow` is not a date", "did you mean `tomorrow`?"),
        ("Tomorow 17:00", "`tomorow 17:00` is not a date", "did you mean `tomorrow 17:00`?"),
        ("in 3 dyas", "`in 3 dyas` is not a date", "did you mean `in 3 days`?"),
        ("next wek", "`next wek` is not a date", "did you mean `next week`?"),
        ("3 days", "`3 days` is not a date", "did you mean `in 3 days`?"),
        ("end of mnth", "`end of mnth` is not a date", "did you mean `end of month`?"),
        ("3 dyas", "`3 dyas` is not a date", "did you mean `in 3 days`?"),
        ("on friday", "`on friday` is not a date", "did you mean `friday`?"),
        ("17:00 fri", "`17:00 fri` is not a date", "did you mean `fri 17:00`?"),
        ("1/2/2026", "could be `2026-02-01` or `2026-01-02`", "write one of these"),
        ("24.12.2026", "not a date written as year-month-day", "did you mean `2026-12-24`?"),
        ("2026-1-5", "not a date written as year-month-day", "did you mean `2026-01-05`?"),
        ("1/2/26", "not a date written as year-month-day", "`in 3 days`"),
        ("feb", "`feb` does not say which day", "`2027-02-01`"),
        ("dec 2027", "`dec 2027` does not say which day", "`2027-12-01`"),
        ("dec24", "`dec24` is not a date", "`2026-12-24`"),
        ("5 jan 27", "ends in a number that is not a time", "a year as `2027`"),
        ("24. Dezember", "names of months are in English", "did you mean `24. december`?"),
        ("24 déc", "names of months are in English", "`2026-12-24`"),
        ("30 feb", "that month has 29 days", "from 1 to 29"),
        ("feb 29 2027", "that month has 28 days", "from 1 to 28"),
        ("fri 24 dec", "2026-12-24 is not a fri", "`2026-12-24` or `fri`"),
        ("32nd", "no month has a day `32nd`", "`31st`"),
        ("the 15th", "`the 15th` is not a date", "did you mean `15th`?"),
        ("last mon of next month 2027", "is not a date", "`in 3 days`"),
        ("on dec 24", "`on dec 24` is not a date", "did you mean `dec 24`?"),
        ("2026 dec 24", "`2026 dec 24` is not a date", "did you mean `dec 24 2026`?"),
        ("fifth mon of jan", "`fifth mon of jan` is not a date", "`2027-01-01`"),
        ("2026-366", "2026 has 365 days", "`2026-001`"),
        ("2026-W54", "there is no week `2026-w54`", "`2026-W49`"),
        ("2026-W49-8", "there is no week `2026-w49-8`", "`2026-W49-5`"),
        ("P1DT2H", "`p1dt2h` is not a date", "`in 3 days`"),
        ("tonight 9:00", "`tonight 9:00` is not in the evening", "`today 21:00`"),
        ("tonight 1am", "`tonight 1am` is not in the evening", "`tomorrow 1am`"),
        ("mon midnight", "could be `2026-11-23 0:00` or `2026-11-24 0:00`", "one of these"),
        ("2026-12-24 midnight", "could be `2026-12-24 0:00` or `2026-12-25 0:00`", "one of these"),
        ("last tue", "`last tue` is not a date", "`in 3 days`"),
        ("this week", "`this week` does not say which day", "`2026-11-22`"),
        ("later", "`later` is not a date", "`none`"),
        ("2026-13-01", "there is no month 13", "`2026-12-24`"),
        ("2026-02-30", "2026-02 has 28 days", "`2026-12-24`"),
        ("25:00", "there is no time of day `25:00`", "`17:00` or `5pm`"),
        ("fri 24:00", "there is no time of day `24:00`", "`17:00` or `5pm`"),
        ("fri 13pm", "there is no time of day `13pm`", "`17:00` or `5pm`"),
        ("fri 0am", "there is no time of day `0am`", "`17:00` or `5pm`"),
        ("fri 5", "ends in a number that is not a time", "`fri 5:00` or `fri 5pm`"),
        ("fri 99", "ends in a number that is not a time", "a time such as `17:00`"),
        ("next fri", "could be 2026-11-20 or 2026-11-27", "`fri` or `2026-11-27`"),
        ("next friday 9:00", "could be 2026-11-20 or 2026-11-27", "`friday` or `2026-11-27`"),
        ("next weekend", "could be 2026-11-21 or 2026-11-28", "`2026-11-21` or `2026-11-28`"),
        ("in 5 m", "could be minutes or months", "`in 5 minutes` or `in 5 months`"),
        ("2026-12-24 17:00+25:00", "there is no time zone offset `+25:00`", "`+02:00` or `Z`"),
        ("", "no date was given", "`tomorrow`"),
        ("   ", "no date was given", "`tomorrow`"),
        ("soonish", "`soonish` is not a date", "`fri 17:00`"),
        ("none", "`none` is not a date", "`fri 17:00`"),
        ("fri 17:00 +02:00", "can only follow a date in numbers", "`2026-11-20 17:00+02:00`"),
        ("fri 17:00 +25:00", "is not a date", "`fri 17:00`"),
        ("12/01", "`12/01` could be `2026-12-01` or `2027-01-12`", "write one of these"),
        ("12/01 17:00", "could be `2026-12-01 17:00` or `2027-01-12 17:00`", "one of these"),
        ("24.12.", "`24.12.` is not a date", "did you mean `2026-12-24`?"),
        ("24.12.2026 9:30", "written as year-month-day", "did you mean `2026-12-24 9:30`?"),
        ("9.30", "could be `2027-09-30` or `today 9:30`", "write one of these"),
        ("30/2", "`30/2` is not a date", "`in 3 days`"),
        ("2026-12", "`2026-12` does not say which day", "`2026-12-01`"),
        ("12/2026", "`12/2026` does not say which day", "`2026-12-01`"),
        ("20261306", "there is no month 13", "`2026-12-24`"),
        ("06122026", "could be `2026-12-06` or `2026-06-12`", "write one of these"),
        ("24122026", "`24122026` is not a date", "did you mean `2026-12-24`?"),
        ("1733500000", "`1733500000` is not a date", "`2026-12-24`"),
        ("2026-12-24 17h", "is not a date", "did you mean `2026-12-24 17:00`?"),
        ("fri at 9h30", "is not a date", "did you mean `fri 9:30`?"),
        ("17h", "could be `today 17:00` or `in 17 hours`", "write one of these"),
        ("30h", "`30h` is not a date", "did you mean `in 30 hours`?"),
        ("2026-12-24 17", "ends in a number that is not a time", "`2026-12-24 17:00`"),
        ("2026-12-24 17:00 CET", "`17:00 cet` is not a time of day", "`17:00+02:00`"),
        ("2026-12-24T17:00+1", "`17:00+1` is not a time of day", "`17:00+02:00`"),
        ("20261224T170000Z", "`170000z` is not a time of day", "`17:00`"),
        ("2026-02-30 17h", "2026-02 has 28 days", "`2026-12-24`"),
        ("eonm", "the last day of the next month is 2026-12-31", "`2026-12-31`"),
        ("eopw", "the last day of the previous week is 2026-11-15", "`2026-11-15`"),
        ("sonq", "the first day of the next quarter is 2027-01-01", "`2027-01-01`"),
        ("socy", "the first day of this year is 2026-01-01", "`2026-01-01`"),
        ("eoww", "`eoww` is not a date", "`in 3 days`"),
        ("today+3d", "`today+3d` is not a date", "`in 3 days`"),
        ("in 2 hours 17:00", "is not a date", "`fri 17:00`"),
        ("-3d", "`-3d` is not a date", "`in 3 days`"),
        ("١٣", "`١٣` is not a date", "`in 3 days`"),
        ("2026-12-24 17:00:61", "there is no time of day `17:00:61`", "`17:00`"),
        ("x" * 1000, "x…` is not a date", "`in 3 days`"),
    ],
)
def test_what_is_not_clear_is_refused_with_what_was_understood(
    text: str, message: str, hint: str
) -> None:
    error = refusal(text)
    assert message in error.message
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        *("0000-01-01", "0001-01-01", "1969-12-31", "9999-01-01", "9999-12-31"),
        *("9999999 years ago", "9999999 days ago", "999999 months ago"),
        *("+999999999d", "+9999999d", "+8000y", "+96000m", "+9999999w", "+" + "9" * 5000 + "y"),
        *("0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "1970-01-01T00:00+14:00"),
    ],
)
def test_days_out_of_range_are_refused(text: str) -> None:
    error = refusal(text)
    assert error.hint is not None
    if len(text) < 60:
        assert "too far away" in error.message
        assert "1970-01-01 and 9998-12-31" in error.hint


def test_every_form_is_safe_at_the_end_of_the_calendar() -> None:
    for text in (
        "tomorrow",
        "fri",
        "next week",
        "next fri",
        "next month",
        "end of next month",
        "29 feb",
        "31st",
        "first mon of jan",
        "5pm",
        "this week",
        "p1y",
        "eow",
        "+1m",
        "+1h",
        "x",
    ):
        for now in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
            refusal(text, now)


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    error = refusal("2027-03-28 02:30")
    assert (
        error.message == "`2027-03-28 02:30` does not exist in your time zone: the clocks skip it"
    )
    assert error.hint == "write `2027-03-28 03:30`"


def test_of_a_time_that_comes_twice_the_other_is_named_too() -> None:
    notes: list[str] = []
    taken = parse_when("2026-10-25 02:30", now=NOW, tz=BERLIN, notify=notes.append)
    (note,) = notes
    first, other = re.findall("`(.*?)`", note)
    assert (first, other) == ("2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00")
    for text, later in ((first, timedelta()), (other, timedelta(hours=1))):
        again = parse_when(text, now=NOW, tz=BERLIN, notify=notes.append)
        assert isinstance(again, datetime)
        assert isinstance(taken, datetime)
        assert again.astimezone(UTC) - taken.astimezone(UTC) == later
    parse_when("2026-10-25 03:30", now=NOW, tz=BERLIN, notify=notes.append)
    assert notes == [note]


def test_of_a_time_that_comes_twice_the_first_is_taken() -> None:
    found = due("2026-10-25 02:30")
    assert isinstance(found, datetime)
    assert found.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_hours_are_counted_as_they_pass() -> None:
    found = due("in 4 hours", berlin("2027-03-28T01:00"))
    assert found == berlin("2027-03-28T06:00")


def test_a_time_alone_is_the_next_one_also_where_the_clocks_are_set_back() -> None:
    once, again = (datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=fold) for fold in (0, 1))
    for now, fold, notes_expected in ((once, 0, 1), (again, 1, 0)):
        notes: list[str] = []
        found = parse_when("2:30", now=now, tz=BERLIN, notify=notes.append)
        assert (found, getattr(found, "fold", None)) == (berlin("2026-10-25T02:30"), fold)
        assert len(notes) == notes_expected
    assert due("2:00", once) == berlin("2026-10-26T02:00")
    assert refusal("2:30", berlin("2027-03-28T01:00")).hint == "write `2027-03-28 03:30`"
    assert due("2:30", berlin("2027-03-28T12:00")) == berlin("2027-03-29T02:30")


WORDS = st.sampled_from(
    [
        *("next", "in", "at", "+", "today", "tomorrow", "eow", "eom", "fri", "feb", "2026-02-30"),
        *("m", "d", "y", "h", "week", "days", "hours", "3", "31", "17:00", "5pm", "9999-12-31"),
        *(
            "dec",
            "30",
            "1st",
            "of",
            "first",
            "noon",
            "midnight",
            "tonight",
            "eod",
            "som",
            "weekend",
        ),
        *("2026-w49", "-5", "2026-345", "p", "3d", "pt", "this", "last", "month", "month of jan"),
        *("1/2/3", "t", "z", "+02:00", "9999999", "-", ",", "½", "²", "٣", "İ", "\0", "\ud800"),
    ]
)


def due_or_refusal(text: str, now: datetime, tz: ZoneInfo) -> When | BadValue:
    try:
        return parse_when(text, now=now, tz=tz)
    except BadValue as refusal:
        return refusal


@given(
    st.one_of(st.text(), st.lists(WORDS).map(" ".join), st.lists(WORDS).map("".join)),
    st.datetimes(timezones=st.timezones()),
    st.timezones(),
)
@example("2011-12-30 12:00", NOW, ZoneInfo("Pacific/Apia"))
def test_any_text_is_a_due_in_range_or_a_refusal_with_a_hint(
    text: str, now: datetime, tz: ZoneInfo
) -> None:
    found = due_or_refusal(text, now, tz)
    if isinstance(found, BadValue):
        assert found.hint
        return
    assert 1970 <= found.year <= 9998
    assert not isinstance(found, datetime) or found.tzinfo is tz
    assert describe_when(found, now=now, tz=tz)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9998, 12, 30)))
@example(datetime(2026, 10, 25, 1, 30))
def test_an_instant_in_iso_form_is_read_back(moment: datetime) -> None:
    instant = moment.replace(tzinfo=UTC)
    for text in (instant.isoformat(), instant.isoformat(" ").replace("+00:00", "Z")):
        found = due(text)
        assert isinstance(found, datetime)
        assert found.astimezone(UTC) == instant
    assert due(moment.date().isoformat()) == moment.date()


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (-2, "2026-11-16"),
        (-1, "yesterday"),
        (0, "today"),
        (1, "tomorrow"),
        (2, "fri"),
        (6, "tue"),
        (7, "2026-11-25"),
    ],
)
def test_a_due_is_described_as_people_say_it(days: int, text: str) -> None:
    day = NOW.date() + timedelta(days=days)
    instant = datetime.combine(day, datetime.min.time().replace(hour=17), BERLIN)
    assert describe_when(day, now=NOW, tz=BERLIN) == text
    assert describe_when(instant.astimezone(UTC), now=NOW, tz=BERLIN) == f"{text} 17:00"


def test_a_near_description_is_read_as_the_same_day() -> None:
    for days in range(-1, 14):
        day = NOW.date() + timedelta(days=days)
        assert due(describe_when(day, now=NOW, tz=BERLIN)) == day


def test_an_instant_is_described_on_the_users_day() -> None:
    instant = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    assert describe_when(instant, now=NOW, tz=BERLIN) == "tomorrow 00:30"
    assert describe_when(instant, now=NOW, tz=UTC) == "today 23:30"


def test_an_instant_at_the_calendars_end_is_described() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    east = timezone(timedelta(hours=14))
    assert describe_when(last, now=NOW, tz=east) == "9999-12-31 23:59"


def test_a_day_is_overdue_when_the_users_day_is_past_it() -> None:
    def overdue(day: date, now: datetime) -> bool:
        return is_overdue(day, None, now=now, tz=BERLIN)

    assert not overdue(date(2026, 11, 18), datetime(2026, 11, 18, 22, 59, tzinfo=UTC))
    assert overdue(date(2026, 11, 18), datetime(2026, 11, 18, 23, 0, tzinfo=UTC))


def test_an_instant_is_overdue_when_it_has_passed() -> None:
    second = timedelta(seconds=1)
    assert is_overdue(NOW.date(), NOW - second, now=NOW, tz=BERLIN)
    assert not is_overdue(NOW.date(), NOW, now=NOW, tz=BERLIN)
    assert not is_overdue(NOW.date() - timedelta(days=9), NOW + second, now=NOW, tz=BERLIN)


@pytest.mark.parametrize(
    ("day", "late", "said"),
    [
        (17, None, "-1d"),
        (1, None, "-17d"),
        (18, None, ""),
        (18, timedelta(seconds=5), "-1min"),
        (18, timedelta(minutes=59), "-59min"),
        (18, timedelta(hours=2, minutes=59), "-2h"),
        (17, timedelta(hours=20), "-1d"),
        (19, timedelta(hours=-20), ""),
    ],
)
def test_how_long_ago_it_was_due(day: int, late: timedelta | None, said: str) -> None:
    due_at = None if late is None else NOW - late
    assert describe_delay(date(2026, 11, day), due_at, now=NOW, tz=BERLIN) == said


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("20261206", date(2026, 12, 6)),
        ("20261206 17:00", berlin("2026-12-06T17:00")),
        ("20261206T17:00Z", berlin("2026-12-06T18:00")),
    ],
)
def test_a_day_may_be_written_without_dashes(text: str, when: When) -> None:
    assert due(text) == when


def test_in_the_hour_that_comes_twice_the_first_is_past_in_the_second() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    second = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1)
    assert is_overdue(first.date(), first, now=second, tz=BERLIN)
    assert describe_delay(first.date(), first, now=second, tz=BERLIN) == "-40min"


def test_what_has_no_due_is_never_overdue() -> None:
    assert not is_overdue(None, None, now=NOW, tz=BERLIN)
