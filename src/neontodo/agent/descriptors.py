"""The descriptors that a process has."""

from __future__ import annotations

import os
from contextlib import suppress


def close_others(*keep: int) -> None:
    """Close all but the standard streams and `keep`."""
    # Counting up to the most that there may be takes minutes where that is a thousand million.
    for name in os.listdir("/dev/fd"):
        descriptor = int(name)
        if descriptor > 2 and descriptor not in keep:
            with suppress(OSError):
                os.close(descriptor)
