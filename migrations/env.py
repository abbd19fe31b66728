"""Alembic's entry: runs migrations on a connection, or prints their SQL for Postgres."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection

from neontodo.db import asyncpg_dialect, migrations
from neontodo.db.schema import find_schema


def run(connection: Connection) -> None:
    """Migrate on `connection`, whose transaction the caller owns."""
    options = migrations.configure_options(connection.dialect.name, find_schema(connection))
    context.configure(connection=connection, **options)
    context.run_migrations()


async def run_on_own_connection() -> None:
    """Migrate the store that `todo` itself would open: for `alembic` on the command line."""
    from neontodo.app import App

    app = App.from_process()
    async with app.database.engine.begin() as connection:
        await connection.run_sync(run)


def print_sql() -> None:
    """Print what `migrations.migrate` would run on a Postgres database, as one transaction."""
    given = context.config.attributes
    options = migrations.configure_options("postgresql", given.get("schema", "public"))
    context.configure(
        dialect_name=f"postgresql+{asyncpg_dialect.DRIVER}", literal_binds=True, **options
    )
    with context.begin_transaction():
        for statement in given.get("first", ()):
            context.execute(statement)
        context.run_migrations()
        context.execute(migrations.VALIDATE_CHECKS)


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    print_sql()
elif given is not None:
    run(given)
else:
    asyncio.run(run_on_own_connection())
