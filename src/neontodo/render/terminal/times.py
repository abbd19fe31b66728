"""Instants as the user's clock on the wall shows them."""

from __future__ import annotations

from datetime import datetime, tzinfo


def local_time(instant: datetime, tz: tzinfo) -> str:
    """Day and minute where the user is."""
    try:
        instant = instant.astimezone(tz)
    except OverflowError:
        pass  # within hours of the calendar's ends no other zone can say it
    return instant.isoformat(" ", "minutes")[:16]
