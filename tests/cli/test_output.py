"""The form in which a command answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neontodo.app import App
from neontodo.cli.output import choose_output
from neontodo.render.listing import Mode
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
