"""Everything that a command may import, imported once for all workers."""

from __future__ import annotations

import contextlib
import gc
import importlib
import pkgutil

import neontodo

# Alembic is large, and only a store that is made or migrated needs it.
LEFT_OUT = frozenset(
    {"neontodo.db.migrations", "neontodo.db.versions", "neontodo.__main__"}
    | {"neontodo.launcher.main", "neontodo.agent.__main__"}
)
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


def preload() -> None:
    """Import it all, and build what every command would otherwise build anew."""
    own = (module.name for module in pkgutil.walk_packages(neontodo.__path__, "neontodo."))
    for name in (*own, *DRIVERS):
        if name not in LEFT_OUT:
            # What this platform does without, its commands do not ask for either.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    _build()
    gc.collect()
    # What is here now stays: collecting it again would copy its pages into every worker.
    gc.freeze()


def _build() -> None:
    from sqlalchemy.orm import configure_mappers

    from neontodo.cli.main import command_line
    from neontodo.db import asyncpg_dialect

    command_line()
    configure_mappers()
    asyncpg_dialect.register()
