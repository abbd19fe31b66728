"""What is counted about speed: modules that the launcher loads, and that an agent still has to."""

from __future__ import annotations

import subprocess
import sys

from tests.agent.machine import Machine
from tests.harness import Todo

OURS = {
    "neontodo", "neontodo.launcher", "neontodo.launcher.main", "neontodo.launcher.client",
    "neontodo.launcher.socket_path", "neontodo.launcher.protocol",
}  # fmt: skip
C_MODULES = {"_socket", "_blake2"}

TODO = "import sys; sys.argv[1:] = {argv}; from neontodo.launcher import main; main()"


def imported(person: Machine, *options: str) -> set[str]:
    """The modules that an interpreter loads, by its own account."""
    command = [sys.executable, "-X", "importtime", *options]
    env = person.environment | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=env, capture_output=True, check=True)
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_the_launcher_loads_next_to_nothing(person: Machine) -> None:
    person.env["PYTHONWARNINGS"] = "ignore"
    person.warm()
    before = person.served()
    bare = imported(person, "-c", "pass")
    loaded = imported(person, "-c", TODO.format(argv=["list", "--limit", "5"]))

    assert person.served() == before + 1
    assert loaded - bare == OURS | C_MODULES


def test_the_version_needs_the_launcher_alone(person: Machine) -> None:
    bare = imported(person, "-c", "pass")
    loaded = imported(person, "-c", TODO.format(argv=["--version"]))

    assert loaded - bare == {"neontodo", "neontodo.launcher", "neontodo.launcher.main"}


AGENT = """
import sys
from neontodo.agent.main import import_program
import_program()
from neontodo.cli.main import run_in_process
from neontodo.resources import Resources
resources = Resources(outlive_command=True)
run_in_process(["list"], resources)
before = set(sys.modules)
assert not before & {"alembic", "asyncpg", "pygments", "neontodo.accounts.sharing"}
for argv in (
    ["list", "--json"], ["--color", "always", "list"], ["add", "x", "--due", "fri 17:00"],
    ["search", "x"], ["log"], ["stats"], ["tags"], ["projects"], ["show", "1"], ["done", "1"],
    ["edit", "1", "--title", "y"], ["rm", "2", "--yes"], ["undo"], ["redo"], ["export", "-"],
    ["export", "-", "--format", "csv"], ["import", "-", "--format", "todotxt"], ["list", "-x"],
):
    assert run_in_process(argv, resources) == (2 if argv == ["list", "-x"] else 0), argv
    resources.clean_up()
print("new:", *sorted(set(sys.modules) - before))
"""


def test_an_agent_has_nothing_left_to_load(person: Machine) -> None:
    Todo(person.home).ok("add", "-", stdin="one\ntwo\n")
    done = subprocess.run(
        [sys.executable, "-c", AGENT], env=person.environment, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines()[-1] == "new:"
