"""Whether a shared database keeps its members apart. Only reads."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from neontodo.accounts.sharing import grants
from neontodo.db.database import Database
from neontodo.doctor.finding import Note
from neontodo.errors import Refused

_STATE = sa.text(
    """
    SELECT
        row_security_active('users'),
        (SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
         WHERE NOT relrowsecurity AND oid = ANY (CAST(CAST(:tables AS text[]) AS regclass[]))),
        (SELECT rolname::text FROM pg_roles WHERE rolname = :prefix ||
            (SELECT oid::text FROM pg_database WHERE datname = current_database())),
        todo_current_user()
    """
)


async def look(database: Database) -> str:
    """Whom row level security holds back.

    Raises:
        Refused: a member could reach further than their own rows.
    """
    async with database.connect() as connection:
        asked = {"tables": list(grants.TABLES), "prefix": grants.GROUP_PREFIX}
        restricted, open_tables, group, user = (await connection.execute(_STATE, asked)).one()
        if open_tables:
            raise Refused(
                f"row level security is switched off for {', '.join(open_tables)}",
                hint="the owner switches it on: `ALTER TABLE … ENABLE ROW LEVEL SECURITY`",
            )
        await _require_safe(connection, group)
        excess = []
        if group and not restricted:
            excess = await grants.list_excess_rights(connection, group)
    if restricted and user is None:
        return "you are shown nobody's rows: you have not joined, or were removed"
    if restricted:
        return f"you are shown the rows of user {user} only"
    members = "members" if group else "members, of whom there are none"
    text = f"row level security holds for {members}; not for you, who own the tables"
    return Note(f"{text}; members can also {', '.join(excess)}") if excess else text


async def _require_safe(connection: AsyncConnection, group: str | None) -> None:
    exposed = await grants.list_exposures(connection, group) if group else []
    if exposed:
        raise Refused(
            f"the members are not kept apart: {'; '.join(exposed)}",
            hint="the owner puts it right with the next `todo member add`",
        )
