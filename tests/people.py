"""A second person on the same store, as an owner's connection would add one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import sqlalchemy as sa

from neontodo.accounts import machine_keys
from neontodo.accounts.machine_keys import encode_public_key
from neontodo.db.database import Database
from neontodo.db.url import parse_url
from neontodo.models import Key, User
from tests.harness import Todo


def second_person(first: Todo, home: Path) -> Todo:
    """Somebody else, with a home and a key of their own, on the first person's store."""
    person = Todo(home, dict(first.env), first.now)
    mine = machine_keys.create_machine_key(home, name="bob", now=first.now)

    async def insert() -> None:
        database = Database(parse_url(first.env["TODO_DATABASE_URL"]), lambda: None)  # type: ignore[arg-type, return-value]
        stamps = {"created_at": first.now}
        async with database.connect() as connection:
            await connection.execute(
                sa.insert(User),
                {"id": mine.user_id, "name": "bob", "last_number": 0, "last_seq": 0}
                | stamps
                | {"updated_at": first.now},
            )
            await connection.execute(
                sa.insert(Key),
                {
                    "user_id": mine.user_id,
                    "id": mine.key_id,
                    "public_key": encode_public_key(mine.private_key.public_key()),
                    "label": "bob's laptop",
                }
                | stamps,
            )
        await database.close()

    asyncio.run(insert())
    return person
