"""What the tests need besides Python."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.no_skips import is_ci


def require_tool(name: str, *, package: str | None = None) -> str:
    """Return the path of a program; without it the test is skipped, but under CI it fails."""
    found = shutil.which(name)
    if found is not None:
        return found
    problem = f"`{name}` is not installed (Debian: `apt-get install {package or name}`)"
    if is_ci(os.getenv("CI")):
        pytest.fail(problem, pytrace=False)
    pytest.skip(problem)
