"""Whether a Postgres database holds rows from before its checks, which only plain SQL can write."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from neontodo.db.database import Database
from neontodo.doctor.finding import Note
from neontodo.errors import Refused


async def look(database: Database) -> str:
    """Say that all rows are as todo writes them, as far as this login role can see them.

    Raises:
        Refused: there are others, besides in the log.
    """
    async with database.connect() as connection:
        broken = await _broken(connection)
    if broken is None:
        return "all are as todo writes them"
    if not any(broken.values()):
        return Note("all are as todo writes them by now; `todo db upgrade` makes sure of it")
    counted = ", ".join(f"{table}: {number}" for table, number in broken.items() if number)
    sentence = f"plain SQL has written rows that are not as todo writes them ({counted})"
    if not any(number for table, number in broken.items() if table != "changes"):
        return Note(f"{sentence}; the log tells what it can of them")
    raise Refused(
        sentence,
        hint="`todo list --all` names tasks that cannot be read, and `todo rm` removes them; "
        "then run `todo db upgrade`",
    )


async def _broken(connection: AsyncConnection) -> dict[str, int] | None:
    """How many rows of each table break a check that was not made of them; None if all were."""
    rules = defaultdict(list)
    for table, _, rule in await connection.run_sync(_find_unvalidated_checks):
        rules[table].append(f"({rule}) IS NOT FALSE")
    if not rules:
        return None
    found = {}
    for table, conditions in rules.items():
        count = f"SELECT count(*) FROM {table} WHERE NOT ({' AND '.join(conditions)})"
        found[table] = int((await connection.exec_driver_sql(count)).scalar_one())
    return found


def _find_unvalidated_checks(connection: sa.Connection) -> list[tuple[str, str, str]]:
    """Return the checks of Postgres that were not made of all rows: table, name and condition."""
    statement = sa.text(
        "SELECT CAST(relname AS text), CAST(conname AS text), pg_get_expr(conbin, conrelid)"
        " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
        " WHERE NOT convalidated AND contype = 'c'"
        " AND relnamespace = CAST(current_schema() AS regnamespace) AND relname = ANY (:tables)"
        " ORDER BY 1, 2"
    )
    found = connection.execute(statement, {"tables": list(SQLModel.metadata.tables)})
    return [(row[0], row[1], row[2]) for row in found]
