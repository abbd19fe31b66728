"""When an agent ends by itself, and that the next one takes its place."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neontodo.launcher import spawn
from tests.agent.machine import LIST, ROOT, Machine, until


@pytest.fixture
def installed(person: Machine, tmp_path: Path) -> Machine:
    """Somebody whose program is a copy that can be upgraded."""
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    person.env["PYTHONPATH"] = str(tmp_path / "src")
    return person


@pytest.mark.slow
def test_it_ends_when_its_socket_is_gone(busy: Machine) -> None:
    Path(busy.socket).unlink()
    until(lambda: not busy.agents())


@pytest.mark.slow
def test_it_ends_with_its_program(installed: Machine, tmp_path: Path) -> None:
    installed.warm()
    shutil.rmtree(tmp_path / "src")
    until(lambda: not installed.agents())


IMPATIENT = """
from neontodo.agent import main, server
server.IDLE_EXIT = server.UNUSED_EXIT = 1.0
server.ROUND = 0.2
main.main()
"""


@pytest.mark.slow
def test_it_ends_when_nobody_has_used_it_for_a_while(person: Machine) -> None:
    lock = spawn.lock_path(person.socket)
    assert lock is not None
    agent = subprocess.Popen(
        [sys.executable, "-c", IMPATIENT],
        env=person.environment,
        stdin=subprocess.PIPE,
        pass_fds=[lock],
    )
    os.close(lock)
    assert agent.stdin
    agent.stdin.write(b"%b\0%d\0%b" % (os.fsencode(person.socket), lock, LIST))
    agent.stdin.close()
    until(lambda: person.status() is not None)

    assert agent.wait(60) == 0
    assert list((person.runtime / "neontodo").iterdir()) == []


KILLED = """
import os, sys
from pathlib import Path
from tests.agent.machine import machine
with machine(Path(sys.argv[1])) as made:
    made.warm()
    print(made.runtime, flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_it_does_not_outlive_a_test_run_that_is_killed(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    left = Machine(tmp_path, Path(os.fsdecode(killed.stdout.strip())))

    assert killed.returncode == -signal.SIGKILL
    until(lambda: not left.agents() and not left.runtime.exists())


@pytest.mark.slow
def test_its_place_is_taken_over_after_a_crash(busy: Machine) -> None:
    for pid in busy.agents():
        os.kill(pid, signal.SIGKILL)

    assert busy("list", "-q").out == b"1\n2\n4\n"
    busy.warm()
    assert len(busy.agents()) == 1


@pytest.mark.slow
def test_a_stopped_one_is_given_up_and_ends_when_it_wakes(busy: Machine) -> None:
    (old,) = busy.agents()
    os.kill(old, signal.SIGSTOP)
    first = busy("list", "-q")
    busy.warm()
    os.kill(old, signal.SIGCONT)

    assert first.out == b"1\n2\n4\n"
    until(lambda: old not in busy.agents())
    assert len(busy.agents()) == 1


@pytest.mark.slow
def test_it_makes_way_for_another_version(installed: Machine, tmp_path: Path) -> None:
    assert installed("add", "x").code == 0
    installed.warm()
    old = installed.agents()
    file = tmp_path / "src/neontodo/render/messages.py"
    file.write_text(file.read_text().replace('"error": "1;31"', '"error": "1;35"'))
    time.sleep(1.1)
    changed = installed.on_terminal("show", "99")
    until(lambda: not set(old) & set(installed.agents()))
    installed.warm()

    assert changed.out.startswith(b"\x1b[1;35merror:")
    assert installed.on_terminal("show", "99") == changed


@pytest.mark.slow
def test_bytecode_that_is_written_is_no_other_version(installed: Machine, tmp_path: Path) -> None:
    installed.warm()
    before = installed.served()
    (tmp_path / "src/neontodo/__pycache__").mkdir(exist_ok=True)
    (tmp_path / "src/neontodo/__pycache__/more.pyc").touch()
    time.sleep(1.1)
    installed("list")

    assert installed.served() == before + 1
