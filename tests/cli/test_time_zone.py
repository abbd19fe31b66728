"""`TZ`: where the user is."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import TZPATH

import pytest

from tests.harness import Todo


@pytest.mark.parametrize(
    "name",
    [
        *("Foo/Bar", "../../etc/passwd", "/etc/passwd", "\x01", "ABC", "UTC0\n"),
        *("CET-1CEST", "EST5EDT,M3.2.0,M11.1.0", "<+09>-9"),
    ],
)
def test_an_unknown_time_zone_is_said(local: Todo, name: str) -> None:
    result = local("add", "x", "--due", "today", env={"TZ": name})

    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: the time zone in TZ is not known\n"
        "hint: name a zone, such as TZ=Europe/Berlin; POSIX rules are not supported\n"
    )


TOKYO = next(str(path) for root in TZPATH if (path := Path(root, "Asia/Tokyo")).exists())


@pytest.mark.parametrize("name", ["Asia/Tokyo", ":Asia/Tokyo", TOKYO])
def test_a_day_begins_where_the_user_is(local: Todo, name: str) -> None:
    # Noon in UTC is 21:00 in Tokyo, and four hours later it is tomorrow there.
    local.later(hours=4)
    due = local.ok("add", "x", "--due", "today 09:00", "--json", env={"TZ": name}).json[0]["due"]

    assert due == "2026-11-21T00:00:00Z"


def test_utc_as_portable_scripts_spell_it_is_known(local: Todo) -> None:
    due = local.ok("add", "x", "--due", "today 09:00", "--json", env={"TZ": "UTC0"}).json[0]["due"]

    assert due == "2026-11-20T09:00:00Z"
