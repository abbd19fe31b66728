"""The program that an agent runs: imported before the first command, and watched on the disk."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import sys
import time
from pathlib import Path

import neontodo

# What opens a store of one kind or the other is imported with the first command that needs it.
PACKAGES = ("cli", "formats", "render", "tasks")
# What others import only when they are used.
DRIVERS = (
    "aiosqlite",
    "concurrent.futures.thread",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "encodings.idna",
    "encodings.utf_8_sig",
    "jwt",
    "rich.progress",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "tzlocal",
)

Signature = tuple[tuple[str, int, int], ...]


def import_program() -> None:
    """Import all that a command may need, and build what every command would build anew."""
    folder = os.path.dirname(neontodo.__file__)
    for name in PACKAGES:
        for module in pkgutil.walk_packages([f"{folder}/{name}"], f"neontodo.{name}."):
            importlib.import_module(module.name)
    for name in DRIVERS:
        importlib.import_module(name)
    from sqlalchemy.orm import configure_mappers

    from neontodo.cli.typer_app import command_line

    command_line()
    configure_mappers()
    # What is here stays: collecting it again would take 50 ms each time.
    gc.collect()
    gc.freeze()


class Program:
    """The files of this package, and the folders that other packages are installed in."""

    def __init__(self) -> None:
        own = sorted(map(str, Path(neontodo.__file__).parent.rglob("*.py")))
        # An upgrade of another package renames its `dist-info` in these folders.
        folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        self._paths = own + folders
        self._signature = self._read_signature()
        self._looked = time.monotonic()

    def has_changed(self) -> bool:
        """Return whether an upgrade or an edit has touched it; look once a second at most."""
        now = time.monotonic()
        if now < self._looked + 1.0:
            return False
        self._looked = now
        return self._read_signature() != self._signature

    def _read_signature(self) -> Signature:
        return tuple(_status(path) for path in self._paths)


def _status(path: str) -> tuple[str, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_ino
