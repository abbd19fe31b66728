"""How much memory an agent takes after many commands.

`python -m tests.benchmarks.bench_agent_memory` prints a Markdown table. A person with 1,000 tasks
in an embedded store gives all sorts of commands over the socket, and the agent is asked for its
memory on the way, pages shared with other processes by their share.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import neontodo
from neontodo.launcher import client, protocol
from tests.agent.machine import Machine, machine
from tests.benchmarks.data import write

MARKS = (100, 1000, 5000, 10_000)
TASKS = 1000
MIB = 1 << 20


def commands() -> Iterator[list[str]]:
    """What a person does, over and over, with words of its own each time."""
    for n in itertools.count(1):
        yield from (
            ["list"],
            ["add", f"task {n} of many", "--due", "fri 17:00", "-t", f"tag{n % 7}"],
            ["list", "--json", "--limit", "20"],
            ["search", f"task {n}"],
            ["done", "@last"],
            ["show", "@last"],
            ["edit", "@last", "--title", f"task {n} again", "-P", f"project{n % 11}"],
            ["undo"],
            ["log", "--limit", "20"],
            ["rm", "@last", "--yes"],
            ["stats"],
            ["list", "--no-such-option"],
        )


def run(path: str, argv: list[str], env: dict[bytes, bytes], streams: tuple[int, ...]) -> None:
    words = [os.fsencode(word) for word in argv]
    command = protocol.Invocation(words, env, 0o077, ["utf-8:strict:False:False"] * 3)
    assert client.run_in_agent(path, command, streams=streams) in (0, 2), argv


def measure(person: Machine, marks: list[int]) -> Iterator[dict[str, int]]:
    """What the agent says of itself after so many commands."""
    env = {os.fsencode(k): os.fsencode(v) for k, v in person.environment.items()}
    null = os.open(os.devnull, os.O_RDWR)
    for n, argv in enumerate(commands(), 1):
        run(person.socket, argv, env, (null, null, null))
        if n in marks:
            yield {"n": n, **json.loads(client.ask_agent(person.socket, protocol.STATUS))}
        if n == max(marks):
            return


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("marks", type=int, nargs="*", default=MARKS, help="numbers of commands")
    marks = parser.parse_args().marks
    with tempfile.TemporaryDirectory() as folder, machine(Path(folder) / "home") as person:
        # This process and the agent must be the same program.
        person.env["PYTHONPATH"] = str(Path(neontodo.__file__).parents[1])
        file = Path(folder) / "tasks.json"
        write(file, "json", TASKS)
        assert person("import", str(file), agent=False).code == 0
        person.warm()
        print("| commands | MiB |\n|---:|---:|")  # noqa: T201
        for found in measure(person, list(marks)):
            row = f"| {found['n']} | {found['memory'] / MIB:.1f} |"
            print(row, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
