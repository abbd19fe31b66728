"""Dates as people write and read them, in the user's own time zone; never a guess.

The known parsers were tried and guess: dateparser 1.5 takes `13` for the 13th, `fri` for the
Friday that has passed and, even when strict, `2026-13-01` for 13 January, and it needs 1.3 s to
refuse `tomorow`; parsedatetime takes both `13` and `tomorow` for today; dateutil takes `feb` for
a day in February. So the grammar is spelled out here:

    day        2026-12-24 · 20261224 · 2026-345 · 2026-W49 (its Monday) · 2026-W49-5
               today · tonight · eod · tomorrow · tom · day after tomorrow · yesterday
               fri · friday (the next one after today) · weekend (Saturday, or today on a Sunday)
               24 dec · dec 24 · fri 24 dec · 24th of december · jan 5 2027 · 15th
               first monday of jan · last day of next month · mon next week
               next week|month|quarter|year (its first day) · eow eom eoq eoy · end of month
               sow som soq soy (the next one, perhaps today) · start of month
               in 3 days|weeks|months|years · in a week · +3d · +2w · +1m (a month) · +1y · P3D
               3 days ago · last tue (in a filter of the past)
    with time  a day and a time: fri 17:00 · tomorrow at 9:30 · eom 5pm · monday at noon
               2026-12-24T17:00 · 2026-12-24 17:00:30 · the same with Z or +02:00 at its end
    instant    5pm · at 17:00 · noon · midnight (the next one)
               in 2 hours · in 30 minutes · +4h · +30min · PT2H · an hour ago (seconds dropped)
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.models import When

FIRST_YEAR, LAST_YEAR = 1970, 9998
TEXT_MAX = 60

WEEKDAYS = {
    "mon": 0, "monday": 0,
    "tue": 1, "tues": 1, "tuesday": 1,
    "wed": 2, "weds": 2, "wednesday": 2,
    "thu": 3, "thur": 3, "thurs": 3, "thursday": 3,
    "fri": 4, "friday": 4,
    "sat": 5, "saturday": 5,
    "sun": 6, "sunday": 6,
}  # fmt: skip
MONTHS = {
    "jan": 1, "january": 1, "feb": 2, "february": 2, "mar": 3, "march": 3,
    "apr": 4, "april": 4, "may": 5, "jun": 6, "june": 6, "jul": 7, "july": 7,
    "aug": 8, "august": 8, "sep": 9, "sept": 9, "september": 9,
    "oct": 10, "october": 10, "nov": 11, "november": 11, "dec": 12, "december": 12,
}  # fmt: skip
UNITS = {
    "d": "day", "day": "day", "days": "day",
    "w": "week", "week": "week", "weeks": "week",
    "month": "month", "months": "month",
    "y": "year", "year": "year", "years": "year",
    "h": "hour", "hour": "hour", "hours": "hour",
    "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute",
}  # fmt: skip
DAYS_AWAY = {
    "yesterday": -1,
    "today": 0, "tonight": 0, "sod": 0, "eod": 0, "end of day": 0, "end of the day": 0,
    "tomorrow": 1, "tom": 1, "day after tomorrow": 2,
}  # fmt: skip
PERIODS = {"w": "week", "m": "month", "q": "quarter", "y": "year"}
NO_DATE = ("none", "later", "someday")
_WHICH = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1,
    "1st": 0, "2nd": 1, "3rd": 2, "4th": 3,
}  # fmt: skip
EVENING = time(17)

ISO_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
NUMERIC_DAY = f"(?:{ISO_DAY}|[0-9]{{8}})"
CLOCK = (
    "(?:noon|midnight|[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?(?: ?[ap]m)?| ?[ap]m))"
)

_IN = "in (?P<count>an?|[0-9]+) ?(?P<unit>[a-z]+)"
_PLUS = r"\+ ?(?P<count>[0-9]+) ?(?P<unit>[a-z]+)"
_AGO = "(?P<count>an?|[0-9]+) ?(?P<unit>[a-z]+) ago"
_HOURS = "pt(?=[0-9])(?:([0-9]+)h)?(?:([0-9]+)m)?"
_CLOCK_PARTS = r"(\d+)(?::(\d+))?(?::(\d+))?(?:[.,](\d+))? ?([ap]m)?"
_COUNT_DIGITS = 7
_WITH_TIME = (
    f"(?P<day>.+?)(?: at | |(?<=[0-9])t)(?P<clock>{CLOCK})"
    "(?: ?(?P<offset>z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)


def _ignore(note: str) -> None:
    pass


def parse_when(
    text: str,
    *,
    now: datetime,
    tz: tzinfo,
    is_past: bool = False,
    notify: Callable[[str], None] = _ignore,
) -> When:
    """Return the day, or the instant in `tz` if there is a time; BadValue if it is not clear.

    `is_past` says that `fri`, `24 dec` and their like are the last ones, not the next.
    `notify` is told which of two instants was taken, where the clocks show a time twice.
    """
    words = " ".join(text.lower().split())
    try:
        when = _read_words(words, now, tz, is_past, notify) if len(words) <= TEXT_MAX else None
        if when is None:
            from neontodo.tasks.date_refusals import explain_refusal

            raise explain_refusal(words, local_day(now, tz), partial(_is_date, now=now, tz=tz))
    except OverflowError:
        raise _refuse_far_day(words) from None
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise _refuse_far_day(words)
    return when


def _is_date(words: str, now: datetime, tz: tzinfo) -> bool:
    try:
        return _read_words(words, now, tz) is not None
    except (BadValue, OverflowError):
        return False


def describe_when(when: When, *, now: datetime, tz: tzinfo) -> str:
    """Return a date as people say it today: `tomorrow`, `fri 17:00`, `2026-12-24`."""
    instant = _to_local(when, tz) if isinstance(when, datetime) else None
    day = instant.date() if instant else when
    away = (day - local_day(now, tz)).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    if 2 <= away <= 6:
        name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    else:
        name = near.get(away) or day.isoformat()
    return f"{name} {instant:%H:%M}" if instant else name


def name_when(when: When, *, now: datetime, tz: tzinfo) -> str:
    """Return a date as a calendar names it: `Fri 4 Dec`, `Fri 4 Dec 17:00`, `Mon 4 Jan 2027`."""
    instant = _to_local(when, tz) if isinstance(when, datetime) else None
    day = instant.date() if instant else when
    year = f" {day.year}" if day.year != local_day(now, tz).year else ""
    clock = f" {instant:%H:%M}" if instant else ""
    return f"{day:%a} {day.day} {day:%b}{year}{clock}"


def is_overdue(due_on: date | None, due_at: datetime | None, *, now: datetime, tz: tzinfo) -> bool:
    """Return whether the instant has passed or, without one, the day has, where the user is."""
    if due_at is not None:
        # Two times of one zone are compared by the clock on the wall, which may be set back.
        return due_at.astimezone(UTC) < now.astimezone(UTC)
    return due_on is not None and due_on < local_day(now, tz)


def describe_delay(
    due_on: date | None, due_at: datetime | None, *, now: datetime, tz: tzinfo
) -> str:
    """Return how long ago it was due, `-5d`, `-3h` or `-20min`; nothing if it is not overdue."""
    if not is_overdue(due_on, due_at, now=now, tz=tz):
        return ""
    day = local_day(due_at, tz) if due_at is not None else due_on
    if day is not None and (days := (local_day(now, tz) - day).days):
        return f"-{days}d"
    late = now.astimezone(UTC) - (due_at or now).astimezone(UTC)
    hours, minutes = divmod(late.seconds // 60, 60)
    return f"-{hours}h" if hours else f"-{max(minutes, 1)}min"


def is_waiting(
    start_on: date | None, start_at: datetime | None, *, now: datetime, tz: tzinfo
) -> bool:
    """Return whether the instant or, without one, the day is still to come where the user is."""
    if start_at is not None:
        return start_at.astimezone(UTC) > now.astimezone(UTC)
    return start_on is not None and start_on > local_day(now, tz)


def is_later(first: When, second: When, tz: tzinfo) -> bool:
    """Return whether a date is after another one; by their days unless both have a time."""
    if isinstance(first, datetime) and isinstance(second, datetime):
        return first.astimezone(UTC) > second.astimezone(UTC)
    days = (local_day(when, tz) if isinstance(when, datetime) else when for when in (first, second))
    return next(days) > next(days)


def local_day(instant: datetime, tz: tzinfo) -> date:
    """Return the day on the user's calendar at an instant."""
    return _to_local(instant, tz).date()


