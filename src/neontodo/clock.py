"""The machine's clock, the user's own time zone, and how long something takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from neontodo.errors import BadValue
from neontodo.wording import pluralize


def utc_now() -> datetime:
    """Return what the machine's clock says."""
    return datetime.now(UTC)


def find_zone(env: Mapping[str, str]) -> tzinfo:
    """Return the zone that `TZ` names (BadValue if it is not known), else the system's."""
    if name := env.get("TZ", "").removeprefix(":"):
        from zoneinfo import ZoneInfo

        if name == "UTC0":
            # As portable scripts and containers spell it.
            return UTC
        try:
            if not name.startswith("/"):
                return ZoneInfo(name)
            with open(name, "rb") as file:
                return ZoneInfo.from_file(file)
        except (ValueError, OSError, KeyError):
            raise BadValue(
                "the time zone in TZ is not known",
                hint="name a zone, such as TZ=Europe/Berlin; POSIX rules are not supported",
            ) from None
    import tzlocal

    return tzlocal.get_localzone()


def format_duration(time: timedelta) -> str:
    """Return a duration as `90 days` or `1 day`; one below a day in minutes."""
    time = max(time, timedelta())
    return pluralize(time.days, "day") if time.days else pluralize(time.seconds // 60, "minute")
