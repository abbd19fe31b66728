from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder to read and not to write; root, whom no mode stops, is somebody else meanwhile."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield folder
    if was_root:
        os.seteuid(0)
    folder.chmod(0o700)