def _to_local(instant: datetime, tz: tzinfo) -> datetime:
    try:
        return instant.astimezone(tz)
    except OverflowError:
        # Within hours of the calendar's ends no other zone can say it.
        return instant


def _refuse_far_day(words: str) -> BadValue:
    """Return the refusal of a day that was understood but is too far away."""
    return BadValue(
        f"`{words[:TEXT_MAX]}` is too far away",
        hint=f"a date lies between {FIRST_YEAR}-01-01 and {LAST_YEAR}-12-31",
    )


def _read_words(
    words: str,
    now: datetime,
    tz: tzinfo,
    is_past: bool = False,
    notify: Callable[[str], None] = _ignore,
) -> When | None:
    """Return what the grammar says of the words; None if they are not in it."""
    today = local_day(now, tz)
    minutes = _read_minutes(words)
    if minutes is not None:
        this_minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        return (this_minute + timedelta(minutes=minutes)).astimezone(tz)
    if alone := re.fullmatch(f"(?:at )?({CLOCK})", words):
        return _find_nearest_time(read_clock(alone[1]), now, tz, is_past, notify)
    timed = re.fullmatch(_WITH_TIME, words)
    day = read_day(timed["day"], today, is_past) if timed else None
    if timed is None or day is None:
        return read_day(words, today, is_past)
    clock = read_clock(timed["clock"])
    if timed["clock"] == "midnight" or (timed["day"] == "tonight" and clock < EVENING):
        return None
    if not timed["offset"]:
        return _combine_local(day, clock, tz, notify)
    if not re.fullmatch(NUMERIC_DAY, timed["day"]):
        return None
    return datetime.combine(day, clock, _parse_offset(timed["offset"])).astimezone(tz)


