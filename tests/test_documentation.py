"""Documentation that cannot drift: every command and option has help, and the README knows all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import neontodo
from neontodo.cli.exits import Exit
from neontodo.cli.typer_app import command_line
from neontodo.settings import Settings, variable_name
from tests.databases import TemplateDatabases
from tests.harness import Todo

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLE = ROOT / "docs/examples/smoke.yml"
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
    short["-d"] = "--due"
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


PACKAGE = Path(neontodo.__file__).parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
LINK = re.compile(r"\]\(([^)#:\s]+)[^):]*\)")
FOLDERS = {"src", "tests", "docs", "migrations", ".ci", ".github"}
PARTS = {path.stem for path in PACKAGE.iterdir() if path.suffix in ("", ".py")} | {"tests"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_whatever_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    for name in BACKTICKED.findall(text):
        if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)*(/|\.py)", name) or name.split("/")[0] in FOLDERS:
            found = any(path.match(name) for path in known_paths())
        elif re.fullmatch(r"[a-z]\w*(\.[A-Za-z_]\w*)+", name) and name.split(".")[0] in PARTS:
            found = name == "tasks.db" or is_known(name)
        else:
            continue
        missing += [] if found else [name]
    assert missing == []


@cache
def known_paths() -> list[Path]:
    """Return the files and folders of the repository that can be named."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in (".git", ".venv", "node_modules")]
        found += [Path(folder, name).relative_to(ROOT) for name in (*folders, *files)]
    return found


def is_known(name: str) -> bool:
    """Whether a dotted name is a module or something in one, of the package or of the tests."""
    first, *rest = name.split(".")
    found: Any = import_module("tests") if first == "tests" else neontodo
    for part in rest if first in ("tests", "neontodo") else (first, *rest):
        if hasattr(found, "__path__") and find_spec(f"{found.__name__}.{part}") is not None:
            found = import_module(f"{found.__name__}.{part}")
        elif hasattr(found, part):
            found = getattr(found, part)
        else:
            return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not EXAMPLE.exists(), reason="platform: tests of the wheel have no docs")
def test_the_steps_of_the_example_action_work(templates: TemplateDatabases, tmp_path: Path) -> None:
    with templates.cloned() as url:
        owner = Todo(tmp_path / "owner", {"TODO_DATABASE_URL": url}, now=datetime.now(UTC))
        owner.ok("db", "upgrade")
        token = owner.ok("token", "create", "--name", "ci").out.strip()
        job = {"TODO_DATABASE_URL": url, "TODO_TOKEN": token, "GITHUB_RUN_NUMBER": "7"}
        runner = Todo(tmp_path / "runner", job).environment | {"HOME": str(tmp_path), "CI": "true"}
        runner["PATH"] = f"{Path(sys.executable).parent}:{os.defpath}"
        given = tmp_path / "given"
        given.touch()
        for step in steps(EXAMPLE.read_text(encoding="utf-8")):
            known = dict(line.split("=", 1) for line in given.read_text().splitlines())
            subprocess.run(
                ["bash", "-euo", "pipefail", "-c", step],
                env=runner | known | {"GITHUB_ENV": str(given)},
                cwd=tmp_path,
                check=True,
            )
        assert [(t["title"], t["completed"]) for t in owner.tasks()] == [
            ("Smoke test of run 7", True)
        ]


def steps(workflow: str) -> list[str]:
    """Return the scripts of a workflow's steps, without the one that installs todo."""
    blocks = re.findall(r"^        run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", workflow, re.M)
    scripts = [dedent(block) or line for block, line in blocks]
    assert "pipx install" in scripts[0]
    return scripts[1:]


@pytest.mark.slow
@pytest.mark.skipif(not README.exists(), reason="platform: tests of the wheel have no README")
@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"TODO_DATABASE_URL": "postgresql://zoe:secret@127.0.0.1:1/tasks"}, Exit.UNAVAILABLE),
        ({"TODO_TOKEN": "no.such.token"}, Exit.SIGNED_OUT),
    ],
    ids=["store-away", "bad-token"],
)
def test_no_script_of_the_readme_hides_a_failure(
    readme: str, setting: dict[str, str], code: Exit, tmp_path: Path
) -> None:
    env = Todo(tmp_path / "home", setting).environment
    env |= {"HOME": str(tmp_path), "CI": "true", "TAG": "v1", "number": "1", "EDITOR": "true"}
    env["PATH"] = f"{Path(sys.executable).parent}:{os.defpath}"
    (tmp_path / "taskwarrior.json").write_text("[]", encoding="ascii")
    (tmp_path / "deploy").write_text("exit 0\n", encoding="ascii")
    script = block(readme, "script")
    lines = [line for line in script.splitlines() if "todo" in line]
    for text in (script, *lines, *block(readme, "examples").splitlines()):
        ended = subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=env, cwd=tmp_path)
        assert ended.returncode in (code, 128 if "git log" in text else code), text


def block(document: str, marker: str) -> str:
    """Return the commands of the fenced block below a marker."""
    return document.partition(f"<!-- {marker} -->\n```sh\n")[2].partition("```")[0]
