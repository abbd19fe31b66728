"""Reading as fast as somebody takes it, who may be slow."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from neontodo.db.database import Database
from neontodo.db.retry import TimeLimits
from neontodo.tasks.filters import TaskFilter
from neontodo.tasks.queries import tasks
from tests.contract.conftest import Store


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_server_waits_for_a_slow_reader_but_not_for_an_idle_writer(store: Store) -> None:
    impatient = Database(
        store.database.target, store.database.make_first_user, limits=TimeLimits(idle=0.1)
    )

    def limit(session: Session) -> str:
        # A session for a user gives out no connection of its own.
        connection = Session.connection(session)
        return str(
            connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one()
        )

    async def limits() -> list[str]:
        async with impatient.write(store.user) as writing:
            found = [await writing.run_sync(limit)]
        async with impatient.snapshot(store.user) as reading:
            found.append(await reading.run_sync(limit))
        await impatient.close()
        return found

    assert store.runner.run(limits()) == ["100ms", "0"]


def test_after_a_snapshot_the_same_connection_can_write(store: Store) -> None:
    async def read() -> None:
        async with store.database.snapshot(store.user) as session:
            await tasks.fetch_page(session, store.user, TaskFilter())

    store.runner.run(read())

    assert store.add("written")[0].number == 1
