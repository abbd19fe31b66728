"""The launcher's lists of commands and options, against those that Typer knows."""

from __future__ import annotations

import pytest

from neontodo.cli import commands
from neontodo.cli.typer_app import command_line
from neontodo.launcher.main import (
    ALIASES,
    ASKS_NOTHING,
    CHANGING,
    EDITS,
    FLAGS,
    PLAIN,
    VALUED,
    is_for_agent,
)

RUN_HERE = {
    "backup", "restore", "connect", "join", "member", "login", "logout", "profiles", "whoami",
    "token", "db", "doctor", "config", "help", "agent",
}  # fmt: skip
"""Commands that ask, start programs or are about this process or the agent; long ones, too."""

SHOWN = {
    "--json", "--quiet", "-q", "--dry-run", "--color", "--table", "--profile",
    "--filter", "--all", "-a", "--yes", "-y",
}  # fmt: skip
"""Options of `edit` that say nothing of what to change."""


def test_each_command_is_run_by_the_agent_or_knowingly_not() -> None:
    assert set(command_line().commands) == PLAIN | CHANGING | RUN_HERE
    assert len(command_line().commands) == len(PLAIN) + len(CHANGING) + len(RUN_HERE)


@pytest.mark.parametrize("in_is_terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize("name", sorted(RUN_HERE))
def test_the_others_are_run_here_wherever_they_read_from(name: str, in_is_terminal: bool) -> None:
    assert not is_for_agent([name], in_is_terminal)
    assert not is_for_agent(["--profile", "work", name], in_is_terminal)


def test_flags_may_stand_before_the_command() -> None:
    options = command_line().params
    assert {name for option in options for name in option.opts} >= set(FLAGS)
    assert is_for_agent([*FLAGS, "list"], False)
    assert is_for_agent([*FLAGS], True)


def test_options_with_a_value_may_stand_before_the_command() -> None:
    options = (param for param in command_line().params if not param.is_flag)

    assert {name for option in options for name in option.opts} == set(VALUED)
    assert is_for_agent([word for name in VALUED for word in (name, "x")], False)


def test_an_option_that_sets_a_field_spares_edit_its_editor() -> None:
    params = command_line().commands["edit"].params
    options = {name for param in params for name in param.opts if name.startswith("-")}

    assert options - SHOWN == set(EDITS)
    assert not is_for_agent(["edit", "1", "--json"], True)
    assert is_for_agent(["edit", "1", "--json", f"{EDITS[0]}=x"], True)


def test_rm_asks_on_a_terminal_unless_told_not_to() -> None:
    (yes,) = (param for param in command_line().commands["rm"].params if param.name == "yes")

    assert not is_for_agent(["rm", "1"], True)
    assert all(is_for_agent(["rm", "1", name], True) for name in yes.opts)
    assert set(yes.opts) < set(ASKS_NOTHING)


@pytest.mark.parametrize(
    "words", ["+home", "milk", "project:work", "(+a or +b)", "1 --filter +a", "--all", "3 milk"]
)
def test_a_filter_asks_on_a_terminal(words: str) -> None:
    for command in (["done"], ["undone"], ["toggle"]):
        assert not is_for_agent([*command, *words.split()], True)
        assert is_for_agent([*command, *words.split(), "--yes"], True)
        assert is_for_agent([*command, *words.split()], False)
    assert not is_for_agent(["edit", *words.split(), "--due", "fri"], True)


def test_short_names_are_those_of_the_commands() -> None:
    assert commands.ALIASES == ALIASES
    assert is_for_agent(["ls"], True)
    assert is_for_agent(["d", "12"], True)
    assert not is_for_agent(["e", "12"], True)


@pytest.mark.parametrize("words", ["12", "3-5 7,9", "a1b2c3", "@last -q", "1 --json"])
def test_references_ask_nothing(words: str) -> None:
    assert is_for_agent(["done", *words.split()], True)
    assert is_for_agent(["edit", *words.split(), "--due", "fri 17:00"], True)
