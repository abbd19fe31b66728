"""Whatever a command prints, makes and answers, it does so with an agent and without."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.conftest import fill
from tests.agent.machine import Ended, Machine, machine

READS = [
    [],
    ["--color", "always", "list"],
    ["show", "2"],
    ["done", "1", "--dry-run"],
]
MORE_READS = [
    ["list", "--all", "--json"],
    ["search", "letter"],
    ["log"],
    ["stats"],
    ["list"],
    ["list", "-q"],
    ["search", "nothing at all"],
    ["show", "2", "--json"],
    ["tags"],
    ["projects", "--json"],
]
PIPED = [
    ["export", "-"],
    ["list", "--bogus"],
    ["bogus"],
    ["show", "99"],
    ["add", "x", "--due", "32 febtober"],
    ["list", "\udcff"],
]
SLOW_READS = [pytest.param(argv, marks=pytest.mark.slow) for argv in MORE_READS]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Somebody with tasks, and an agent that is ready."""
    with machine(tmp_path_factory.mktemp("same") / "home") as made:
        fill(made)
        made.warm()
        yield made


def both(
    person: Machine, *argv: str, by_agent: bool = True, width: int | None = None
) -> tuple[Ended, Ended]:
    """The same command with the agent, which must have run it, and without."""

    def run(agent: bool) -> Ended:
        if width is None:
            return person(*argv, agent=agent)
        return person.on_terminal(*argv, width=width, agent=agent)

    before = person.served()
    there = run(True)
    assert (person.served() > before) is by_agent
    return there, run(False)


@pytest.mark.parametrize("argv", [*READS, *PIPED, *SLOW_READS], ids=" ".join)
def test_in_a_pipe(used: Machine, argv: list[str]) -> None:
    there, here = both(used, *argv, by_agent="bogus" not in argv)

    assert there == here


def named(env: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in env.items())


@pytest.mark.parametrize(
    "width", [40, *(pytest.param(width, marks=pytest.mark.slow) for width in (80, 200))]
)
@pytest.mark.parametrize("argv", [*READS, *SLOW_READS], ids=" ".join)
def test_on_a_terminal(used: Machine, argv: list[str], width: int) -> None:
    there, here = both(used, *argv, width=width)

    assert there == here
    assert there.out


@pytest.mark.slow
@pytest.mark.parametrize(
    "env",
    [
        {"NO_COLOR": "1"},
        {"COLUMNS": "50", "LINES": "5"},
        {"TERM": "dumb"},
        {"TZ": "Pacific/Kiritimati"},
        {"TZ": "Nowhere/Land"},
        {"TODO_SORT": "-number"},
        {"TODO_COLOR": "mauve"},
        {"TODO_TOKEN": "no such token"},
        *(
            pytest.param(env, marks=pytest.mark.slow)
            for env in (
                {"TZ": "America/New_York"},
                {"TZ": ""},
                {"TODO_PAGE_SIZE": "2"},
                {"TODO_COLOR": "always"},
            )
        ),
    ],
    ids=named,
)
def test_in_another_environment(used: Machine, env: dict[str, str]) -> None:
    other = Machine(used.home, used.runtime, env)
    for width in (None, 60):
        there, here = both(other, "list", width=width)
        assert there == here


@pytest.mark.slow
@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "de_DE.ISO-8859-1"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii:replace"},
        {"PYTHONUNBUFFERED": "1"},
    ],
    ids=named,
)
def test_in_an_interpreter_that_is_started_differently(used: Machine, env: dict[str, str]) -> None:
    other = Machine(used.home, used.runtime, env)
    # It has an agent of its own.
    other.warm()
    for width in (None, 60):
        there, here = both(other, "list", width=width)
        assert there == here


