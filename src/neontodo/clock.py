"""The machine's clock, and the user's own time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from neontodo.errors import BadValue


def utc_now() -> datetime:
    """What the machine's clock says."""
    return datetime.now(UTC)


def zone_of(env: Mapping[str, str]) -> tzinfo:
    """The user's own time zone: `TZ`, else the system's.

    Raises:
        BadValue: `TZ` names none that is known.
    """
    from zoneinfo import ZoneInfo

    if name := env.get("TZ", "").removeprefix(":"):
        try:
            if name.startswith("/"):
                with open(name, "rb") as file:
                    return ZoneInfo.from_file(file)
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise BadValue(
                "the time zone in TZ is not known", hint="such as TZ=Europe/Berlin"
            ) from None
    import tzlocal

    return tzlocal.get_localzone()
