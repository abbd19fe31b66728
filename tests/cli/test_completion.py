"""Shell completion: what is offered, in three real shells, and that it never harms or complains."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from neontodo.fields import SORT_KEYS
from tests.harness import Todo
from tests.tools import require_tool

HOSTILE = (
    r"""evil \$(touch pwned) `touch pwned` $(touch pwned) '; touch pwned; ' "x" """
    "[/red] \x1b[31m\u202e * ~ ! # & | < > ; \\"
)
HOSTILE_SHOWN = HOSTILE.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e")
PROJECT = r"""my "pro:ject" $(touch pwned) \`touch pwned`"""

Answer = tuple[int, list[str], str]


def run(todo: Todo, *command: str, **variables: str) -> Answer:
    """Run a real shell that has `todo` on its path; exit code, lines and standard error."""
    environment = {
        "PATH": f"{todo.home.parent}:{os.defpath}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TODO_AGENT": "off",
        "HOME": str(todo.home),
        "LANG": "C.UTF-8",
        **todo.environment,
        **variables,
    }
    ended = subprocess.run(
        command,
        env=environment,
        cwd=todo.home.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout.splitlines(), ended.stderr


def asked(todo: Todo, **variables: str) -> Answer:
    """What the script of a shell is answered: it asks by variables of the environment."""
    # A dictionary of a test's own cannot be given: Typer reads the process's.
    with patch.dict(os.environ, variables):  # noqa: TID251
        result = todo()
    return int(result.code), [line for line in result.out.splitlines() if line], result.err


def bash(todo: Todo, *words: str) -> Answer:
    """What bash is answered; the last word is incomplete."""
    typed = "\n".join(["todo", *words])
    return asked(todo, COMP_WORDS=typed, COMP_CWORD=str(len(words)), _TODO_COMPLETE="complete_bash")


def zsh(todo: Todo, *words: str) -> Answer:
    typed = " ".join(["todo", *words])
    return asked(todo, _TYPER_COMPLETE_ARGS=typed, _TODO_COMPLETE="complete_zsh")


def fish(todo: Todo, *words: str, action: str = "get-args") -> Answer:
    typed = " ".join(["todo", *words])
    return asked(
        todo,
        _TYPER_COMPLETE_ARGS=typed,
        _TYPER_COMPLETE_FISH_ACTION=action,
        _TODO_COMPLETE="complete_fish",
    )


@pytest.fixture
def used(local: Todo) -> Todo:
    """A store with tasks 1 to 12, of which 4 is done."""
    local.ok("add", "--project", "home", "--tag", "a:b", "--", "Buy milk")
    local.ok("add", "-", "--tag", "urgent", stdin="".join(f"task {n}\n" for n in range(2, 13)))
    local.ok("done", "4")
    local.ok("view", "save", "home", "project:home")
    return local


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tog"], ["toggle"]),
        (["db", ""], ["upgrade", "downgrade", "current", "check"]),
        (["list", "--pr"], ["--project", "--priority"]),
        (["list", "--color", ""], ["auto", "always", "never"]),
        (["add", "x", "--due", "to"], ["today", "tomorrow"]),
        (["add", "x", "--due", "n"], [r"next\ week"]),
        (["add", "x", "-p", "h"], ["high"]),
        (["add", "x", "p:h"], ["p:high"]),
        (["add", "x", "due", ":", "n"], [r"next\ week"]),
        (["add", "x", "re", ":"], []),
        (["list", "is", ":", "w"], ["week", "waiting"]),
        (["rm", "status:d"], ["status:done"]),
        (["list", "p:h"], ["p:high"]),
        (["list", "--sort", "due,t"], ["due,title"]),
        (["help", "ex"], ["exit-codes"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_fixed_words(local: Todo, words: list[str], offered: list[str]) -> None:
    assert bash(local, *words) == (0, offered, "")
    assert not local.home.exists()


def test_every_sort_key_is_offered(local: Todo) -> None:
    assert bash(local, "list", "--sort", "") == (0, list(SORT_KEYS), "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["done", "1"], ["1", "10", "11", "12"]),
        (["done", "3,1"], ["3,1", "3,10", "3,11", "3,12"]),
        (["done", "1", "2", "5"], ["5"]),
        (["undone", ""], ["4"]),
        (["show", "4"], ["4"]),
        (["rm", "x"], []),
        (["list", "--project", ""], ["home"]),
        (["edit", "1", "--untag", "a"], ["a:b"]),
        (["list", "-t", ""], ["a:b", "urgent"]),
        (["add", "x", "+u"], ["+urgent"]),
        (["add", "x", "project", ":"], ["home"]),
        (["edit", "1", "--untag", "a", ":", "b"], ["b"]),
        (["list", "+u"], ["+urgent"]),
        (["list", "project", ":"], ["home"]),
        (["list", "x", "tag", ":", "u"], ["urgent"]),
        (["done", "project:h"], ["project:home"]),
        (["list", "view:h"], ["view:home"]),
        (["list", "+a", "view", ":", "h"], ["home"]),
        (["done", "+a", "view:"], ["view:home"]),
        (["view", "use", "h"], ["home"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_what_the_store_has(used: Todo, words: list[str], offered: list[str]) -> None:
    assert bash(used, *words) == (0, offered, "")


def test_fish_gets_titles_beside_the_numbers(used: Todo) -> None:
    assert fish(used, "done", "1")[1] == [
        "1\tBuy milk",
        "10\ttask 10",
        "11\ttask 11",
        "12\ttask 12",
    ]
    assert fish(used, "done", "1", action="is-args")[::2] == (0, "")


def test_zsh_gets_titles_beside_the_numbers(used: Todo) -> None:
    assert zsh(used, "done", "12") == (
        0,
        [r"local -a found; found=($'12\x3atask\x2012'); _describe -V todo found"],
        "",
    )


def typed_by_a_person(todo: Todo, *words: str, kind: str = "?") -> Answer:
    """What bash is answered, with what our script says besides."""
    typed = "\n".join(["todo", *words])
    variables = {"COMP_WORDS": typed, "COMP_CWORD": str(len(words)), "COLUMNS": "80"}
    return asked(todo, **variables, COMP_TYPE=str(ord(kind)), _TODO_COMPLETE="complete_bash")


def test_bash_gets_titles_beside_several_numbers(used: Todo) -> None:
    used.ok("edit", "10", "--title", "one\ttwo" + "-" * 90)
    assert typed_by_a_person(used, "done", "1")[1] == [
        "1   Buy milk",
        (r"10  one\ttwo" + "-" * 90)[:79],
        "11  task 11",
        "12  task 12",
    ]
    assert typed_by_a_person(used, "done", "12")[1] == ["12"]
    assert typed_by_a_person(used, "done", "1", kind="%")[1] == ["1", "10", "11", "12"]
    assert typed_by_a_person(used, "done", "'1")[1] == ["1", "10", "11", "12"]


@pytest.mark.parametrize(
    ("words", "offers_files"),
    [
        (["done", "x"], False),
        (["add", "x"], False),
        (["import", ""], True),
        (["export", "x"], True),
        (["backup", ""], True),
        (["restore", "x"], True),
        (["connect", "--env-file", ""], True),
        (["import", "x", "--format", "x"], False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_files_are_offered_where_one_is_meant(
    local: Todo, words: list[str], offers_files: bool
) -> None:
    assert typed_by_a_person(local, *words) == (0, ["$"] if offers_files else [], "")
    assert bash(local, *words) == (0, [], "")
    assert zsh(local, *words) == (0, ["_files"] if offers_files else [], "")
    assert fish(local, *words, action="is-args")[::2] == (int(offers_files), "")
    assert fish(local, *words) == (0, [], "")


def broken_by(content: bytes) -> Callable[[Todo], None]:
    def apply(todo: Todo) -> None:
        (todo.home / "tasks.db").write_bytes(content)

    return apply


def older(todo: Todo) -> None:
    todo.ok("db", "downgrade", "base", "--yes")


def without_identity(todo: Todo) -> None:
    (todo.home / "identity.json").unlink()


STATES: dict[str, Callable[[Todo], object]] = {
    "nothing-there": lambda todo: shutil.rmtree(todo.home),
    "no-database": broken_by(b"this is not SQLite" * 100),
    "empty-file": broken_by(b""),
    "without-tables": older,
    "without-identity": without_identity,
    "bad-settings": lambda todo: (todo.home / "config.toml").write_text("page_size = ["),
    "bad-token": lambda todo: todo.env.update(TODO_TOKEN="x"),
    "bad-url": lambda todo: todo.env.update(TODO_DATABASE_URL="x"),
    "server-down": lambda todo: todo.env.update(
        TODO_DATABASE_URL="postgresql://ann:secret@127.0.0.1:1/db"
    ),
    "of-others": lambda todo: todo.env.update(
        TODO_DATABASE_URL=f"sqlite:///{todo.home / 'tasks.db'}", TODO_DATA_DIR="/nowhere"
    ),
}


def content(todo: Todo) -> dict[Path, bytes]:
    """Every file of a store; those of its log come and go with whoever reads."""
    files = [path for path in todo.home.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files if "-" not in path.name}


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_whatever_the_store_is_like_nothing_is_said_or_changed(
    local: Todo, state: Callable[[Todo], object]
) -> None:
    local.ok("add", "Buy milk")
    state(local)
    before = content(local)

    assert bash(local, "done", "") == (0, [], "")
    assert zsh(local, "done", "") == (0, [], "")
    assert content(local) == before


@pytest.mark.parametrize("words", [["--"], ["-"], ["no-such", ""], ["done", "--bla", ""], ["'"]])
def test_words_that_make_no_sense_are_no_error(local: Todo, words: list[str]) -> None:
    for shell in (bash, zsh, fish):
        code, _, problem = shell(local, *words)
        assert (code, problem) == (0, "")


@pytest.fixture
def shell_user(local: Todo) -> Todo:
    """Somebody with a `todo` on the path, and with text from elsewhere in the store."""
    local.ok("add", "--project", PROJECT, "--", HOSTILE)
    local.ok("add", "second", "--project", "home")
    script = local.home.parent / "todo"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neontodo "$@"\n')
    script.chmod(0o755)
    return local


def pwned(todo: Todo) -> bool:
    return (todo.home.parent / "pwned").exists()


BASH = r"""
eval "$(_TODO_COMPLETE=source_bash todo)"
offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _todo_completion todo
          printf '%s\n' "${COMPREPLY[@]}"; }