def _find_nearest_time(
    clock: time, now: datetime, tz: tzinfo, is_past: bool, notify: Callable[[str], None]
) -> datetime:
    """Return when the clocks next show that time; when they last did so for the past."""
    local = _to_local(now, tz)
    day = local.date()
    if (clock <= local.time()) != is_past:
        day += timedelta(days=-1 if is_past else 1)
    first = datetime.combine(day, clock, tz)
    if not is_past and first.astimezone(UTC) <= now.astimezone(UTC):
        # The clocks show it twice, and only the second one is to come.
        return first.replace(fold=1)
    return _combine_local(day, clock, tz, notify)


def _combine_local(day: date, clock: time, tz: tzinfo, notify: Callable[[str], None]) -> datetime:
    """Return a local time: the first of one that comes twice; refuse one that never comes."""
    wanted = datetime.combine(day, clock, tz)
    real = wanted.astimezone(UTC).astimezone(tz)
    if real.replace(tzinfo=None) != wanted.replace(tzinfo=None):
        raise BadValue(
            f"`{wanted:%Y-%m-%d %H:%M}` does not exist in your time zone: the clocks skip it",
            hint=f"write `{real:%Y-%m-%d %H:%M}`",
        )
    later = wanted.replace(fold=1)
    if later.utcoffset() != wanted.utcoffset():
        first, second = (_format_with_offset(instant) for instant in (wanted, later))
        notify(f"the clocks show that time twice: took `{first}`; the other one is `{second}`")
    return wanted


def _format_with_offset(instant: datetime) -> str:
    is_whole_minute = not (instant.second or instant.microsecond)
    return instant.isoformat(" ", "minutes" if is_whole_minute else "auto")


def _parse_offset(text: str) -> tzinfo:
    if text == "z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if hours > 23 or minutes > 59:
        raise BadValue(
            f"there is no time zone offset `{text}`", hint="write an offset as `+02:00` or `Z`"
        )
    return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1))


