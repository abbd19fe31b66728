"""Property tests of formats are not timed: a busy machine is no fault of a format."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")
