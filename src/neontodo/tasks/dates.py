"""Dates as people write and read them, in the user's own time zone; never a guess.

The known parsers were tried and guess: dateparser 1.5 takes `13` for the 13th, `fri` for the
Friday that has passed and, even when strict, `2026-13-01` for 13 January, and it needs 1.3 s to
refuse `tomorow`; parsedatetime takes both `13` and `tomorow` for today; dateutil takes `feb` for
a day in February. So the grammar is spelled out here:

    day        2026-12-24 · 20261224 · today · tomorrow · yesterday
               fri · friday (the next one after today)
               next week (its Monday) · eow (Sunday, perhaps today) · eom · eoy
               in 3 days|weeks|months|years · in a week · +3d · +2w · +1m (a month) · +1y
    with time  a day and a time: fri 17:00 · tomorrow at 9:30 · eom 5pm
               2026-12-24T17:00 · 2026-12-24 17:00:30 · the same with Z or +02:00 at its end
    instant    in 2 hours · in 30 minutes · +4h · +30min (seconds dropped)
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
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
UNITS = {
    "d": "day", "day": "day", "days": "day",
    "w": "week", "week": "week", "weeks": "week",
    "month": "month", "months": "month",
    "y": "year", "year": "year", "years": "year",
    "h": "hour", "hour": "hour", "hours": "hour",
    "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute",
}  # fmt: skip
FIXED_DAYS = ("today", "tomorrow", "yesterday", "next week", "eow", "eom", "eoy")

ISO_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
NUMERIC_DAY = f"(?:{ISO_DAY}|[0-9]{{8}})"
CLOCK = "[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?(?: ?[ap]m)?| ?[ap]m)"

_IN = "in (?P<count>an?|[0-9]+) ?(?P<unit>[a-z]+)"
_PLUS = r"\+ ?(?P<count>[0-9]+) ?(?P<unit>[a-z]+)"
_CLOCK_PARTS = r"(\d+)(?::(\d+))?(?::(\d+))?(?:[.,](\d+))? ?([ap]m)?"
_COUNT_DIGITS = 7
_WITH_TIME = (
    f"(?P<day>.+?)(?: at | |(?<=[0-9])t)(?P<clock>{CLOCK})"
    "(?: ?(?P<offset>z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)


def _ignore(note: str) -> None:
    pass


def parse_when(
    text: str, *, now: datetime, tz: tzinfo, notify: Callable[[str], None] = _ignore
) -> When:
    """Return the day, or the instant in `tz` if there is a time; BadValue if it is not clear.

    `notify` is told which of two instants was taken, where the clocks show a time twice.
    """
    words = " ".join(text.lower().split())
    try:
        when = _read_words(words, now, tz, notify) if len(words) <= TEXT_MAX else None
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


def is_overdue(due_on: date | None, due_at: datetime | None, *, now: datetime, tz: tzinfo) -> bool:
    """Return whether the instant has passed or, without one, the day has, where the user is."""
    if due_at is not None:
        # Two times of one zone are compared by the clock on the wall, which may be set back.
        return due_at.astimezone(UTC) < now.astimezone(UTC)
    return due_on is not None and due_on < local_day(now, tz)


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
    words: str, now: datetime, tz: tzinfo, notify: Callable[[str], None] = _ignore
) -> When | None:
    """Return what the grammar says of the words; None if they are not in it."""
    today = local_day(now, tz)
    if (span := read_span(words)) and span[1] in ("hour", "minute"):
        minutes = span[0] * (60 if span[1] == "hour" else 1)
        this_minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        return (this_minute + timedelta(minutes=minutes)).astimezone(tz)
    if day := read_day(words, today):
        return day
    timed = re.fullmatch(_WITH_TIME, words)
    day = read_day(timed["day"], today) if timed else None
    if timed is None or day is None:
        return None
    clock = read_clock(timed["clock"])
    if not timed["offset"]:
        return _combine_local(day, clock, tz, notify)
    if not re.fullmatch(NUMERIC_DAY, timed["day"]):
        return None
    return datetime.combine(day, clock, _parse_offset(timed["offset"])).astimezone(tz)


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


def read_day(words: str, today: date) -> date | None:
    """Return the day that lower-case words name; OverflowError if no calendar reaches it."""
    if re.fullmatch(ISO_DAY, words):
        return _read_iso_day(words)
    if re.fullmatch("[0-9]{8}", words):
        return _read_compact_day(words)
    if words in WEEKDAYS:
        return find_next_weekday(today, WEEKDAYS[words])
    if span := read_span(words):
        return add_to_day(today, *span)
    return _read_fixed_day(words, today)


def read_span(words: str) -> tuple[int, str] | None:
    """Return count and unit of `in 3 days` or `+3d`; only after `+` is `m` read, as a month."""
    found = re.fullmatch(_IN, words) or re.fullmatch(_PLUS, words)
    if found is None:
        return None
    months = found["unit"] == "m" and words[0] == "+"
    unit = "month" if months else UNITS.get(found["unit"])
    if unit is None:
        return None
    digits = found["count"]
    if digits in ("a", "an"):
        return 1, unit
    if len(digits.lstrip("0")) > _COUNT_DIGITS:
        raise OverflowError(digits)
    return int(digits), unit


def add_to_day(day: date, count: int, unit: str) -> date | None:
    """Return the day so many units later; where a month is too short, its last day."""
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    if unit not in ("month", "year"):
        return None
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    if year > date.max.year:
        raise OverflowError(year)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def find_next_weekday(today: date, weekday: int) -> date:
    """Return the first such weekday after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def read_clock(text: str) -> time:
    """Return the time of day that a text like `CLOCK` names; BadValue if there is none."""
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


def _read_fixed_day(words: str, today: date) -> date | None:
    match words:
        case "today":
            return today
        case "tomorrow":
            return today + timedelta(days=1)
        case "yesterday":
            return today - timedelta(days=1)
        case "next week":
            return find_next_weekday(today, WEEKDAYS["mon"])
        case "eow":
            return today + timedelta(days=6 - today.weekday())
        case "eom":
            return today.replace(day=monthrange(today.year, today.month)[1])
        case "eoy":
            return today.replace(month=12, day=31)
    return None


def _read_compact_day(digits: str) -> date | None:
    """Return the day that `20261224` names; None for what may be another order of its parts."""
    if not FIRST_YEAR <= int(digits[:4]) <= LAST_YEAR:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _read_iso_day(text: str) -> date:
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
