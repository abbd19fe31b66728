"""A database that several people share, its owner no superuser, as on Neon."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from neontodo.app import App
from neontodo.db.url import PostgresTarget, parse_url
from neontodo.streams import Streams
from tests.databases import Postgres, TemplateDatabases
from tests.harness import Screen, Todo

OWNER, PASSWORD = "neondb_owner", "owner-password"
NOTICE = "notice: the keyring is missing, so secrets are stored in "


@dataclass
class Shared:
    """One database, its owner's machine, and the folder in which others have their homes."""

    server: Postgres
    database: str
    homes: Path
    owner: Todo = field(init=False)

    def __post_init__(self) -> None:
        url = self.server.url(self.database, OWNER, PASSWORD)
        self.owner = Todo(self.homes / "owner", {"TODO_DATABASE_URL": url})

    def machine(self, name: str) -> Todo:
        """A machine that is connected to nothing yet."""
        return Todo(self.homes / name)

    def invite(self, *options: str) -> str:
        """An invitation, as the owner gets to see it."""
        return self.owner.ok("member", "add", *options).out

    def member(self, name: str, *options: str) -> Todo:
        """Somebody who was invited and has joined on a machine of their own."""
        return self.joined(name, self.invite(f"{name}@example.com", *options))

    def joined(self, name: str, line: str) -> Todo:
        """A new machine that took an invitation."""
        person = self.machine(name)
        person.ok("join", stdin=line)
        return person

    def ids(self) -> dict[str, str]:
        """The members' user ids by the part of their e-mail address before the @."""
        found = self.owner.ok("member", "list", "--json").json
        return {each["email"].partition("@")[0]: each["user_id"] for each in found}


def connection_url(person: Todo) -> str:
    """The URL that a machine has stored, password and all."""
    connection = app_of(person).profile.connected_database
    assert connection is not None
    return connection.url


def target_of(person: Todo) -> PostgresTarget:
    """The database, and the login role, that a machine has stored."""
    target = parse_url(connection_url(person))
    assert isinstance(target, PostgresTarget)
    return target


def app_of(person: Todo) -> App:
    """What the person's next command would have."""
    out, err = Screen(), Screen()
    streams = Streams(Screen(), out, err, False, False, False, 80, False)
    app = App(streams, person.environment, person.home, lambda: person.now)
    app.load_settings()
    return app


async def login(url: str, **options: Any) -> asyncpg.Connection:
    """Plain SQL, with nothing of the program in between."""
    target = parse_url(url)
    assert isinstance(target, PostgresTarget)
    return await asyncpg.connect(
        host=target.host,
        port=options.pop("port", target.port),
        user=target.user,
        password=target.password,
        database=target.database,
        ssl=False,
        **options,
    )


class OwnedDatabases(TemplateDatabases):
    """Copies of a migrated database that belongs to the owner, tables and all."""

    def clone(self, prefix: str = "shared") -> str:
        name = super().clone(prefix)
        self.server.execute(f'ALTER DATABASE "{name}" OWNER TO {OWNER}')
        return name
