"""Days and instants as files spell them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any


def parsed(value: Any, tz: tzinfo) -> date | datetime:
    """A day, or an instant in `tz` (where a time without a zone is meant too).

    Raises ValueError with the reason.
    """
    when = _read(value)
    if not isinstance(when, datetime):
        return when
    try:
        return _aware(when, tz).astimezone(tz)
    except OverflowError:  # on the first or the last day of all
        return instant(value, tz)


def instant(value: Any, tz: tzinfo) -> datetime:
    """The instant in UTC that the text stands for; a day is its beginning in `tz`.

    Raises ValueError with the reason.
    """
    when = _read(value)
    if not isinstance(when, datetime):
        return midnight(when, tz)
    try:
        return _aware(when, tz).astimezone(UTC)
    except OverflowError:
        raise _refusal(value) from None


def _aware(when: datetime, tz: tzinfo) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=tz)


def _read(value: Any) -> date | datetime:
    if not isinstance(value, str):
        raise ValueError("must be text such as `2026-11-20` or `2026-11-20T20:30:00Z`")
    separator = value[10:11] if value[4:5] == "-" else value[8:9]
    try:
        if separator in ("T", " ") and "W" not in value:
            return datetime.fromisoformat(value)
        if not separator and "W" not in value:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise _refusal(value)


def _refusal(value: str) -> ValueError:
    return ValueError(f"`{shown(value)}` is not like `2026-11-20` or `2026-11-20T20:30:00Z`")


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
