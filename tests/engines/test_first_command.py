"""The first command: killed anywhere, under any umask, without hard links, and beside others."""

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from neontodo import filesystem
from tests.engines import without_links
from tests.engines.processes import add_until_killed, add_without_links, start
from tests.harness import Todo

PEOPLE, KILLS = 8, 10


@pytest.mark.skipif(not without_links.is_possible(), reason="platform: no seccomp")
@pytest.mark.parametrize(
    "number",
    [
        errno.EPERM,
        *(
            pytest.param(other, marks=pytest.mark.slow)
            for other in (errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EACCES)
        ),
    ],
)
def test_first_commands_at_once_without_hard_links_agree_on_one_store(
    local: Todo, number: int
) -> None:
    running = [start(add_without_links, local, f"p{n}", number) for n in range(PEOPLE)]
    problems = [problem for _, pipe in running for problem in pipe.recv()]

    # Whoever toggles before task 1 exists is told so; nobody meets a half-made file.
    assert {(problem.code, problem.err[:16]) for problem in problems} <= {(3, "error: no task 1")}
    assert {task["title"] for task in local.tasks()} == {f"p{n} 0" for n in range(PEOPLE)}
    assert sorted(path.name for path in local.home.iterdir() if "tasks.db-" not in path.name) == [
        "identity.json",
        "tasks.db",
        "token",
    ]


@pytest.mark.slow
def test_first_commands_that_are_killed_leave_nothing_that_stays(tmp_path: Path) -> None:
    process, pipe = start(add_until_killed, Todo(tmp_path / "unharmed"), 0)
    began = time.monotonic()
    pipe.recv()
    usual = time.monotonic() - began
    process.kill()
    acknowledged = leftovers = 0
    for n in itertools.count():
        # Until some of the kills came where they should.
        if n >= KILLS and acknowledged and leftovers:
            break
        local = Todo(tmp_path / f"home {n}")
        running = [start(add_until_killed, local, 1000 * who) for who in range(2)]
        # From before anything is there to after the first answer.
        time.sleep(usual * 2 * (n % KILLS) / KILLS)
        for process, _ in running:
            process.kill()
            process.join()
        leftovers += bool(list(local.home.glob(".new-*")))
        added = [title for _, pipe in running for title in answered(pipe)]
        acknowledged += len(added)

        tasks = local.tasks()
        assert set(added) <= {task["title"] for task in tasks}
        assert local.ok("add", "afterwards", "--quiet").out == f"{len(tasks) + 1}\n"
        assert list(local.home.glob(".new-*")) == []
        assert "had_store" not in json.loads((local.home / "identity.json").read_text())
        assert local.ok("doctor", "--json")


def answered(pipe: object) -> Iterator[str]:
    assert hasattr(pipe, "poll")
    assert hasattr(pipe, "recv")
    try:
        while pipe.poll():
            n, result = pipe.recv()
            assert result.code == 0, result
            yield f"task {n}"
    except EOFError:
        return


def test_the_folder_of_a_first_command_at_work_stays(local: Todo) -> None:
    filesystem.make_folder(local.home)
    killed = local.home / ".new-killed"
    killed.mkdir()
    (killed / "tasks.db-wal").touch()
    foreign = local.home / ".new-somebody's"
    foreign.mkdir()
    (foreign / "letter").touch()
    with filesystem.open_temporary_folder(local.home) as at_work:
        local.ok("add", "x")
        assert sorted(local.home.glob(".new-*")) == sorted([at_work, foreign])
        # It may yet be killed: a later command looks again.
        assert json.loads((local.home / "identity.json").read_text())["had_store"] is False
    foreign.joinpath("letter").unlink()
    local.ok("list")

    assert list(local.home.glob(".new-*")) == []
    assert "had_store" not in json.loads((local.home / "identity.json").read_text())


@pytest.mark.skipif(os.name == "nt", reason="platform: POSIX permissions")
@pytest.mark.parametrize(
    "umask",
    [
        *(0o022, 0o777),
        *(pytest.param(n, marks=pytest.mark.slow) for n in (0o000, 0o177, 0o277, 0o377)),
    ],
    ids=oct,
)
def test_any_umask_will_do(tmp_path: Path, umask: int) -> None:
    # Whatever is imported lies where only this user may read.
    use(Todo(tmp_path / "imported"))
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        local = Todo(Path(folder) / "share" / "home")
        before, was_root = os.umask(umask), os.geteuid() == 0
        try:
            if was_root:
                os.seteuid(65534)
            use(local)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in local.home.iterdir()}
            folders = {
                stat.S_IMODE(path.stat().st_mode) for path in (local.home, local.home.parent)
            }
        finally:
            if was_root:
                os.seteuid(0)
            os.umask(before)

    assert folders == {0o700}
    assert set(modes.values()) == {0o600}
    assert len([name for name in modes if "backup" in name]) == 2


def use(local: Todo) -> None:
    local.ok("add", "x")
    local.ok("list")
    local.ok("doctor")
    local.ok("db", "downgrade", "base", "--yes")
    local.ok("add", "y")