offer todo done ''
COMP_TYPE=37 offer todo list --project ''
eval "set -- ${COMPREPLY[1]}"
printf '%s\n' "$1"
"""


def test_bash_takes_a_project_as_one_word_and_runs_nothing_of_it(shell_user: Todo) -> None:
    code, lines, problem = run(shell_user, require_tool("bash"), "--norc", "-c", BASH)
    assert (code, problem) == (0, "")
    assert lines[:2] == [f"1  {HOSTILE_SHOWN}"[:79].rstrip(), "2  second"]
    assert lines[2] == "home"
    assert lines[-1] == PROJECT
    assert not pwned(shell_user)


FISH = """
_TODO_COMPLETE=source_fish todo | source
complete -C 'todo done '
complete -C 'todo list --project '
complete -C 'todo tog'
"""


@pytest.mark.slow
def test_fish_shows_a_title_and_runs_nothing_of_it(shell_user: Todo) -> None:
    command = (require_tool("fish"), "--no-config", "-c", FISH)
    code, lines, problem = run(shell_user, *command)
    assert (code, problem) == (0, "")
    assert lines[:2] == [f"1\t{HOSTILE_SHOWN}", "2\tsecond"]
    assert {line.partition("\t")[0] for line in lines[2:4]} == {"home", PROJECT}
    assert lines[4].startswith("toggle\t")
    assert not pwned(shell_user)


# compadd is what every completion of zsh ends in; here it prints what it would offer.
ZSH = r"""
_describe() { print -rl -- "${(@P)3}"; }
_files() { print files; }
compdef() { : }
eval "$(_TODO_COMPLETE=source_zsh todo)"
words=(todo done ''); CURRENT=3; _todo_completion
words=(todo list --project ''); CURRENT=4; _todo_completion
"""


@pytest.mark.slow
def test_zsh_gets_a_title_and_runs_nothing_of_it(shell_user: Todo) -> None:
    code, lines, problem = run(shell_user, require_tool("zsh"), "-f", "-c", ZSH)
    assert (code, problem) == (0, "")
    assert lines[0] == f"1:{HOSTILE_SHOWN}".replace("\\", "\\\\")
    assert lines[1] == "2:second"
    assert PROJECT.replace("\\", "\\\\").replace(":", "\\:") in lines[3]
    assert not pwned(shell_user)


def test_installing_says_where(shell_user: Todo) -> None:
    """The shell is found by its process, so a real one has to call."""
    home = shell_user.home
    command = (require_tool("bash"), "--norc", "-c", "todo --install-completion; exit $?")
    code, lines, problem = run(shell_user, *command)
    assert (code, problem) == (0, "")
    assert f"bash completion installed in {home}/.bash_completions/todo.sh" in lines[0]
    assert "_todo_completion" in Path(home, ".bash_completions", "todo.sh").read_text()


def test_zsh_completes_this_todo_whoever_else_has_one(shell_user: Todo) -> None:
    home, zsh = shell_user.home, require_tool("zsh")
    (home / "others").mkdir()
    (home / "others" / "_devtodo").write_text("#compdef devtodo todo\n")
    (home / ".zshrc").write_text("fpath=(~/others $fpath); autoload -Uz compinit; compinit\n")
    known = (zsh, "-ic", "print $_comps[todo]")
    assert run(shell_user, *known)[1] == ["_devtodo"]

    for _ in range(2):
        code, lines, problem = run(shell_user, zsh, "-c", "todo --install-completion; exit $?")
        assert (code, problem) == (0, "")
        assert lines[0] == f"zsh completion installed in {home}/.zfunc/_todo"
    assert run(shell_user, *known)[1] == ["_todo_completion"]
    assert (home / ".zshrc").read_text().count("source ") == 1
