"""Whole processes: closed pipes, Ctrl-C, full disks, a server that is down."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Todo

TODO = [sys.executable, "-m", "neontodo"]


def environment(todo: Todo) -> dict[str, str]:
    return {**os.environ, **todo.environment, "TODO_AGENT": "off"}  # noqa: TID251


def popen(todo: Todo, *argv: str, **options: Any) -> subprocess.Popen[bytes]:
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [*TODO, *argv],
        env=environment(todo),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )
    return process


@pytest.fixture
def full(local: Todo) -> Todo:
    """Somebody with more tasks than a pipe holds."""
    local.ok("add", "-", stdin="".join(f"task {n} {'x' * 100}\n" for n in range(3000)))
    return local


@pytest.mark.parametrize("command", ["list", pytest.param("export", marks=pytest.mark.slow)])
def test_a_reader_that_goes_away_is_no_error(full: Todo, command: str) -> None:
    with popen(full, command) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

    assert (process.returncode, complaint) == (0, b"")


@pytest.mark.parametrize(
    "argv",
    [
        *(["list"], ["--help"]),
        *(
            pytest.param(argv, marks=pytest.mark.slow)
            for argv in (["--version"], ["log"], ["stats"])
        ),
    ],
)
def test_nobody_reading_at_all_is_no_error(local: Todo, argv: list[str]) -> None:
    local.ok("add", "Buy milk")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*TODO, *argv], env=environment(local), stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_ends_an_import_with_130_and_nothing_imported(local: Todo) -> None:
    local.ok("add", "before")
    with popen(local, "import", "-", "--format", "todotxt", stdin=subprocess.PIPE) as process:
        assert process.stdin
        # More than a pipe holds: once it is written, the import has begun to read.
        process.stdin.write(b"(A) half a file\n" * 20_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate()

    assert (process.returncode, complaint) == (130, b"")
    assert [task["title"] for task in local.tasks()] == ["before"]


@pytest.mark.slow
def test_messages_that_cannot_be_written_change_no_exit_code(local: Todo) -> None:
    local.ok("add", "x")
    codes = []
    for argv in (["done", "999"], ["add", "y"], ["import", "no.json"], ["list", "--no-such"]):
        with open("/dev/full", "wb") as full:
            call = [*TODO, *argv]
            codes.append(subprocess.run(call, env=environment(local), stderr=full).returncode)

    assert codes == [3, 0, 2, 2]
    assert [task["title"] for task in local.tasks()] == ["x", "y"]


def test_a_full_disk_is_a_clear_error_and_loses_nothing(full: Todo) -> None:
    size = (full.home / "tasks.db").stat().st_size
    before = full.tasks()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    with popen(full, "edit", "1-3000", "--project", "p", preexec_fn=limit) as process:
        assert process.stderr
        complaint = process.stderr.read().decode()

    assert process.returncode == 5, complaint
    assert complaint.startswith("error: the store ")
    assert "Traceback" not in complaint
    assert full.tasks() == before


def run_with_descriptors(todo: Todo, most: int, *argv: str) -> tuple[int, str, str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    with popen(todo, *argv, preexec_fn=limit) as process:
        out, err = process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(
    "most", [7, *(pytest.param(most, marks=pytest.mark.slow) for most in (6, 8))]
)
def test_too_few_descriptors_are_a_clear_error(local: Todo, most: int) -> None:
    local.ok("add", "x")
    code, out, err = run_with_descriptors(local, most, "list")

    assert (code != 0, out) == (True, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err


def test_ten_descriptors_are_enough(local: Todo) -> None:
    local.ok("add", "x")

    assert run_with_descriptors(local, 10, "add", "y", "-q") == (0, "2\n", "")
    assert run_with_descriptors(local, 10, "list", "-q") == (0, "1\n2\n", "")


def test_a_server_that_is_down_is_a_clear_error_without_the_password(local: Todo) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    url = f"postgresql://ann:hunter2@127.0.0.1:{port}/todo?connect_timeout=1"
    result = local("list", env={"TODO_DATABASE_URL": url})

    assert (result.code, result.out) == (5, "")
    assert "127.0.0.1" in result.err
    assert "hunter2" not in result.err
    assert "hint: " in result.err


def test_python_m_and_the_script_are_the_same(local: Todo) -> None:
    local.ok("add", "Buy milk")
    script = Path(sys.executable).with_name("todo")
    if not script.exists():
        pytest.skip("the script is not installed beside this Python")
    outputs = [
        subprocess.run(
            [*command, "list", "--limit", "3"],
            env=environment(local),
            capture_output=True,
            check=True,
        ).stdout
        for command in (TODO, [str(script)])
    ]

    assert outputs[0] == outputs[1] != b""
