"""A backup holds all that a user has, and a restore brings back exactly that."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.db import backup_file, embedded
from neontodo.db.backup_file import Backup
from neontodo.db.database import Database
from neontodo.db.schema import HEAD, FirstKey, FirstUser
from neontodo.db.url import SqliteTarget
from neontodo.errors import Conflict, Refused, SchemaMismatch
from neontodo.models import Change, Task, TaskCreate
from neontodo.tasks import backup, history, service
from neontodo.tasks.queries import users, views
from neontodo.tasks.references import parse_refs
from neontodo.tasks.results import SavedView
from neontodo.tasks.transfer import TransferResult
from tests.contract.conftest import ANN, BOB, Store
from tests.harness import FRIDAY_NOON


@pytest.fixture
def rich(store: Store) -> Store:
    """Ann, with tasks of every kind and a log of everything that can be done; Bob has none."""
    store.add("day", "time", due=date(2026, 12, 24), priority=3, tags=("a", "b"), project="p")
    store.add("Straße\t🎄", description="two\nlines", due=FRIDAY_NOON + timedelta(microseconds=1))
    store.add("extra", extra={"uuid": "é", "nested": [1, 1.5, None, {"deep": True}]})
    store.edit("1", title="renamed", due=None, tags=())
    store.as_(ANN, "desktop").write(service.complete, parse_refs(["2"]), True)
    store.now += timedelta(minutes=1)
    store.write(service.remove, parse_refs(["3", "4"]))
    store.write(history.undo)
    store.write(service.remove, parse_refs(["4"]))
    store.write(service.add, [TaskCreate(title=f"one of many {n}") for n in range(60)])
    return store


def rows(store: Store) -> dict[str, Any]:
    """All that a user has, but whose it is."""

    async def fetch(session: AsyncSession, user_id: str) -> dict[str, Any]:
        found: dict[str, Any] = {"counters": await users.fetch_counters(session, user_id)}
        for table, order in ((Task, Task.number), (Change, Change.seq)):
            names = [name for name in table.model_fields if name != "user_id"]
            statement = sa.select(*(getattr(table, name) for name in names))
            mine = statement.where(table.user_id == user_id).order_by(order)  # type: ignore[arg-type]
            found[table.__name__] = (await session.execute(mine)).all()
        return found

    return store.read(fetch)


def take(store: Store, path: Path) -> Backup:
    made, unreadable = store.runner.run(
        backup.take_backup(store.database, store.user, path, FRIDAY_NOON)
    )
    assert unreadable == 0
    return made


def restore(store: Store, path: Path, replaced_seq: int | None = None) -> TransferResult:
    async def work() -> TransferResult:
        async with (
            backup.open_backup(path, path.name) as (found, source),
            store.database.write(store.user) as session,
        ):
            unit = store.unit(session)
            return await backup.restore_backup(unit, found, source, replaced_seq)

    return store.runner.run(work())


@contextmanager
def embedded_store(folder: Path) -> Iterator[Store]:
    """An embedded store with an Ann who has nothing yet."""
    first = FirstUser(ANN, "Ann", FRIDAY_NOON, FirstKey("laptop", "-", "laptop"))
    database = Database(SqliteTarget(folder / "other.db"), lambda: first)
    with asyncio.Runner() as runner:
        yield Store(database, runner, now=FRIDAY_NOON + timedelta(days=1))
        runner.run(database.close())


def test_what_is_restored_is_what_was_backed_up(rich: Store, tmp_path: Path) -> None:
    path, before = tmp_path / "backup.db", rows(rich)
    taken = take(rich, path)
    bob = rich.as_(BOB)
    restore(bob, path)

    assert rows(bob) == before == rows(rich)
    assert (taken.tasks, taken.changes) == (len(before["Task"]), len(before["Change"])) == (63, 71)
    assert (taken.last_number, taken.last_seq) == before["counters"]
    assert taken == backup_file.check(path)


def test_a_backup_of_each_engine_can_be_restored_into_the_other(
    rich: Store, tmp_path: Path
) -> None:
    take(rich, tmp_path / "there.db")
    with embedded_store(tmp_path) as other:
        restore(other, tmp_path / "there.db")
        assert rows(other) == rows(rich)
        take(other, tmp_path / "back.db")
    bob = rich.as_(BOB)
    restore(bob, tmp_path / "back.db")

    assert rows(bob) == rows(rich)


def test_after_a_restore_undo_and_new_numbers_go_on(rich: Store, tmp_path: Path) -> None:
    take(rich, tmp_path / "backup.db")
    bob = rich.as_(BOB)
    restore(bob, tmp_path / "backup.db")
    bob.write(history.undo)
    assert len(bob.tasks()) == 3
    bob.write(history.undo)

    assert "extra" in bob.titles()
    assert bob.add("new")[0].number == 65


def test_a_user_who_has_a_log_is_not_restored_over(rich: Store, tmp_path: Path) -> None:
    take(rich, tmp_path / "backup.db")
    bob = rich.as_(BOB)
    bob.add("bob's")
    bob.write(service.remove, parse_refs(["1"]))
    before = rows(bob)
    with pytest.raises(Refused, match="there are tasks already"):
        restore(bob, tmp_path / "backup.db")

    assert rows(bob) == before


def test_only_what_was_backed_up_is_replaced(rich: Store, tmp_path: Path) -> None:
    take(rich, tmp_path / "backup.db")
    bob, before = rich.as_(BOB), rows(rich)
    bob.add("bob's", "another")
    with pytest.raises(Conflict, match="changed meanwhile, so nothing was replaced"):
        restore(bob, tmp_path / "backup.db", replaced_seq=1)
    assert bob.titles() == ["bob's", "another"]
    restore(bob, tmp_path / "backup.db", replaced_seq=2)

    assert rows(bob) == before == rows(rich)


def test_nobody_elses_rows_and_no_key_are_in_it(rich: Store, tmp_path: Path) -> None:
    bob = rich.as_(BOB)
    bob.add("bob's secret")
    take(bob, tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "backup.db")) as connection:
        found = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("users", "keys", "tasks", "changes")
        }

    assert found == {"users": 1, "keys": 0, "tasks": 1, "changes": 1}
    assert b"renamed" not in (tmp_path / "backup.db").read_bytes()


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(
    rich: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(rich)
    stream = users.stream_rows

    async def add_first(session: AsyncSession, user_id: str, model: Any) -> Any:
        """Another program adds a task between the tables."""
        if model is Change:
            other = Database(rich.database.target, rich.database.make_first_user)
            async with other.write(ANN) as writing:
                await service.add(rich.unit(writing), [TaskCreate(title="meanwhile")])
            await other.close()
        async for chunk in stream(session, user_id, model):
            yield chunk

    monkeypatch.setattr(users, "stream_rows", add_first)
    take(rich, tmp_path / "backup.db")
    monkeypatch.undo()
    bob = rich.as_(BOB)
    restore(bob, tmp_path / "backup.db")

    assert "meanwhile" in rich.titles()
    assert rows(bob) == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_row_that_cannot_be_read_is_counted(rich: Store, tmp_path: Path) -> None:
    async def spoil() -> None:
        async with rich.database.connect() as connection:
            await connection.execute(sa.text("UPDATE changes SET \"before\" = '[1]' WHERE seq = 5"))

    rich.runner.run(spoil())
    taken, unreadable = rich.runner.run(
        backup.take_backup(rich.database, ANN, tmp_path / "backup.db", FRIDAY_NOON)
    )

    assert (unreadable, taken.changes) == (1, 70)


@pytest.mark.parametrize(
    "odd",
    [
        "seq = 'abc'",
        "seq = -1",
        "repeat = '[1'",
        "series_id = 'q'",
        "claimed_by = 5, claimed_until = 'x'",
    ],
)
def test_what_plain_sql_put_where_no_field_is_stops_no_restore(
    store: Store, tmp_path: Path, odd: str
) -> None:
    with embedded_store(tmp_path) as other:
        other.add("odd", "sound")
        with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
            connection.execute(f"UPDATE tasks SET {odd} WHERE number = 1")
            connection.commit()
        take(other, tmp_path / "backup.db")
    restore(store, tmp_path / "backup.db")

    assert store.titles() == ["odd", "sound"]


def test_a_restore_leaves_a_view_of_the_same_name(rich: Store, tmp_path: Path) -> None:
    backed_up = [SavedView("home", "+home", None), SavedView("work", "+work", "due")]
    rich.in_session(partial(views.insert_views, user_id=ANN, views=backed_up))
    take(rich, tmp_path / "backup.db")
    bob, mine = rich.as_(BOB), SavedView("home", "+mine", None)
    bob.in_session(partial(views.insert_views, user_id=BOB, views=[mine]))
    restore(bob, tmp_path / "backup.db")

    assert bob.read(views.fetch_views) == {"home": mine, "work": backed_up[1]}


def edited(path: Path, edit: Callable[[Path], None], copy: Path) -> Path:
    """Return a copy of a backup that another version of the program might have made."""
    copy.write_bytes(path.read_bytes())
    edit(copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE backup SET sha256 = ?", ("f" * 64,))
        connection.commit()
    backup_file._write_seal(copy, "f" * 64)
    return copy


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_backup_of_an_older_schema_is_upgraded_first(rich: Store, tmp_path: Path) -> None:
    path = tmp_path / "backup.db"
    take(rich, path)

    def downgrade(copy: Path) -> None:
        user = FirstUser(ANN, None, FRIDAY_NOON)
        work = embedded.migrate_file(copy, lambda: user, "downgrade", "0001")
        rich.runner.run(work)
        (aside,) = tmp_path.glob("older.db.backup-*")
        aside.unlink()

    older = edited(path, downgrade, tmp_path / "older.db")
    content = older.read_bytes()
    assert backup_file.check(older).version == "0001" != HEAD
    bob = rich.as_(BOB)
    restore(bob, older)

    assert rows(bob) == rows(rich)
    assert older.read_bytes() == content


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_backup_of_a_newer_schema_is_refused(rich: Store, tmp_path: Path) -> None:
    def migrate(copy: Path) -> None:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("UPDATE todo_version SET version_num = '9999'")
            connection.commit()

    take(rich, tmp_path / "backup.db")
    newer = edited(tmp_path / "backup.db", migrate, tmp_path / "newer.db")
    with pytest.raises(SchemaMismatch, match=r"the backup newer\.db is of a newer version"):
        restore(rich.as_(BOB), newer)

    assert backup_file.check(newer).tasks == 63
