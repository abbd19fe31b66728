"""Dates as people write and read them, in the user's own time zone; never a guess.

The known parsers were tried and guess: dateparser 1.5 takes `13` for the 13th, `fri` for the
Friday that has passed and, even when strict, `2026-13-01` for 13 January, and it needs 1.3 s to
refuse `tomorow`; parsedatetime takes both `13` and `tomorow` for today; dateutil takes `feb` for
a day in February. So the grammar is spelled out here:

    day        2026-12-24 · today · tomorrow · yesterday · fri · friday (the next one after today)
               next week (its Monday) · eow (Sunday, perhaps today) · eom · eoy
               in 3 days|weeks|months|years · in a week · +3d · +2w · +1m (a month) · +1y
    with time  a day and a time: fri 17:00 · tomorrow at 9:30 · eom 5pm
               2026-12-24T17:00 · 2026-12-24 17:00:30 · the same with Z or +02:00 at its end
    instant    in 2 hours · in 30 minutes · +4h · +30min (seconds dropped)
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

from neontodo.errors import BadValue
from neontodo.tasks.date_refusals import (
    FIRST_YEAR,
    LAST_YEAR,
    TEXT_MAX,
    explain_refusal,
    refuse_far_day,
    refuse_skipped_time,
)
from neontodo.tasks.date_words import CLOCK, ISO_DAY, read_clock, read_day, read_span

if TYPE_CHECKING:
    from neontodo.models import Due

_WITH_TIME = (
    f"(?P<day>.+?)(?: at | |(?<=[0-9])t)(?P<clock>{CLOCK})"
    "(?: ?(?P<offset>z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)


def parse_due(text: str, *, now: datetime, tz: tzinfo) -> Due:
    """The day, or the instant in `tz` if a time of day was given; BadValue if it is not clear."""
    return _parse(text, now, tz, timed=True)


def parse_day(text: str, *, now: datetime, tz: tzinfo) -> date:
    """The day that the text names; BadValue if it is not clear or has a time of day."""
    due = _parse(text, now, tz, timed=False)
    if isinstance(due, datetime):
        raise BadValue(f"`{_words(text)}` has a time of day", hint="give only the day")
    return due


def describe_due(due: Due, *, now: datetime, tz: tzinfo) -> str:
    """A due as people say it today, such as `tomorrow`, `fri 17:00` or `2026-12-24`."""
    instant = _local(due, tz) if isinstance(due, datetime) else None
    day = instant.date() if instant else due
    away = (day - local_day(now, tz)).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    if 2 <= away <= 6:
        name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    else:
        name = near.get(away) or day.isoformat()
    return f"{name} {instant:%H:%M}" if instant else name


def is_overdue(due_on: date | None, due_at: datetime | None, *, now: datetime, tz: tzinfo) -> bool:
    """Whether the instant has passed or, without one, the day has, where the user is."""
    if due_at is not None:
        # Two times of one zone are compared by the clock on the wall, which may be set back.
        return due_at.astimezone(UTC) < now.astimezone(UTC)
    return due_on is not None and due_on < local_day(now, tz)


def local_day(instant: datetime, tz: tzinfo) -> date:
    """The day on the user's calendar at an instant."""
    return _local(instant, tz).date()


def _words(text: str) -> str:
    return " ".join(text.lower().split())


def _local(instant: datetime, tz: tzinfo) -> datetime:
    try:
        return instant.astimezone(tz)
    except OverflowError:
        # Within hours of the calendar's ends no other zone can say it.
        return instant


def _parse(text: str, now: datetime, tz: tzinfo, *, timed: bool) -> Due:
    words = _words(text)

    def accepts(other: str) -> bool:
        try:
            due = _read(other, now, tz)
        except (BadValue, OverflowError):
            return False
        return due is not None and (timed or not isinstance(due, datetime))

    try:
        due = _read(words, now, tz) if len(words) <= TEXT_MAX else None
        if due is None:
            raise explain_refusal(words, local_day(now, tz), timed=timed, accepts=accepts)
    except OverflowError:
        raise refuse_far_day(words) from None
    if not FIRST_YEAR <= due.year <= LAST_YEAR:
        raise refuse_far_day(words)
    return due


def _read(words: str, now: datetime, tz: tzinfo) -> Due | None:
    """What the grammar says of the words; None if they are not in it."""
    today = local_day(now, tz)
    if (span := read_span(words)) and span[1] in ("hour", "minute"):
        return _from_now(*span, now).astimezone(tz)
    if day := read_day(words, today):
        return day
    timed = re.fullmatch(_WITH_TIME, words)
    day = read_day(timed["day"], today) if timed else None
    if timed is None or day is None:
        return None
    clock = read_clock(timed["clock"])
    if not timed["offset"]:
        return _at(day, clock, tz)
    if not re.fullmatch(ISO_DAY, timed["day"]):
        return None
    return datetime.combine(day, clock, _offset(timed["offset"])).astimezone(tz)


def _from_now(count: int, unit: str, now: datetime) -> datetime:
    minutes = count * (60 if unit == "hour" else 1)
    return now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=minutes)


def _at(day: date, clock: time, tz: tzinfo) -> datetime:
    """That local time; of one that comes twice the first, of one that never comes a refusal."""
    wanted = datetime.combine(day, clock, tz)
    real = wanted.astimezone(UTC).astimezone(tz)
    if real.replace(tzinfo=None) != wanted.replace(tzinfo=None):
        raise refuse_skipped_time(f"{wanted:%Y-%m-%d %H:%M}", f"{real:%Y-%m-%d %H:%M}")
    return wanted


def _offset(text: str) -> tzinfo:
    if text == "z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if hours > 23 or minutes > 59:
        raise BadValue(
            f"there is no time zone offset `{text}`", hint="write an offset as `+02:00` or `Z`"
        )
    return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1))
