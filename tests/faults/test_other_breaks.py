"""Reads and dry runs are repeated like writes, and a row that others hold is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import asyncpg
import pytest

from tests.faults.network import Break
from tests.faults.scene import SOON, STEADY, Scene
from tests.faults.writes import WRITES, Write

READS = [("list",), ("stats",)]


@pytest.mark.parametrize("argv", READS)
def test_a_read_is_repeated_until_it_is_answered(scene: Scene, argv: tuple[str, ...]) -> None:
    scene.server.ok("add", "a task")
    clean = scene.run(Write(argv, []), None)
    assert clean.code == 0, clean
    for after in range(1, len(scene.network.trace), 3):
        result = scene.run(Write(argv, []), Break(after))
        assert result == clean


def test_a_read_on_a_dead_network_says_so_and_prints_nothing(scene: Scene) -> None:
    scene.server.ok("add", "a task")
    result = scene.run(Write(("list",), []), Break(30, dead=True))

    assert (result.code, result.out) == (5, "")
    assert result.err.startswith("error: cannot reach postgresql://postgres@127.0.0.1:")


def test_a_read_of_a_locked_table_says_so_and_not_that_nobody_is_there(scene: Scene) -> None:
    scene.server.ok("add", "a task")
    with scene.witness.locking("tasks"):
        result = replace(scene.server, limits=SOON)("list")

    assert (result.code, result.out) == (5, "")
    assert "did not answer a statement in time\nhint: `todo doctor` tells whether" in result.err
    assert scene.server.ok("list").out


def test_a_token_is_verified_by_a_read_that_is_repeated(scene: Scene) -> None:
    token = scene.server.ok("token", "create", "--name", "ci").out.strip()
    scene.person.env["TODO_TOKEN"] = token
    for after in range(22, 40, 3):
        result = scene.run(Write(("list", "--json"), []), Break(after))
        assert (result.code, result.out) == (0, "[]\n")


@pytest.mark.parametrize("dead", [False, True])
def test_a_dry_run_is_never_saved(scene: Scene, dead: bool) -> None:
    write = Write(("add", "a task", "--dry-run"), [])
    scene.run(write, None)
    trace = scene.network.trace
    # Up to the ROLLBACK: once that is answered, nobody needs the server any more.
    rollback = len(trace) - trace[::-1].index("c:Q")
    for after in range(trace.index("s:Z"), rollback, 5):
        result = scene.run(write, Break(after, dead=dead))
        scene.network.plan(None)
        assert result.code == (5 if dead else 0)
        assert "not known" not in result.err
        assert scene.witness.state().last_seq == 0


def test_a_client_that_vanished_within_a_statement_does_not_block_its_own_retry(
    scene: Scene,
) -> None:
    write = WRITES["add"](scene.server)
    scene.run(write, None)
    described = len(scene.network.trace) - scene.network.trace[::-1].index("c:H")
    result = scene.run(write, Break(described, "stall"))

    assert (result.code, result.err) == (0, "added 2 tasks: 3, 4\n")
    scene.network.plan(None)
    assert scene.witness.state().commands == [["create"] * 2] * 2


@contextmanager
def row_held(scene: Scene, seconds: float) -> Iterator[None]:
    """For so long, another session has a transaction that has locked the user's row."""

    async def hold() -> None:
        connection = await asyncpg.connect(scene.server.env["TODO_DATABASE_URL"])
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM users FOR UPDATE")
            held.set()
            await asyncio.sleep(seconds)
        await connection.close()

    held = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    held.wait()
    yield
    thread.join()


def test_a_store_that_stays_busy_is_given_up(scene: Scene) -> None:
    scene.server.limits = replace(SOON, lock=0.05)
    with row_held(scene, 1.0):
        result = scene.server("add", "a task")

    assert (result.code, result.out) == (5, "")
    assert "is busy: another session holds a lock on your tasks\n" in result.err


def test_a_store_that_is_busy_for_longer_than_one_wait_is_waited_for(scene: Scene) -> None:
    scene.server.limits = replace(STEADY, lock=0.05)
    with row_held(scene, 0.3):
        assert scene.server("add", "a task").err == "added 1: a task\n"
