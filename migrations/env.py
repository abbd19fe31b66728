"""Alembic's entry: runs migrations on a connection of the program's, or on one of its own."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection

from neontodo.db.migrations import configure_options


def run(connection: Connection) -> None:
    """Migrate on `connection`, whose transaction the caller owns."""
    context.configure(connection=connection, **configure_options(connection))
    context.run_migrations()


async def run_on_own_connection() -> None:
    """For `alembic` on the command line: the store that `todo` itself would open."""
    from neontodo.app import App

    app = App.from_process()
    async with app.database.engine.begin() as connection:
        await connection.run_sync(run)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_on_own_connection())
