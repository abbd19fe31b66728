"""Parses and formats days and instants as files spell them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

_FIRST_SECOND = 315_532_800
_MILLISECONDS = 100_000_000_000
"""From here on, which is the year 5138 in seconds, a number is one of milliseconds."""


def parse_when(value: Any, tz: tzinfo) -> date | datetime:
    """Return a day, or an instant in `tz`, where a time without a zone is meant; or ValueError."""
    when = _parse(value, tz)
    if not isinstance(when, datetime):
        return when
    try:
        return when.astimezone(tz)
    except OverflowError:  # on the first or the last day of all
        return parse_instant(value, tz)


def parse_instant(value: Any, tz: tzinfo) -> datetime:
    """Return the instant in UTC; a day is its beginning in `tz`. ValueError with the reason."""
    when = _parse(value, tz)
    if not isinstance(when, datetime):
        return start_of_day(when, tz)
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise _refusal(value) from None


def _parse(value: Any, tz: tzinfo) -> date | datetime:
    is_number = not isinstance(value, str) or value.isdecimal()
    if is_number and (moment := _parse_epoch(value)) is not None:
        return moment
    if not isinstance(value, str):
        raise ValueError("must be text such as `2026-11-20` or `2026-11-20T20:30:00Z`")
    separator = value[10:11] if value[4:5] == "-" else value[8:9]
    try:
        if separator in ("T", " ") and "W" not in value:
            when = datetime.fromisoformat(value)
            return when if when.tzinfo else when.replace(tzinfo=tz)
        if not separator and "W" not in value:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise _refusal(value)


def _parse_epoch(value: Any) -> datetime | None:
    """Return the instant of a number of seconds or milliseconds since 1970, if it is a likely one.

    As Taskwarrior has it, numbers before 1980 are none.
    """
    if isinstance(value, str) and value.isascii() and 9 <= len(value) <= 13:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if _MILLISECONDS <= value < 1000 * _MILLISECONDS else value
    is_likely = _FIRST_SECOND <= seconds < _MILLISECONDS
    return datetime.fromtimestamp(seconds, UTC) if is_likely else None


def _refusal(value: str) -> ValueError:
    return ValueError(
        f"`{shorten_for_message(value)}` is not like `2026-11-20` or `2026-11-20T20:30:00Z`"
    )


def start_of_day(day: date, tz: tzinfo) -> datetime:
    """Return the instant at which a day begins in `tz`."""
    try:
        return datetime.combine(day, time.min, tz).astimezone(UTC)
    except OverflowError:  # the first or the last day of all
        return datetime.combine(day, time.min, UTC)


def shorten_for_message(value: str) -> str:
    """Return a value short enough for a message."""
    return value if len(value) <= 40 else value[:39] + "…"
