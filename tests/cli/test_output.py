"""The form in which a command answers."""

from __future__ import annotations

import io
import os
import shlex
from pathlib import Path

import pytest

from neontodo.app import App
from neontodo.cli.main import run
from neontodo.cli.output import choose_output
from neontodo.render.listing import Mode
from neontodo.streams import Streams
from tests.harness import Screen, Todo
from tests.render.support import screen


def app_on(home: Path, *, terminal: bool, **env: str) -> App:
    base = {"TODO_DATA_DIR": str(home), "TODO_CONFIG": os.devnull}
    streams = screen(terminal=terminal).streams
    return App(streams, base | env, home)


@pytest.mark.parametrize(
    ("terminal", "flags", "mode"),
    [
        (True, {}, "table"),
        (False, {}, "lines"),
        (True, {"json": True}, "json"),
        (False, {"quiet": True}, "quiet"),
    ],
    ids=["terminal", "pipe", "json", "quiet"],
)
def test_the_form_is_what_was_asked_for(
    tmp_path: Path, terminal: bool, flags: dict[str, bool], mode: Mode
) -> None:
    assert choose_output(app_on(tmp_path, terminal=terminal), **flags).mode == mode


def test_a_table_has_the_colours_of_the_settings(tmp_path: Path) -> None:
    app = app_on(tmp_path, terminal=True, TODO_COLOR="always")
    app.load_settings()
    assert choose_output(app).streams.colour


def test_an_output_is_chosen_though_settings_and_time_zone_are_wrong(tmp_path: Path) -> None:
    app = app_on(tmp_path, terminal=True, TODO_COLOR="blue", TZ="Nowhere/Here")
    assert choose_output(app).mode == "table"


def run_with_full_output(todo: Todo, *argv: str, stdin: str = "") -> tuple[int, list[str]]:
    """Run a command whose output cannot be written, and return its code and messages."""
    err = Screen()
    with open("/dev/full", "wb", buffering=0) as full:
        out = io.TextIOWrapper(full, write_through=True)
        streams = Streams(Screen(stdin), out, err, False, False, False, width=80, colour=False)
        code = run(argv, todo.app(streams, todo.environment))
        out.detach()
    return code, err.text().splitlines()


FULL = "error: the output cannot be written: no space left on device"
SAVED = "hint: what the command changed is saved: do not repeat it"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="platform: it has no /dev/full")
def test_a_change_whose_output_cannot_be_written_is_said_to_be_saved(todo: Todo) -> None:
    for argv, sentence in (
        (["add", "milk"], "added 1: milk"),
        (["edit", "1", "--title", "tea", "--json"], "edited 1: milk → tea"),
        (["done", "1", "-q"], FULL),
        (["undo"], "und"),
        (["rm", "1", "--yes"], "removed 1: tea"),
    ):
        code, messages = run_with_full_output(todo, *argv)
        assert (code, messages[-2:]) == (1, [FULL, SAVED])
        assert messages[0].startswith(sentence)
    imported = run_with_full_output(todo, "import", "-", "--json", stdin='[{"title": "a"}]')
    assert imported == (1, ["imported 1 task", FULL, SAVED])
    code, messages = run_with_full_output(todo, "token", "create", "--name", "ci")
    assert (code, messages[0].startswith("the token `ci` is accepted until")) == (1, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="platform: it has no /dev/full")
def test_what_changes_nothing_is_not_said_to_be_saved(todo: Todo) -> None:
    todo.ok("add", "milk")
    assert run_with_full_output(todo, "list") == (1, [FULL])
    _, messages = run_with_full_output(todo, "done", "1", "--dry-run")
    assert messages[-1] == FULL


def test_quiet_commands_that_succeed_write_no_messages(todo: Todo) -> None:
    lines = [
        ("add x -P home", "1\n"),
        ("done 1", "1\n"),
        ("done 1", ""),
        ("edit 1 --title y", "1\n"),
        ("edit 1 --due '2026-10-25 02:30'", "1\n"),
        ("toggle 1 --dry-run", "1\n"),
        ("undone 1", "1\n"),
        ("undo", "1\n"),
        ("redo", "1\n"),
        ("list", "1\n"),
        ("list -P HOME", ""),
        ("search y", "1\n"),
        ("show 1", "1\n"),
        ("projects", "home\n"),
        ("rm 1 --yes", "1\n"),
    ]
    for line, out in lines:
        done = todo.ok(*shlex.split(line), "-q")
        assert (done.out, done.err) == (out, ""), line


def test_quiet_commands_ask_and_say_what_went_wrong(todo: Todo) -> None:
    todo.ok("add", "-", stdin="a\nb")
    asked = todo.ok("rm", "1-2", "-q", stdin="y\n", terminal=True)
    assert asked.err == "1  a\n2  b\nremove these 2 tasks? [y/N] "
    refused = todo("done", "9", "-q")
    assert refused.err == "error: no task 9\nhint: `todo list --all` shows every task\n"
