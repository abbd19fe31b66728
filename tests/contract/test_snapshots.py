"""Reading as fast as somebody takes it, who may be slow."""

from __future__ import annotations

import asyncio

from neontodo.db.database import Database
from neontodo.db.retry import TimeLimits
from neontodo.tasks.filters import TaskFilter
from neontodo.tasks.queries import tasks
from tests.contract.conftest import Store


def test_a_slow_reader_is_waited_for_longer_than_an_idle_writer(store: Store) -> None:
    store.add(*(f"t{n}" for n in range(1001)))
    impatient = Database(
        store.database.target, store.database.make_first_user, limits=TimeLimits(idle=0.1)
    )

    async def read() -> int:
        count = 0
        async with impatient.snapshot(store.user) as session:
            async for _ in tasks.stream_tasks(session, store.user, TaskFilter()):
                if count == 0:
                    await asyncio.sleep(0.3)
                count += 1
        await impatient.close()
        return count

    assert store.runner.run(read()) == 1001


def test_after_a_snapshot_the_same_connection_can_write(store: Store) -> None:
    async def read() -> None:
        async with store.database.snapshot(store.user) as session:
            await tasks.fetch_page(session, store.user, TaskFilter())

    store.runner.run(read())

    assert store.add("written")[0].number == 1
