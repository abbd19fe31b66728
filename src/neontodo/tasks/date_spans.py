"""Spans of time as filters take them: `today`, `next week`, `2026-12`, `fri..+7d`, `..2026-12-24`.

A day is all of it, a time its minute, and the ends of a range are part of it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta, tzinfo

from neontodo.errors import BadValue
from neontodo.tasks.dates import FIRST_YEAR, LAST_YEAR, local_day, parse_when
from neontodo.wording import find_similar

_EXAMPLES = "write a span as `today`, `next week`, `2026-12`, `fri` or `today..+7d`"
_WORDS = ("today", "overdue", "week", "weekend", "none", "any")
_AWAY = {"last": -1, "this": 0, "next": 1}
_NEAR = "(last|this|next) (week|weekend|month|year)"
_DAY = timedelta(days=1)


End = date | datetime | None
"""A day that is part of the span, or the instant at which it begins or has just ended."""


def parse_span(text: str, *, now: datetime, tz: tzinfo, is_past: bool = False) -> tuple[End, End]:
    """Return both ends of the span that a text names, None for an open one; else BadValue.

    `week` is the seven days from today on, or up to today where `is_past` says that the field
    has no other times, as when a task was done.
    """
    first, separator, last = text.partition("..")
    if not separator:
        return _parse_part(text, now, tz, is_past)
    if not (first.strip() or last.strip()):
        raise BadValue(f"`{text}` has no day on either side", hint=_EXAMPLES)
    start = _parse_part(first, now, tz, is_past)[0] if first.strip() else None
    end = _parse_part(last, now, tz, is_past)[1] if last.strip() else None
    if start and end and _ends_first(start, end):
        raise BadValue(f"`{text}` ends before it begins", hint="write the earlier day first")
    return start, end


def _ends_first(start: date | datetime, end: date | datetime) -> bool:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end <= start
    days = [when.date() if isinstance(when, datetime) else when for when in (start, end)]
    return days[1] < days[0]


def _parse_part(text: str, now: datetime, tz: tzinfo, is_past: bool) -> tuple[End, End]:
    words = " ".join(text.lower().split())
    today = local_day(now, tz)
    if words == "week":
        first = today - 6 * _DAY if is_past else today
        return first, first + 6 * _DAY
    if days := _read_period(words, today):
        return days
    try:
        when = parse_when(words, now=now, tz=tz)
    except BadValue as refusal:
        raise _suggest_word(words, refusal) from None
    if not isinstance(when, datetime):
        return when, when
    minute = when.replace(second=0, microsecond=0)
    return minute, minute + timedelta(minutes=1)


def _suggest_word(words: str, refusal: BadValue) -> BadValue:
    """Return the refusal of a date, with the word of filters that it may have been meant for."""
    near = find_similar(words[:20], _WORDS)
    return BadValue(refusal.message, hint=f"did you mean `{near}`?") if near else refusal


def _read_period(words: str, today: date) -> tuple[date, date] | None:
    """Return the first and the last day of a week, month or year; None if the words name none."""
    if words == "weekend":
        words = "this weekend"
    if found := re.fullmatch(_NEAR, words):
        unit = found[2].removesuffix("end")
        first, last = find_period(today, _AWAY[found[1]], unit)
        return (first if unit == found[2] else first + 5 * _DAY), last
    if found := re.fullmatch("([0-9]{4})(?:-([0-9]{2}))?", words):
        year, month = int(found[1]), int(found[2] or 1)
        if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
            raise BadValue(f"there is no month or year `{words}`", hint=_EXAMPLES)
        return _make_months(year, month, int(found[2] or 12))
    if found := re.fullmatch("([0-9]{4})-w([0-9]{2})", words):
        return _read_iso_week(words, int(found[1]), int(found[2]))
    return None


def find_period(today: date, away: int, unit: str) -> tuple[date, date]:
    """Return the first and the last day of the week, month, quarter or year so many from now."""
    if unit == "week":
        monday = today + (7 * away - today.weekday()) * _DAY
        return monday, monday + 6 * _DAY
    length = {"month": 1, "quarter": 3, "year": 12}[unit]
    months = (today.year * 12 + today.month - 1) // length * length + away * length
    return _make_months(months // 12, months % 12 + 1, months % 12 + length)


def _make_months(year: int, first: int, last: int) -> tuple[date, date]:
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _read_iso_week(words: str, year: int, week: int) -> tuple[date, date]:
    try:
        monday = date.fromisocalendar(year, week, 1)
        return monday, monday + 6 * _DAY
    except (ValueError, OverflowError):
        raise BadValue(f"there is no week `{words}`", hint=_EXAMPLES) from None
