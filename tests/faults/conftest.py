"""Stores with a network before them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import TemplateDatabases
from tests.faults.scene import Scene


@pytest.fixture
def scene(templates: TemplateDatabases, tmp_path: Path) -> Iterator[Scene]:
    """A person, a network that can be told to break, and an empty store behind it."""
    with templates.cloned() as url:
        scene = Scene(url, tmp_path)
        yield scene
        scene.close()
