"""What is not imported: proved in processes of their own, since an import cannot be taken back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness import Todo

ROOT = Path(__file__).parents[2]

HEAVY = (
    "sqlmodel", "sqlalchemy", "asyncpg", "aiosqlite", "alembic", "pydantic", "pydantic_settings",
    "rich", "keyring", "jwt", "cryptography", "asyncio", "ssl", "tzlocal", "platformdirs",
)  # fmt: skip
"""Each takes as long to import as the interpreter takes to start, or brings one that does."""

SCRIPT = """
import json, os, sys
from neontodo.app import App
from neontodo.cli.main import run

codes = [run(argv, App.from_process()) for argv in json.loads(sys.argv[1])]
sys.stdout.flush()
os.write(2, ("\\n" + json.dumps([codes, sorted(sys.modules)])).encode())
"""


def run(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TODO_DATA_DIR": "/nowhere",
        "TODO_CONFIG": os.devnull,
        **variables,
    }
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def imported(*commands: list[str], **variables: str) -> tuple[list[int], set[str]]:
    """The exit codes of commands in one process, and every module that they imported."""
    ended = run(SCRIPT, json.dumps(commands), **variables)
    codes, modules = json.loads(ended.stderr.rpartition("\n")[2])
    return codes, set(modules)


def test_help_and_usage_errors_import_nothing_heavy() -> None:
    expected = (
        (["--version"], 0),
        (["--help"], 0),
        (["add", "--help"], 0),
        (["token", "create", "-h"], 0),
        (["help"], 0),
        (["help", "dates"], 0),
        (["help", "exit-codes"], 0),
        (["help", "add"], 0),
        (["no-such-command"], 2),
        (["add"], 2),
        (["add", "--no-such-option"], 2),
        (["list", "--limit", "x"], 2),
        (["list", "--color", "blue"], 2),
        (["db"], 2),
    )
    codes, modules = imported(*(argv for argv, _ in expected))
    assert codes == [code for _, code in expected]
    assert not modules & set(HEAVY)


@pytest.mark.parametrize("words", ["todo\ntog", "todo\nadd\n--du", "todo\nlist\n--due\nto"])
def test_completing_fixed_words_imports_nothing_heavy(words: str) -> None:
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(words.count("\n"))}
    codes, modules = imported([], **variables, _TODO_COMPLETE="complete_bash")
    assert codes == [0]
    assert not modules & set(HEAVY)


def test_the_version_needs_neither_typer_nor_the_app() -> None:
    script = """
import os, sys
from neontodo import launcher

os._exit = lambda code: print(sorted(sys.modules))
sys.argv = ["todo", "--version"]
launcher.main()
"""
    ended = run(script)
    version, modules = ended.stdout.splitlines()[:2]
    assert version.startswith("todo ")
    for module in ("typer", "neontodo.app", "neontodo.cli", "dataclasses", "pathlib", *HEAVY):
        assert f"'{module}'" not in modules


def test_a_pipe_is_served_without_what_only_terminals_and_servers_need(local: Todo) -> None:
    local.ok("add", "Buy milk")
    codes, modules = imported(["list"], TODO_DATA_DIR=str(local.home))
    assert codes == [0]
    assert not modules & {"rich", "keyring", "alembic", "asyncpg", "neontodo.db.migrations"}
    assert not modules & {"neontodo.tasks.filter_language", "neontodo.tasks.queries.views"}


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("Buy milk", set()),
        ("Buy +milk", {"neontodo.cli.inline_words"}),
    ],
)
def test_only_words_that_set_fields_import_what_reads_them(
    local: Todo, words: str, needed: set[str]
) -> None:
    codes, modules = imported(["add", "-q", *words.split()], TODO_DATA_DIR=str(local.home))
    assert codes == [0]
    assert modules & {"neontodo.cli.inline_words", "neontodo.tasks.dates"} == needed


@pytest.mark.skipif(
    not (ROOT / "pyproject.toml").exists(), reason="platform: the installed tests have no checkout"
)
def test_every_module_is_in_a_layer_of_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = settings["contracts"]
    layered = {name for layer in contract["layers"] for name in layer.replace("|", ":").split(":")}
    layered = {name.strip() for name in layered}
    package = ROOT / "src" / "neontodo"

    there = {f"neontodo.{path.stem}" for path in package.iterdir() if path.suffix in ("", ".py")}
    there -= {"neontodo.__init__", "neontodo.__pycache__", "neontodo.topics"}
    for split in ("agent", "launcher"):
        modules = {f"neontodo.{split}.{path.stem}" for path in (package / split).glob("*.py")}
        there = there - {f"neontodo.{split}"} | modules - {f"neontodo.{split}.__init__"}
    assert there == layered
