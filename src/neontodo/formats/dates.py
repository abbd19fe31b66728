"""Days and instants as files spell them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any


def parsed(value: Any, tz: tzinfo) -> date | datetime:
    """A day, or an instant in `tz` (where a time without a zone is meant too).

    Raises ValueError with the reason.
    """
    if not isinstance(value, str):
        raise ValueError("must be text such as `2026-11-20` or `2026-11-20T20:30:00Z`")
    separator = value[10:11] if value[4:5] == "-" else value[8:9]
    try:
        if "W" in value or separator not in ("", "T", " "):
            raise ValueError
        if not separator:
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(tz) if moment.tzinfo else moment.replace(tzinfo=tz)
    except (ValueError, OverflowError):
        reason = f"`{shown(value)}` is not like `2026-11-20` or `2026-11-20T20:30:00Z`"
        raise ValueError(reason) from None


def instant(value: Any, tz: tzinfo) -> datetime:
    """The instant that the text stands for; a day is its beginning in `tz`."""
    when = parsed(value, tz)
    return when.astimezone(UTC) if isinstance(when, datetime) else midnight(when, tz)


def midnight(day: date, tz: tzinfo) -> datetime:
    """The instant at which a day begins in `tz`."""
    try:
        return datetime.combine(day, time.min, tz).astimezone(UTC)
    except OverflowError:  # the first or the last day of all
        return datetime.combine(day, time.min, UTC)


def day_of(moment: datetime, tz: tzinfo) -> date:
    """The day that an instant falls on in `tz`."""
    try:
        return moment.astimezone(tz).date()
    except OverflowError:
        return moment.astimezone(UTC).date()


def shown(value: str) -> str:
    """A value short enough for a message."""
    return value if len(value) <= 40 else value[:39] + "…"