def read_day(words: str, today: date, is_past: bool = False) -> date | None:
    """Return the day that lower-case words name; OverflowError if no calendar reaches it."""
    if words in DAYS_AWAY:
        return today + timedelta(days=DAYS_AWAY[words])
    if words in WEEKDAYS:
        next_one = find_next_weekday(today, WEEKDAYS[words])
        return next_one - timedelta(days=7) if is_past else next_one
    if span := read_span(words):
        return add_to_day(today, *span)
    for pattern, read in _FORMS.items():
        if (found := re.fullmatch(pattern, words)) and (day := read(found, today, is_past)):
            return day
    return None


def _read_minutes(words: str) -> int | None:
    """Return how many minutes from now `in 2 hours`, `+30min` or `PT2H` is; None for others."""
    if found := re.fullmatch(_HOURS, words):
        return int(found[1] or 0) * 60 + int(found[2] or 0)
    span = read_span(words)
    if span is None or span[1] not in ("hour", "minute"):
        return None
    return span[0] * (60 if span[1] == "hour" else 1)


def read_span(words: str) -> tuple[int, str] | None:
    """Return count and unit of `in 3 days`, `+3d` or `3 days ago`; `m` is read only after `+`."""
    found = re.fullmatch(_IN, words) or re.fullmatch(_PLUS, words) or re.fullmatch(_AGO, words)
    if found is None:
        return None
    months = found["unit"] == "m" and words[0] == "+"
    unit = "month" if months else UNITS.get(found["unit"])
    if unit is None:
        return None
    digits = "1" if found["count"] in ("a", "an") else found["count"]
    if len(digits.lstrip("0")) > _COUNT_DIGITS:
        raise OverflowError(digits)
    return int(digits) * (-1 if words.endswith(" ago") else 1), unit


