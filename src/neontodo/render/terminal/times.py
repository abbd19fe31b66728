"""Instants as the clock on the user's wall shows them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, tzinfo


def local_time(instant: datetime, tz: tzinfo) -> str:
    """Day and minute where the user is."""
    # Within hours of the calendar's ends no other zone can say it.
    with suppress(OverflowError):
        instant = instant.astimezone(tz)
    return instant.isoformat(" ", "minutes")[:16]