@pytest.mark.parametrize(
    "env",
    [
        {"_TODO_COMPLETE": "complete_bash", "COMP_WORDS": "todo\ndone\n", "COMP_CWORD": "2"},
        {"_TODO_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "todo list --ta"},
        {"_TODO_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "todo add -t "}
        | {"_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    ],
    ids=lambda env: env["_TODO_COMPLETE"],
)
def test_a_completion(used: Machine, env: dict[str, str]) -> None:
    there, here = both(Machine(used.home, used.runtime, env))

    assert there == here
    assert there.out


def test_the_environment_of_one_command_is_not_that_of_the_next(used: Machine) -> None:
    before = used("list", "--all")
    for env in ({"TODO_SORT": "-number", "TODO_PAGE_SIZE": "1"}, {"TZ": "Asia/Tokyo"}):
        used("list", env=env)

    assert used("list", "--all") == before


def test_each_profile_has_its_own_tasks(used: Machine) -> None:
    (used.home / "profiles" / "work").mkdir(parents=True)
    used("--profile", "work", "add", "at work")
    there, here = both(used, "--profile", "work", "list")
    other = Machine(used.home, used.runtime, {"TODO_PROFILE": "work"})

    assert there == here == both(other, "list")[0]
    assert b"at work" in there.out
    assert b"at work" not in used("list").out


@pytest.mark.parametrize(
    "umask",
    [0o000, 0o027, *(pytest.param(umask, marks=pytest.mark.slow) for umask in (0o022, 0o077))],
)
def test_files_are_made_with_the_callers_umask_in_the_callers_folder(
    used: Machine, tmp_path: Path, umask: int
) -> None:
    def exported(name: str, agent: bool) -> tuple[Ended, int]:
        folder = tmp_path / name
        folder.mkdir()
        ended = used("export", "tasks.csv", agent=agent, cwd=folder, umask=umask)
        return ended, stat.S_IMODE((folder / "tasks.csv").stat().st_mode)

    there, here = exported("there", True), exported("here", False)

    assert there == here
    assert there[1] == 0o666 & ~umask


def test_a_folder_that_was_removed_is_no_obstacle(used: Machine, tmp_path: Path) -> None:
    def run(agent: bool) -> Ended:
        folder = tmp_path / "gone"
        folder.mkdir()
        shell = 'rmdir "$PWD" && exec "$@"'
        command = Machine(used.home, used.runtime, todo=["sh", "-c", shell, "sh", *used.todo])
        return command("list", agent=agent, cwd=folder)

    assert run(True) == run(False)


def test_the_agent_holds_no_folder_and_no_file_of_a_command(used: Machine, tmp_path: Path) -> None:
    with open(tmp_path / "out", "wb") as out:
        used("list", cwd=tmp_path, stdout=out)
    agents = used.agents()
    held = [
        os.readlink(link)
        for pid in agents
        for link in [Path(f"/proc/{pid}/cwd"), *Path(f"/proc/{pid}/fd").iterdir()]
    ]

    assert agents
    assert not [path for path in held if path.startswith(str(tmp_path))]


def test_output_and_messages_into_one_file_keep_their_order(used: Machine, tmp_path: Path) -> None:
    def run(agent: bool) -> bytes:
        with open(tmp_path / "all", "wb") as file:
            used("done", "1", "2", "--dry-run", agent=agent, stdout=file, stderr=file)
        return (tmp_path / "all").read_bytes()

    assert run(True) == run(False) != b""


def test_a_full_disk_is_the_same_error(used: Machine) -> None:
    def run(agent: bool) -> Ended:
        with open("/dev/full", "wb") as full:
            return used("list", agent=agent, stdout=full)

    assert run(True) == run(False)


@pytest.mark.slow
def test_messages_that_cannot_be_written_change_no_exit_code(used: Machine) -> None:
    def run(agent: bool) -> list[int]:
        with open("/dev/full", "wb") as full:
            calls = (["done", "999"], ["done", "1", "--dry-run"], ["list", "--due", "never"])
            return [used(*argv, agent=agent, stderr=full).code for argv in calls]

    assert run(True) == run(False) == [3, 0, 2]


@pytest.mark.slow
def test_each_store_has_its_own_agent(used: Machine, tmp_path: Path) -> None:
    with machine(tmp_path / "other") as other:
        other.runtime = used.runtime
        other("add", "elsewhere")
        other.warm()

        assert other.socket != used.socket
        assert other("list", "-q").out == b"1\n"
        assert used("list", "-q").out == b"1\n2\n4\n"
        other.stop()
