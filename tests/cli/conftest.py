"""Databases for the tests of commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import TemplateDatabases


@pytest.fixture
def shared(templates: TemplateDatabases) -> Iterator[str]:
    """The URL of a database with our tables and nobody in it."""
    with templates.cloned() as url:
        yield url