def add_to_day(day: date, count: int, unit: str) -> date | None:
    """Return the day so many units later; where a month is too short, its last day."""
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    if unit not in ("month", "year"):
        return None
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    if not 1 <= year <= date.max.year:
        raise OverflowError(year)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def find_next_weekday(today: date, weekday: int) -> date:
    """Return the first such weekday after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def find_period(today: date, away: int, unit: str) -> tuple[date, date]:
    """Return the first and the last day of the week, month, quarter or year so many from now."""
    if unit == "week":
        monday = today + timedelta(days=7 * away - today.weekday())
        return monday, monday + timedelta(days=6)
    length = {"month": 1, "quarter": 3, "year": 12}[unit]
    months = (today.year * 12 + today.month - 1) // length * length + away * length
    return make_months(months // 12, months % 12 + 1, months % 12 + length)


def make_months(year: int, first: int, last: int) -> tuple[date, date]:
    """Return the first and the last day of the months from `first` to `last` of a year."""
    if not 1 <= year <= date.max.year:
        raise OverflowError(year)
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def read_clock(text: str) -> time:
    """Return the time of day that a text like `CLOCK` names; BadValue if there is none."""
    if text in ("noon", "midnight"):
        return time(12 if text == "noon" else 0)
    found = re.fullmatch(_CLOCK_PARTS, text)
    assert found is not None
    hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3))
    if found[5]:
        hour = hour % 12 + (12 if found[5] == "pm" else 0) if 1 <= hour <= 12 else 24
    try:
        return time(hour, minute, second, int((found[4] or "").ljust(6, "0")))
    except ValueError:
        raise BadValue(
            f"there is no time of day `{text}`", hint="write a time as `17:00` or `5pm`"
        ) from None


def _find_nearest(days: Iterable[date], today: date, is_past: bool) -> date:
    """Return the first of the days from today on; for the past the last one up to today."""
    if is_past:
        nearest = max((day for day in days if day <= today), default=None)
    else:
        nearest = min((day for day in days if day >= today), default=None)
    if nearest is None:
        raise OverflowError(today)
    return nearest


def _read_compact_day(found: re.Match[str], today: date, is_past: bool) -> date | None:
    """Return the day that `20261224` names; None for what may be another order of its parts."""
    digits = found[0]
    if not FIRST_YEAR <= int(digits[:4]) <= LAST_YEAR:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _read_iso_day(found: re.Match[str], today: date, is_past: bool) -> date:
    text = found[0]
    year, month, day = (int(part) for part in text.split("-"))
    if not year:
        raise OverflowError(text)
    try:
        return date(year, month, day)
    except ValueError:
        pass
    if 1 <= month <= 12:
        reason = f"{text[:7]} has {monthrange(year, month)[1]} days"
    else:
        reason = f"there is no month {month}"
    raise BadValue(
        f"`{text}` is not in the calendar: {reason}",
        hint=f"write year, month and day as `{text[:4]}-12-24`",
    )


def _read_day_of_year(found: re.Match[str], today: date, is_past: bool) -> date:
    """Return the day that `2026-345` names."""
    first, last = make_months(int(found[1]), 1, 12)
    if not 1 <= int(found[2]) <= last.timetuple().tm_yday:
        raise BadValue(
            f"there is no day `{found[0]}`: {found[1]} has {last.timetuple().tm_yday} days",
            hint=f"write a day as `{found[1]}-001` or `{found[1]}-12-24`",
        )
    return first + timedelta(days=int(found[2]) - 1)


def _read_day_of_week(found: re.Match[str], today: date, is_past: bool) -> date:
    """Return the day that `2026-W49-5` names, the Monday of `2026-W49`."""
    year, week, weekday = (int(part or 1) for part in found.groups())
    make_months(year, 1, 12)
    try:
        return date.fromisocalendar(year, week, weekday)
    except ValueError:
        raise BadValue(
            f"there is no week `{found[0]}`",
            hint=f"write a week as `{found[1]}-W49`, its Friday as `{found[1]}-W49-5`",
        ) from None


def _read_duration(found: re.Match[str], today: date, is_past: bool) -> date | None:
    """Return the day after `P3D` or `P1Y2M` from today on."""
    years, months, weeks, days = (int(count) for count in found.groups("0"))
    day = add_to_day(today, 12 * years + months, "month")
    return day and day + timedelta(days=7 * weeks + days)


def _read_day_of_month(found: re.Match[str], today: date, is_past: bool) -> date:
    """Return the nearest day that `31st` names, in a month that has it."""
    number = int(found[1])
    if not 1 <= number <= 31:
        raise BadValue(f"no month has a day `{found[0]}`", hint="write `1st` to `31st`")
    months = (find_period(today, away, "month") for away in range(-2, 3))
    days = (first.replace(day=number) for first, last in months if number <= last.day)
    return _find_nearest(days, today, is_past)


def _read_day_and_month(found: re.Match[str], today: date, is_past: bool) -> date | None:
    """Return the day that `24 dec` or `fri 24 dec 2027` names; the nearest without a year."""
    month, number = MONTHS.get(found["month"]), int(found["day"])
    if month is None or (found["weekday"] and found["weekday"] not in WEEKDAYS):
        return None
    months = [make_months(year, month, month) for year in _list_years(found["year"], today)]
    days = [first.replace(day=number) for first, last in months if 1 <= number <= last.day]
    if not days:
        longest = max(last.day for _, last in months)
        raise BadValue(
            f"`{found[0]}` is not in the calendar: that month has {longest} days",
            hint=f"write a day from 1 to {longest}",
        )
    day = days[0] if found["year"] else _find_nearest(days, today, is_past)
    if found["weekday"] and WEEKDAYS[found["weekday"]] != day.weekday():
        raise BadValue(
            f"`{found[0]}` is not in the calendar: {day} is not a {found['weekday']}",
            hint=f"write `{day}` or `{found['weekday']}`",
        )
    return day


def _list_years(year: str | None, today: date) -> Iterable[int]:
    """Return the year that is given, else those around today, of which one is a leap year."""
    if year:
        return [int(year)]
    return range(max(1, today.year - 8), min(date.max.year, today.year + 8) + 1)


def _read_weekday_of_month(found: re.Match[str], today: date, is_past: bool) -> date | None:
    """Return the day that `first monday of jan` or `last day of next month` names."""
    weekday, month = WEEKDAYS.get(found["weekday"]), MONTHS.get(found["month"])
    if (weekday is None and found["weekday"] != "day") or (month is None and found["month"]):
        return None
    if month:
        months = [make_months(year, month, month) for year in _list_years(found["year"], today)]
    else:
        months = [find_period(today, 1, "month")]
    days = [_choose_in_month(*ends, weekday, _WHICH[found["which"]]) for ends in months]
    return days[0] if len(days) == 1 else _find_nearest(days, today, is_past)


def _choose_in_month(first: date, last: date, weekday: int | None, which: int) -> date:
    days = (first.replace(day=number) for number in range(1, last.day + 1))
    return [day for day in days if weekday is None or day.weekday() == weekday][which]


def _read_last_weekday(found: re.Match[str], today: date, is_past: bool) -> date | None:
    """Return the day before today that `last tue` names where only the past is asked for."""
    weekday = WEEKDAYS.get(found[1])
    if weekday is None or not is_past:
        return None
    return find_next_weekday(today - timedelta(days=8), weekday)


def _read_weekday_of_next_week(found: re.Match[str], today: date, is_past: bool) -> date | None:
    weekday = WEEKDAYS.get(found[1])
    if weekday is None:
        return None
    return find_period(today, 1, "week")[0] + timedelta(days=weekday)


def _read_next_period(found: re.Match[str], today: date, is_past: bool) -> date:
    return find_period(today, 1, found[1])[0]


def _read_end_of_period(found: re.Match[str], today: date, is_past: bool) -> date:
    """Return the nearest first day of a period, or the last day of this or the next one."""
    end, which, unit = found[1][0], found[2].strip(), PERIODS[found[3][0]]
    if which == "next" or end == "e":
        return find_period(today, int(which == "next"), unit)[end == "e"]
    starts = (find_period(today, away, unit)[0] for away in (0, 1))
    return _find_nearest(starts, today, is_past)


def _read_weekend(found: re.Match[str], today: date, is_past: bool) -> date:
    """Return the coming Saturday; on a Sunday today, which is still the weekend."""
    saturday = find_period(today, 0, "week")[1] - timedelta(days=1)
    if is_past and saturday > today and found[0] == "weekend":
        return saturday - timedelta(days=7)
    return max(saturday, today)


_DAY_NUMBER = "(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_PERIOD_NAMES = "(week|month|quarter|year)"
_FORMS: dict[str, Callable[[re.Match[str], date, bool], date | None]] = {
    "([se])o()([wmqy])": _read_end_of_period,
    ISO_DAY: _read_iso_day,
    "[0-9]{8}": _read_compact_day,
    f"(?:(?P<weekday>[a-z]+),? )?{_DAY_NUMBER}[.]?[ -]?(?:of )?"
    "(?P<month>[a-z]+)[.]?(?:,?[ -](?P<year>[0-9]{4}))?": _read_day_and_month,
    f"(?:(?P<weekday>[a-z]+),? )?(?P<month>[a-z]+)[.]? {_DAY_NUMBER}"
    "(?:,? (?P<year>[0-9]{4}))?": _read_day_and_month,
    f"next {_PERIOD_NAMES}": _read_next_period,
    f"(start|end) of ((?:next |the )?){_PERIOD_NAMES}": _read_end_of_period,
    f"(end) of (this ){_PERIOD_NAMES}": _read_end_of_period,
    "(?:this )?weekend": _read_weekend,
    "([0-9]{1,2})(?:st|nd|rd|th)": _read_day_of_month,
    f"(?P<which>{'|'.join(_WHICH)}) (?P<weekday>[a-z]+) (?:of|in) "
    "(?:(?P<month>[a-z]+)(?: (?P<year>[0-9]{4}))?|next month)": _read_weekday_of_month,
    "last ([a-z]+)": _read_last_weekday,
    "([a-z]+) (?:of )?next week": _read_weekday_of_next_week,
    "next week ([a-z]+)": _read_weekday_of_next_week,
    "([0-9]{4})-([0-9]{3})": _read_day_of_year,
    "([0-9]{4})-?w([0-9]{2})(?:-?([0-9]))?": _read_day_of_week,
    "p(?=[0-9])(?:([0-9]+)y)?(?:([0-9]+)m)?(?:([0-9]+)w)?(?:([0-9]+)d)?": _read_duration,
}
"""How a day is written; the first that can read the words does."""
