"""Documentation that cannot drift: every command and option has help, and the README knows all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neontodo.cli.exits import Exit
from neontodo.cli.typer_app import command_line
from neontodo.settings import Settings, variable_name

README = Path(__file__).parents[1] / "README.md"
BACKTICKED = re.compile(r"`([^`\n]+)`")


def declared(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command and group by its path, `todo` itself first."""
    yield path.strip() or "todo", command
    for name in getattr(command, "commands", {}):
        yield from declared(command.commands[name], f"{path} {name}")


ALL = list(declared(command_line()))
COMMANDS = pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _ in ALL])


@COMMANDS
def test_every_command_says_what_it_does_in_one_sentence(path: str, command: Any) -> None:
    sentence = command.help.partition("\n\n")[0]
    assert re.fullmatch(r"[A-Z].*\.", sentence, re.DOTALL)
    assert len(sentence) <= 90
    assert not command.help.isspace()


@COMMANDS
def test_every_option_and_argument_has_help(path: str, command: Any) -> None:
    for param in command.params:
        assert param.help, param.name
        assert param.help.endswith((".", ")")), param.help


@COMMANDS
def test_every_option_that_takes_a_value_says_of_what_kind(path: str, command: Any) -> None:
    for param in command.params:
        if param.param_type_name == "argument" or not param.is_flag:
            assert param.metavar, param.name


@COMMANDS
def test_the_same_switch_means_the_same_everywhere(path: str, command: Any) -> None:
    short = {"-q": "--quiet", "-p": "--priority", "-P": "--project", "-t": "--tag", "-y": "--yes"}
    for param in command.params:
        for switch in set(param.opts) & set(short):
            assert short[switch] in param.opts


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text(encoding="utf-8")


@pytest.mark.skipif(not README.exists(), reason="platform: tests of the wheel have no README")
@pytest.mark.parametrize("name", [path for path, _ in ALL if path != "todo" and " " not in path])
def test_the_readme_mentions_every_command(readme: str, name: str) -> None:
    words = {word for text in BACKTICKED.findall(readme) for word in re.split(r"[\s,|…\\]+", text)}
    assert name in words


@pytest.mark.skipif(not README.exists(), reason="platform: tests of the wheel have no README")
def test_the_readme_has_every_exit_code_with_its_meaning(readme: str) -> None:
    for code in Exit:
        assert f"| {code.value} | {code.meaning} |" in readme


@pytest.mark.skipif(not README.exists(), reason="platform: tests of the wheel have no README")
def test_the_readme_has_every_setting(readme: str) -> None:
    for name in Settings.model_fields:
        assert f"| `{variable_name(name)}` | `{name}` |" in readme
