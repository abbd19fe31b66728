"""What holds for every command: no traceback, no obeyed text, no lost task, no other's data."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import Todo

CODES = {0, 1, 2, 3, 4, 5, 6}
HOSTILE = "\x1b]0;title\x07[red]x[/red]\u202eevil\u2066\x9b31m\ttab\nline\\"

words = (
    st.text(max_size=30)
    | st.sampled_from(
        [
            "-",
            "--",
            "@last",
            "1",
            "1-3",
            "1,2",
            "0",
            "-1",
            "abcd",
            HOSTILE,
            "tomorrow",
            "none",
            "\0",
        ]
    )
    | st.sampled_from(["+a", "due:fri", "p:", "p:x", "du:fri"])
)
OPTIONS = (
    "--due -p -P -t -d --sort --limit --page --search --json -q --all --done --dry-run --yes "
    "--any --title --color --priority --inline"
)
COMMANDS = (
    "add list show edit done undone toggle search undo redo log tags projects stats rm whoami "
    "config export help token db backup restore"
)
options = st.sampled_from(OPTIONS.split())
commands = st.sampled_from(COMMANDS.split())


@pytest.fixture(scope="module")
def used() -> Todo:
    """A person whose store has been through a lot."""
    person = Todo(Path(tempfile.mkdtemp()) / "home")
    person.ok("add", "first", "--due", "fri", "-t", "a", "-P", "p")
    return person


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(command=commands, arguments=st.lists(words | options, max_size=5), terminal=st.booleans())
def test_odd_words_never_end_in_a_traceback(
    used: Todo, command: str, arguments: list[str], terminal: bool
) -> None:
    if {"--yes", "-"} & set(arguments) or (command in ("export", "backup") and arguments):
        arguments = []
    result = used(command, *arguments, terminal=terminal, env={"EDITOR": "true"})

    assert result.code in CODES, result
    assert "Traceback" not in result.err
    assert "a defect of todo" not in result.err, result
    if result.code and command != "help":
        assert result.err.startswith(("error: ", "waiting")) or terminal, result


@settings(max_examples=25, deadline=None)
@given(title=st.text(min_size=1, max_size=250).filter(lambda title: title != "-"))
def test_a_title_is_kept_as_it_is_or_refused(used: Todo, title: str) -> None:
    before = used.ok("list", "--all", "--quiet").rows
    added = used("add", "--json", "--", title)

    if 1 <= len(title.strip()) <= 200 and "\0" not in title:
        assert added.code == 0
        found = used.ok("show", "@last", "--json").json
        assert found == added.json[0]
        assert found["title"] == title.strip()
    else:
        assert (added.code, added.out) == (2, "")
        assert used.ok("list", "--all", "--quiet").rows == before


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize(
    "argv",
    [
        ["list", "--all"],
        ["show", "1"],
        ["log"],
        ["search", "evil"],
        ["tags"],
        ["projects"],
        ["done", "1", "--dry-run"],
        ["stats"],
    ],
    ids=lambda argv: argv[0],
)
def test_no_control_sequence_of_a_task_is_obeyed(local: Todo, argv: list[str], width: int) -> None:
    hostile = HOSTILE.replace("\t", "").replace("\n", "")
    tag = hostile.replace(" ", "")
    local.ok("add", "--", HOSTILE, "--description", HOSTILE, "-P", hostile, "-t", tag)
    for terminal in (True, False):
        result = local(*argv, terminal=terminal, width=width)

        assert result.code == 0, result
        for bad in ("\x1b", "\x07", "\u202e", "\u2066", "\x9b"):
            assert bad not in result.out + result.err
