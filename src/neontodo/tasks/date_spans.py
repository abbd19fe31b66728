"""Spans of time as filters take them: `today`, `next week`, `dec`, `fri..+7d`, `..2026-12-24`.

A day is all of it, a time its minute, and the ends of a range are part of it.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

from neontodo.errors import BadValue
from neontodo.tasks.dates import (
    FIRST_YEAR,
    LAST_YEAR,
    MONTHS,
    find_period,
    local_day,
    make_months,
    parse_when,
)
from neontodo.wording import find_similar

_EXAMPLES = "write a span as `today`, `next week`, `2026-12`, `fri` or `today..+7d`"
_WORDS = ("today", "overdue", "week", "weekend", "none", "any")
_AWAY = {"last": -1, "this": 0, "next": 1}
_NEAR = "(last|this|next) (week|weekend|month|quarter|year)"
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


End = date | datetime | None
"""A day that is part of the span, or the instant at which it begins or has just ended."""


def parse_span(text: str, *, now: datetime, tz: tzinfo, is_past: bool = False) -> tuple[End, End]:
    """Return both ends of the span that a text names, None for an open one; else BadValue.

    Where `is_past` says that the field has no other times, as when a task was done, `week` is the
    seven days up to today, not from today on, and `fri` or `dec` the last one, not the next.
    """
    text = " ".join(text.split())
    first, separator, last = text.partition("..")
    if not separator:
        return _parse_part(text, now, tz, is_past)
    if not (first.strip() or last.strip()):
        raise BadValue(f"`{text}` has no day on either side", hint=_EXAMPLES)
    start = _parse_part(first, now, tz, is_past)[0] if first.strip() else None
    end = _parse_part(last, now, tz, is_past)[1] if last.strip() else None
    if start and end and _ends_first(start, end):
        last_part = end - _MINUTE if isinstance(end, datetime) else end
        raise BadValue(
            f"`{text}` ends before it begins",
            hint=f"it was read as `{_format_end(start)}..{_format_end(last_part)}`",
        )
    return start, end


def parse_past_span(
    text: str, *, now: datetime, tz: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """Return the instants at which a span in the past begins and has just ended."""
    start, end = parse_span(text, now=now, tz=tz, is_past=True)
    if start is not None and not isinstance(start, datetime):
        start = datetime.combine(start, time.min, tz)
    if end is not None and not isinstance(end, datetime):
        end = datetime.combine(end + _DAY, time.min, tz)
    return start, end


def _format_end(when: date | datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if isinstance(when, datetime) else f"{when}"


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
    if days := _read_period(words, today, is_past):
        return days
    try:
        when = parse_when(words, now=now, tz=tz, is_past=is_past)
    except BadValue as refusal:
        raise _suggest_word(words, refusal) from None
    if re.fullmatch("[0-9]{4}-?w[0-9]{2}", words):
        return when, when + 6 * _DAY
    if not isinstance(when, datetime):
        return when, when
    minute = when.replace(second=0, microsecond=0)
    return minute, minute + _MINUTE


def _suggest_word(words: str, refusal: BadValue) -> BadValue:
    """Return the refusal of a date, with the word of filters that it may have been meant for."""
    near = find_similar(words[:20], _WORDS)
    return BadValue(refusal.message, hint=f"did you mean `{near}`?") if near else refusal


def _read_period(words: str, today: date, is_past: bool) -> tuple[date, date] | None:
    """Return the first and the last day of a week, month or year; None if the words name none."""
    if words == "weekend":
        words = "last weekend" if is_past and today.weekday() < 5 else "this weekend"
    if found := re.fullmatch(_NEAR, words):
        unit = found[2].removesuffix("end")
        first, last = find_period(today, _AWAY[found[1]], unit)
        return (first if unit == found[2] else first + 5 * _DAY), last
    if found := re.fullmatch("([0-9]{4})(?:-([0-9]{2}))?", words):
        return _read_months(words, int(found[1]), int(found[2] or 1), int(found[2] or 12))
    if (found := re.fullmatch("([a-z]+)(?: ([0-9]{4}))?", words)) and found[1] in MONTHS:
        month = MONTHS[found[1]]
        year = int(found[2] or today.year + _count_years(today.month, month, is_past))
        return _read_months(words, year, month, month)
    return None


def _read_months(words: str, year: int, first: int, last: int) -> tuple[date, date]:
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= first <= 12):
        raise BadValue(f"there is no month or year `{words}`", hint=_EXAMPLES)
    return make_months(year, first, last)


def _count_years(this_month: int, month: int, is_past: bool) -> int:
    """Return how many years from now such a month is: this month, the next or the last one."""
    if is_past:
        return -1 if month > this_month else 0
    return 1 if month < this_month else 0
