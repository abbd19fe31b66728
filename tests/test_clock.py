from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from neontodo.clock import span, zone_of


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (timedelta(days=90, hours=23), "90 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=1, seconds=59), "60 minutes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=59), "0 minutes"),
        (timedelta(seconds=-1), "0 minutes"),
    ],
)
def test_how_long_something_takes(time: timedelta, told: str) -> None:
    assert span(time) == told


LIBC = """
import sys, time
for second in sys.stdin:
    told = time.localtime(int(second))
    print(time.strftime("%Y-%m-%d %H:%M:%S", told), told.tm_zone)
"""


@pytest.mark.parametrize(
    "rule",
    [
        "UTC0",
        "UTC+3",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "EST5EDT,M3.2.0,M11.1.0",
        "NZST-12NZDT,M9.5.0,M4.1.0/3",
        "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
        "IST-1GMT0,M10.5.0,M3.5.0/1",
        "XXX-4:30YYY,J60/2,J300/5:30:10",
    ],
)
def test_a_posix_zone_is_what_libc_takes_it_for(rule: str) -> None:
    half_hours = range(int(datetime(2028, 1, 1, tzinfo=UTC).timestamp()), 1861920000, 1800)
    told = subprocess.run(
        [sys.executable, "-c", LIBC],
        input="".join(f"{second}\n" for second in half_hours),
        env={**os.environ, "TZ": rule},  # noqa: TID251
        capture_output=True,
        text=True,
        check=True,
    )
    zone = zone_of({"TZ": rule})
    ours = [datetime.fromtimestamp(second, zone) for second in half_hours]

    assert [each.strftime("%Y-%m-%d %H:%M:%S %Z") for each in ours] == told.stdout.splitlines()
    assert [each.timestamp() for each in ours] == list(half_hours)


def test_a_posix_zone_that_does_not_say_when_it_is_summer_has_the_usual_days() -> None:
    zone = zone_of({"TZ": "CET-1CEST"})
    days = [datetime(2028, 3, day, 12, tzinfo=zone).tzname() for day in (11, 12)]
    assert days == ["CET", "CEST"]
