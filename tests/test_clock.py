from __future__ import annotations

from datetime import timedelta

import pytest

from neontodo.clock import format_duration


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
    assert format_duration(time) == told
