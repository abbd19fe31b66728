"""How an agent begins, what others see of it, and how it is asked and stopped."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from neontodo.launcher import client, protocol, socket_path
from tests.agent.conftest import fill
from tests.agent.machine import LIST, Machine, machine, until


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Somebody with tasks, and an agent that is ready, and is so after each test."""
    with machine(tmp_path_factory.mktemp("life") / "home") as made:
        fill(made)
        made.warm()
        yield made


def test_the_first_command_leaves_an_agent_behind(person: Machine) -> None:
    assert person("add", "x").code == 0
    # It is there as soon as the command has ended, so whoever sees none then has none.
    assert person.agents() != []
    until(lambda: person.status() is not None)

    def is_served() -> bool:
        # While it still imports the program, commands run without it.
        assert person("list", "-q").out == b"1\n"
        return person.served() > 0

    until(is_served)


@pytest.mark.parametrize(
    "env",
    [
        {"TODO_AGENT": "off"},
        {"TODO_AGENT": "", "CI": "true"},
        pytest.param({"TODO_AGENT": "0"}, marks=pytest.mark.slow),
        pytest.param({"TODO_AGENT": "", "CI": "1"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_nobody_who_wants_none_gets_an_agent(person: Machine, env: dict[str, str]) -> None:
    assert person("list", env=env).code == 0

    assert person.agents() == []
    assert not (person.runtime / "neontodo").exists()


def test_an_agent_that_is_asked_for_is_used_in_ci_as_well(used: Machine) -> None:
    before = used.served()
    assert used("list", env={"TODO_AGENT": "on", "CI": "true"}).code == 0

    assert used.served() == before + 1


def test_a_completion_leaves_an_agent_for_commands_behind(person: Machine) -> None:
    fill(person)
    env = {"_TODO_COMPLETE": "complete_bash", "COMP_WORDS": "todo\nli", "COMP_CWORD": "1"}
    assert person(env=env).out == b"list\n"
    until(lambda: person.status() is not None)

    assert person("list", "-q").out == b"1\n2\n4\n"


@pytest.mark.parametrize(
    "argv",
    [
        ["whoami"],
        *(
            pytest.param(argv, marks=pytest.mark.slow)
            for argv in (["--help"], ["--version"], ["list", "-h"], ["agent", "status"])
        ),
    ],
    ids=str,
)
def test_what_an_agent_cannot_do_leaves_none_behind(person: Machine, argv: list[str]) -> None:
    assert person(*argv).code == 0

    assert person.agents() == []


@pytest.mark.slow
def test_launchers_that_race_start_one_agent(person: Machine) -> None:
    fill(person)
    threads = [threading.Thread(target=person, args=("list",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: person.status() is not None)

    assert len(person.agents()) == 1


def test_it_shows_nothing_of_a_command_to_who_lists_processes(person: Machine) -> None:
    secret = "hunter2"
    other = Machine(person.home, person.runtime, {"TODO_TOKEN": secret, "TODO_SORT": "number"})
    other("add", "my title")
    until(lambda: other.status() is not None)
    other("list")
    agents = other.agents()

    assert agents
    for pid in agents:
        folder = Path(f"/proc/{pid}")
        shown = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        for word in (secret, "my title", "TODO_", "list"):
            assert word.encode() not in shown


def test_its_socket_and_folder_are_private(used: Machine) -> None:
    path = Path(used.socket)

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.slow
def test_it_belongs_to_no_terminal_and_waits_for_no_one(used: Machine) -> None:
    status = used.status()
    assert status is not None

    assert os.getsid(status["pid"]) == status["pid"]
    assert Path(f"/proc/{status['pid']}/cwd").readlink() == Path("/")


def test_a_folder_that_others_can_enter_is_not_used(person: Machine) -> None:
    folder = person.runtime / "neontodo"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert person("add", "x").code == 0
    until(lambda: not person.agents())

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("runtime", ["/", "/nowhere", "relative", ""])
def test_a_runtime_folder_that_is_not_the_users_own_is_not_used(runtime: str) -> None:
    env = {b"XDG_RUNTIME_DIR": os.fsencode(runtime)}

    assert socket_path.find_folder(env) == f"/tmp/neontodo-{os.geteuid()}"


def test_stop_ends_it_and_says_so(busy: Machine) -> None:
    stopped, again = busy("agent", "stop"), busy("agent", "stop")
    until(lambda: not busy.agents())

    assert (stopped.code, stopped.out, stopped.err) == (0, b"", b"the agent is stopped\n")
    assert (again.code, again.err) == (0, b"no agent is running for this store\n")
    assert list(Path(busy.socket).parent.iterdir()) == []


def test_stop_waits_for_an_agent_that_is_only_starting(person: Machine) -> None:
    assert person("list").code == 0
    stopped = person("agent", "stop")
    until(lambda: not person.agents())

    assert (stopped.code, stopped.err) == (0, b"the agent is stopped\n")
    assert list(Path(person.socket).parent.iterdir()) == []


@pytest.mark.slow
def test_stop_all_ends_the_agents_of_other_stores(busy: Machine, tmp_path: Path) -> None:
    # Agents that earlier tests have left may still be there.
    busy("agent", "stop", "--all")
    until(lambda: not busy.agents())
    busy.warm()
    other = Machine(tmp_path / "other", busy.runtime)
    assert other("list").code == 0
    stopped, again = busy("agent", "stop", "--all"), busy("agent", "stop", "--all")
    until(lambda: not busy.agents())

    assert (stopped.code, stopped.out, stopped.err) == (0, b"", b"2 agents are stopped\n")
    assert (again.code, again.err) == (0, b"no agent is running\n")


def test_who_has_been_promised_a_turn_is_told_that_it_ends(busy: Machine) -> None:
    connection = client.connect(busy.socket)
    connection.sendall(LIST)
    assert connection.recv(1) == protocol.READY
    assert busy("agent", "stop").code == 0

    assert connection.recv(10) == protocol.UNBEGUN
    connection.close()


@pytest.mark.slow
def test_stop_lets_a_command_end(busy: Machine) -> None:
    with busy.popen("import", "-", "--format", "todotxt") as process:
        until(lambda: bool((status := busy.status()) and status["busy"]))
        assert busy("agent", "stop").code == 0
        _, err = process.communicate(b"imported\n", 30)

    assert (process.returncode, err) == (0, b"imported 1 task\n")
    until(lambda: not busy.agents())


def test_status_shows_what_it_is_doing(used: Machine) -> None:
    shown = json.loads(used("agent", "status", "--json").out)
    lines = dict(line.split("\t") for line in used("agent", "status").out.decode().splitlines())
    table = used.on_terminal("agent", "status").out.decode()

    assert shown["running"] is True
    assert (shown["commands"] >= 1, shown["busy"]) == (True, 0)
    assert 20_000_000 < shown["memory"] < 100_000_000
    assert list(lines) == list(shown)[1:]
    assert lines["commands"] == str(shown["commands"])
    assert table.startswith(f"\x1b[2mprocess\x1b[0m     {shown['pid']}, todo ")


def test_status_without_an_agent(person: Machine) -> None:
    ended = person("agent", "status", "--json")

    assert ended.code == 0
    assert json.loads(ended.out)["running"] is False
    assert ended.err == b"no agent is running for this store\n"


AS_IT_IS = "import os, resource, sys; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
LIMITED = AS_IT_IS.replace(
    " os.", " resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)); os.", 1
)
NICE = AS_IT_IS.replace(" os.", " os.nice(5); os.", 1)


@pytest.mark.parametrize(
    "how", [LIMITED, pytest.param(NICE, marks=pytest.mark.slow)], ids=["limits", "nice"]
)
def test_limits_of_one_command_are_not_those_of_the_next(used: Machine, how: str) -> None:
    before = used.agents()
    limited = replace(used, todo=[sys.executable, "-c", how, "-m", "neontodo"])
    assert limited("list").code == 0
    until(lambda: len(used.agents()) > len(before))
    assert used("list").code == 0
    assert set(before) & set(used.agents())


@pytest.mark.slow
def test_an_agent_ignores_no_signal_that_its_starter_ignored(person: Machine) -> None:
    ignoring = ["-c", "trap '' TERM HUP INT; exec \"$@\"", "sh", *person.todo]
    deaf = replace(person, todo=["sh", *ignoring])
    deaf.warm()
    agent = person.status()
    assert agent is not None
    os.kill(agent["pid"], signal.SIGTERM)
    until(lambda: person.status() is None)


@pytest.mark.slow
def test_what_names_a_descriptor_of_ones_own_runs_here(busy: Machine, tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text('[{"title": "imported"}]')
    with (tmp_path / "more.json").open() as file:
        name = f"/dev/fd/{file.fileno()}"
        ended = busy("import", "--format", "json", name, pass_fds=[file.fileno()])
    assert (ended.code, ended.err) == (0, b"imported 1 task\n")
