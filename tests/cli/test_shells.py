"""Filters in scripts of the real shells: words arrive as typed, and variables may be unset."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from neontodo.tasks.filter_language import _KEYS
from tests.agent.machine import machine
from tests.harness import Todo
from tests.tools import require_tool

WORDS = (
    *(f"{key}:a,b" for key in _KEYS),
    *("+home", "+home/garden", "not", "and", "or", "milk", "view:NAME"),
    *("project:work.api", "project:=work", "p:high,medium", "p:low..high", "is:overdue"),
    *("due:..fri", "due:today..+7d", "due:2026-11-01..2026-11-30", "created:-7d.."),
    *("updated:2026-11-01T10:00..", "number:3-5", "number:3..5", "id:ab12"),
)
"""What is typed without quotes, outside parentheses."""

# A shell expands a name that follows `=` to the path of a command, and a pattern to files.
COMMANDS = "printf '%s\\n' {words} 'project:Food and more'\n"
BASH = f"shopt -s extglob nullglob globstar\n{COMMANDS}"
ZSH = "".join(
    f"setopt {option}\n{COMMANDS}"
    for option in ("nomatch", "extended_glob", "magic_equal_subst", "ksh_glob glob_subst")
)
SHELLS = {
    "bash": (["bash", "--norc", "-c"], BASH),
    "zsh": (["zsh", "-f", "-c"], ZSH),
    "fish": (["fish", "--no-config", "-c"], COMMANDS),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_no_operator_outside_parentheses_is_special_to_a_shell(shell: str, tmp_path: Path) -> None:
    (name, *options), script = SHELLS[shell]
    for file in ("home", "work", "=work", "project:work", "due:..fri"):
        (tmp_path / file).write_text("#!/bin/sh\n")
        (tmp_path / file).chmod(0o755)
    result = subprocess.run(
        [require_tool(name), *options, script.format(words=" ".join(WORDS))],
        env={"PATH": f"{tmp_path}:{os.defpath}", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert (result.returncode, result.stderr) == (0, "")
    arrived = [*WORDS, "project:Food and more"]
    assert result.stdout.splitlines() == arrived * script.count("printf")


TASKS = (
    {"title": "Buy milk", "tags": ["home"], "due": "2026-11-19"},
    {"title": "Plan", "project": "work", "priority": "high"},
    {"title": "Old milk", "tags": ["home"], "completed": True},
)
REPORT = "echo $? $(todo export - | cksum)\n"
SCRIPTS = r"""
todo done $UNSET --yes
todo done "$UNSET" --yes
todo done $UNSET "$UNSET" --yes
todo done +$UNSET --yes
todo done "+$UNSET" +home --yes
todo done project:$UNSET --yes
todo done "project:$UNSET" is:overdue --yes
todo done project:=$UNSET --yes
todo done +home tag:$UNSET --yes
todo done due:$UNSET --yes
todo done due:$UNSET..$UNSET --yes
todo done is:$UNSET --yes
todo done not +$UNSET --yes
todo done +home or $UNSET --yes
todo done "$UNSET" +home --yes
todo done 1-$UNSET --yes
todo done $UNSET-2 --yes
todo toggle number:$UNSET --yes
todo toggle number:1-$UNSET --yes
todo undone text:$UNSET --yes
todo undone "done:$UNSET" --yes
todo rm $UNSET --yes
todo rm "$UNSET" 1 --yes
todo rm "(project:$UNSET or +home)" --yes
todo rm "(+home and +$UNSET)" --yes
todo rm --filter $UNSET --yes
todo rm --filter "$UNSET" --yes
todo rm --filter "+home or +$UNSET" --yes
todo rm --filter "+home or $UNSET" --yes
todo rm --yes -- $UNSET
todo rm not project:=$UNSET --yes
todo rm p:$UNSET --yes
todo rm p:high,$UNSET --yes
todo rm id:$UNSET --yes
todo rm title:"$UNSET" --yes
todo rm $(todo list -q project:$UNSET) --yes
todo list -q +$UNSET | todo rm - --yes
while read -r id; do todo rm "$id" --yes; done <<< "$UNSET"
todo edit $UNSET --due today --yes
todo edit "$UNSET" --due today --yes
todo edit "$UNSET" --due $UNSET --yes
todo edit "$UNSET" --due "$UNSET" --yes
todo edit +home --due $UNSET --yes
todo edit +home --due "$UNSET" --yes
todo edit +home --title "$UNSET" --yes
todo edit +home --priority $UNSET --yes
todo edit project:$UNSET --tag new --yes
todo add $UNSET
todo add "$UNSET"
""".strip().splitlines()
WITHOUT_NAMES = (
    "todo list -q +$UNSET | xargs todo rm --yes",
    "for id in $UNSET; do todo rm $id --yes; done",
)
"""What ends in another way."""


@pytest.mark.slow
def test_scripts_with_variables_that_are_not_set_change_nothing(tmp_path: Path) -> None:
    with machine(tmp_path / "home") as person:
        Todo(person.home).ok("import", "-", stdin=json.dumps(TASKS))
        person.warm()
        (tmp_path / "todo").write_text(f'#!/bin/sh\nexec {shlex.join(person.todo)} "$@"\n')
        (tmp_path / "todo").chmod(0o755)
        script = "".join(f"{line}\n{REPORT}" for line in ["true", *SCRIPTS, *WITHOUT_NAMES])
        result = subprocess.run(
            [require_tool("bash"), "--norc", "-c", script],
            env=person.environment | {"PATH": f"{tmp_path}:{person.environment['PATH']}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
    codes, tasks = zip(*(line.split(" ", 1) for line in result.stdout.splitlines()), strict=True)

    assert len(SCRIPTS) >= 40
    assert len(set(tasks)) == 1
    assert codes == ("0", *["2"] * len(SCRIPTS), "123", "0")
