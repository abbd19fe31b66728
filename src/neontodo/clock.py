"""The machine's clock, the user's own time zone, and how long something takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from neontodo.errors import BadValue

_NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_OFFSET = r"[+-]?[0-9]{1,2}(?::[0-9]{2}){0,2}"
_POSIX = rf"{_NAME}{_OFFSET}(?P<dst>{_NAME}(?:{_OFFSET})?(?P<rule>,[MJ][^,]+,[MJ][^,]+)?)?"
"""Without days of the year from 0, which Python's zoneinfo takes for the day before."""

_USUAL_RULE = ",M3.2.0,M11.1.0"
"""When daylight saving is where a zone does not say it: as in every libc, on the days of the US."""


def utc_now() -> datetime:
    """What the machine's clock says."""
    return datetime.now(UTC)


def zone_of(env: Mapping[str, str]) -> tzinfo:
    """The user's own time zone: `TZ`, by name, file or POSIX rule, else the system's.

    Raises:
        BadValue: `TZ` names none that is known.
    """
    if name := env.get("TZ", "").removeprefix(":"):
        try:
            return _named(name)
        except (ValueError, OSError, KeyError):
            raise BadValue(
                "the time zone in TZ is not known", hint="such as TZ=Europe/Berlin"
            ) from None
    import tzlocal

    return tzlocal.get_localzone()


def _named(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    if name.startswith("/"):
        with open(name, "rb") as file:
            return ZoneInfo.from_file(file)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        if (posix := re.fullmatch(_POSIX, name)) is None:
            raise
    return _by_rule(name if posix["rule"] or not posix["dst"] else name + _USUAL_RULE)


def _by_rule(rule: str) -> tzinfo:
    """The zone of a POSIX rule: the last line of a zone's file (RFC 8536) that has nothing else."""
    import struct
    from io import BytesIO
    from zoneinfo import ZoneInfo

    nothing = struct.pack(">4sc15x6l6x4s", b"TZif", b"2", 0, 0, 0, 0, 1, 4, b"UTC")
    zone = ZoneInfo.from_file(BytesIO(nothing * 2 + f"\n{rule}\n".encode()))
    for month in (1, 7):
        # An offset of a day and more is only found out when it is used.
        datetime(2000, month, 1, tzinfo=zone).utcoffset()
    return zone


def span(time: timedelta) -> str:
    """Such as `90 days` or `1 day`; minutes of what is shorter."""
    time = max(time, timedelta())
    number, unit = (time.days, "day") if time.days else (time.seconds // 60, "minute")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
