"""Whether the program on disk is still the one that runs here."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import neontodo

Signature = tuple[tuple[str, int, int], ...]


class Program:
    """The files of this package, and the folders that other packages are installed in."""

    def __init__(self) -> None:
        self._paths = [*map(str, sorted(_own_files())), *_folders()]
        self._signature = self._current()
        self._looked = time.monotonic()

    def has_changed(self) -> bool:
        """Whether an upgrade, or an edit, has touched any of it; it looks once a second at most."""
        now = time.monotonic()
        if now < self._looked + 1.0:
            return False
        self._looked = now
        return self._current() != self._signature

    def _current(self) -> Signature:
        return tuple(_status(path) for path in self._paths)


def _own_files() -> list[Path]:
    return list(Path(neontodo.__file__).parent.rglob("*.py"))


def _folders() -> list[str]:
    """Where packages are: an upgrade of one renames its `dist-info` there."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]


def _status(path: str) -> tuple[str, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_ino
