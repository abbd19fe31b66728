"""The words for days and times of day; what is not among them is None, never a guess."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, time, timedelta

from neontodo.errors import BadValue

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
CLOCK = "[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?(?: ?[ap]m)?| ?[ap]m)"

_IN = "in (?P<count>an?|[0-9]+) ?(?P<unit>[a-z]+)"
_PLUS = r"\+ ?(?P<count>[0-9]+) ?(?P<unit>[a-z]+)"
_CLOCK_PARTS = r"(\d+)(?::(\d+))?(?::(\d+))?(?:[.,](\d+))? ?([ap]m)?"
_COUNT_DIGITS = 7


def read_day(words: str, today: date) -> date | None:
    """The day that lower-case words name; OverflowError if no calendar reaches it."""
    if re.fullmatch(ISO_DAY, words):
        return _iso_day(words)
    if words in WEEKDAYS:
        return next_weekday(today, WEEKDAYS[words])
    if span := read_span(words):
        return shift(today, *span)
    return _fixed_day(words, today)


def read_span(words: str) -> tuple[int, str] | None:
    """Count and unit of `in 3 days` or `+3d`; `m` is read after `+` only, where it is a month."""
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


def shift(day: date, count: int, unit: str) -> date | None:
    """The day so many days, weeks, months or years later; a short month ends on its last day."""
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    if unit not in ("month", "year"):
        return None
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    if year > date.max.year:
        raise OverflowError(year)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def next_weekday(today: date, weekday: int) -> date:
    """The first such weekday after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def read_clock(text: str) -> time:
    """The time of day that a text matching `CLOCK` names; BadValue if there is none such."""
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


def _fixed_day(words: str, today: date) -> date | None:
    match words:
        case "today":
            return today
        case "tomorrow":
            return today + timedelta(days=1)
        case "yesterday":
            return today - timedelta(days=1)
        case "next week":
            return next_weekday(today, WEEKDAYS["mon"])
        case "eow":
            return today + timedelta(days=6 - today.weekday())
        case "eom":
            return today.replace(day=monthrange(today.year, today.month)[1])
        case "eoy":
            return today.replace(month=12, day=31)
    return None


def _iso_day(text: str) -> date:
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
