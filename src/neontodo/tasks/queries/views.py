"""Statements on a user's views."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, delete, select, update

from neontodo.db import bulk
from neontodo.models import User, View
from neontodo.tasks.queries.filter_sql import bind_texts
from neontodo.tasks.queries.users import UNSYNCHRONIZED
from neontodo.tasks.results import SavedView


async def fetch_views(session: AsyncSession, user_id: str) -> dict[str, SavedView]:
    """Return all views by name, in the order of names."""
    statement = select(View.name, View.filter, View.sort).where(col(View.user_id) == user_id)
    rows = (await session.execute(statement.order_by(col(View.name)))).all()
    # Plain SQL can put anything into an embedded store.
    is_text = (all(isinstance(value, str | None) for value in row) for row in rows)
    return {row[0]: SavedView(*row) for row, good in zip(rows, is_text, strict=True) if good}


async def insert_views(session: AsyncSession, user_id: str, views: Collection[SavedView]) -> None:
    """Add views whose names are not there."""
    await bulk.insert_rows(session, View, [{"user_id": user_id, **asdict(view)} for view in views])


async def update_view(session: AsyncSession, user_id: str, view: SavedView) -> None:
    """Set filter and order of the view of that name."""
    await session.execute(
        update(View)
        .where(col(View.user_id) == user_id, col(View.name) == view.name)
        .values(filter=view.filter, sort=view.sort)
        .execution_options(**UNSYNCHRONIZED)
    )


async def delete_views(session: AsyncSession, user_id: str, names: Collection[str]) -> None:
    """Remove views; those that are not there are no error."""
    if session.get_bind().dialect.name == "postgresql":
        # The members of a shared database have no right to DELETE (migration 0003).
        removal = func.todo_remove_views(col(User.id), bind_texts(names))
        await session.execute(select(removal).where(col(User.id) == user_id))
        return
    await session.execute(
        delete(View)
        .where(col(View.user_id) == user_id, col(View.name).in_(names))
        .execution_options(**UNSYNCHRONIZED)
    )
