"""Whether a column has one of many values, in a way that Postgres looks up one by one."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col


def has_any_of(
    session: AsyncSession, field: Any, values: Collection[Any]
) -> sa.ColumnElement[bool]:
    """A condition for `WHERE`.

    There are no statistics of the columns that tell tasks apart. From a list of a hundred ids the
    planner would conclude that it stands for half of the user's rows, and read them all; of an
    array that it does not know beforehand it thinks less.
    """
    column: sa.ColumnElement[Any] = col(field)  # type: ignore[assignment]
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(values)
    array = sa.cast(sa.select(_texts(values)).scalar_subquery(), sa.ARRAY(column.type))
    return column == sa.any_(array)


def bind_uuids(ids: Collection[uuid.UUID]) -> sa.ColumnElement[Any]:
    """Return ids as one argument of a function on Postgres."""
    return sa.cast(_texts(ids), sa.ARRAY(sa.Uuid))


def _texts(values: Collection[Any]) -> sa.ColumnElement[Any]:
    # The driver knows arrays of text, but would have to ask the server about any other.
    return sa.literal([str(value) for value in values], sa.ARRAY(sa.Text))
