"""A store of each engine with two users in it, for tests of queries and services."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.db.database import Database
from neontodo.db.retry import TimeLimits
from neontodo.db.schema import FirstKey, FirstUser
from neontodo.db.url import parse_url
from neontodo.models import Key, TaskCreate, TaskPublic, TaskUpdate, User
from neontodo.tasks import service
from neontodo.tasks.filters import TaskFilter
from neontodo.tasks.queries.tasks import fetch_page
from neontodo.tasks.references import parse_refs
from neontodo.tasks.service import Edit
from neontodo.tasks.unit_of_work import UnitOfWork, WriteContext
from tests.harness import FRIDAY_NOON

T = TypeVar("T")
ANN, BOB = "ann", "bob"


@dataclass
class Store:
    """A database, the one event loop it lives under, and who is using it at the moment."""

    database: Database
    runner: asyncio.Runner
    user: str = ANN
    key: str = "laptop"
    now: Any = FRIDAY_NOON

    def read(self, query: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        """Run `query(session, user_id, …)`."""

        async def work() -> T:
            async with self.database.read(self.user) as session:
                return await query(session, self.user, *args, **options)

        return self.runner.run(work())

    def write(self, action: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        """Run `action(unit, …)` as one command, a minute after the one before."""
        self.now += timedelta(minutes=1)
        return self.apply(WriteContext(self.user, self.key, self.now), action, *args, **options)

    def apply(
        self, command: WriteContext, action: Callable[..., Awaitable[T]], *args: Any, **options: Any
    ) -> T:
        async def work() -> T:
            async with self.database.write(command.user_id) as session:
                return await action(UnitOfWork(session, command), *args, **options)

        return self.runner.run(work())

    def unit(self, session: AsyncSession) -> UnitOfWork:
        """Return the unit of the user's next command, in a session of theirs."""
        return UnitOfWork(session, WriteContext(self.user, self.key, self.now))

    def in_session(self, body: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run a body in a writing session of the user's."""

        async def work() -> T:
            async with self.database.write(self.user) as session:
                return await body(session)

        return self.runner.run(work())

    def as_(self, user: str, key: str = "laptop") -> Store:
        """The same store as another person or machine uses it."""
        return Store(self.database, self.runner, user, key, self.now)

    def add(self, *titles: str, **fields: Any) -> tuple[TaskPublic, ...]:
        new = [TaskCreate(title=title, **fields) for title in titles]
        return self.write(service.add, new).changed

    def edit(self, ref: str, **fields: Any) -> None:
        self.write(service.edit, parse_refs([ref]), Edit(TaskUpdate(**fields)))

    def tasks(self, **wanted: Any) -> list[TaskPublic]:
        found = self.read(fetch_page, TaskFilter(**{"completed": None} | wanted))
        return list(found.tasks)

    def titles(self, **wanted: Any) -> list[str]:
        return [task.title for task in self.tasks(**wanted)]


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store with the users Ann and Bob, each with two machines."""
    target = parse_url(database_url)
    first_user = FirstUser(ANN, "Ann", FRIDAY_NOON, FirstKey("laptop", "-", "laptop"))
    # Nothing is tried again here, so a busy machine must not count as a client that is gone.
    database = Database(target, lambda: first_user, limits=TimeLimits(idle=60))
    with asyncio.Runner() as runner:
        runner.run(_fill(database))
        yield Store(database, runner)
        runner.run(database.close())


async def _fill(database: Database) -> None:
    if database.target.engine == "sqlite":
        async with database.read(ANN):
            pass
    async with database.connect() as connection:
        people = [{"id": ANN}, {"id": BOB}]
        if database.target.engine == "sqlite":
            people = [{"id": BOB}]
        stamps = {"created_at": FRIDAY_NOON, "updated_at": FRIDAY_NOON}
        counters = {"last_number": 0, "last_seq": 0}
        await connection.execute(sa.insert(User), [person | stamps | counters for person in people])
        keys = [(user, key) for user in (ANN, BOB) for key in ("laptop", "desktop")]
        if database.target.engine == "sqlite":
            keys.remove((ANN, "laptop"))
        await connection.execute(
            sa.insert(Key),
            [
                {
                    "user_id": user,
                    "id": key,
                    "public_key": "-",
                    "label": f"{user}'s {key}",
                    "created_at": FRIDAY_NOON,
                }
                for user, key in keys
            ],
        )
