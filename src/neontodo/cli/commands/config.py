"""`todo config`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue
from neontodo.wording import find_similar

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.settings import ListedSetting

ACTIONS = {"get": ("KEY",), "set": ("KEY", "VALUE"), "unset": ("KEY",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRequest(options.Printing):
    """What to do with which setting; without words, list them all."""

    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[get KEY | set KEY VALUE | unset KEY]",
            autocompletion=completion.complete_settings,
            help="Print one setting, set it in the settings file, or take it out of there; "
            "`--` goes before a value such as -created.",
            show_default=False,
        ),
    ] = None


def run_config(app: App, request: ConfigRequest) -> None:
    """List the settings: their values, where these come from, and what each is for.

    A setting is taken from the environment, else from the settings file, else it is the default.
    `todo config set KEY VALUE` changes the file; `todo help settings` says more.
    """
    if request.words:
        _run_action(app, request, request.words)
        return
    from neontodo import settings
    from neontodo.cli.output import choose_output
    from neontodo.render.inspection import print_settings

    found, problem = settings.list_settings(app.env, app.options), None
    try:
        app.load_settings()
        # The address without its password.
        url = app.target.display if app.settings.database_url else "not set"
    except BadValue as error:
        problem = error
    else:
        found = [
            replace(each, value=url) if each.name == "database_url" else each for each in found
        ]
    output = choose_output(app, json=request.json)
    print_settings(output, found, file=settings.config_path(app.env))
    if problem is not None:
        raise problem


def _run_action(app: App, request: ConfigRequest, words: Sequence[str]) -> None:
    from neontodo.cli.output import choose_output
    from neontodo.render.inspection import print_setting
    from neontodo.settings import Settings
    from neontodo.settings_file import require_setting

    action, *values = words
    _require_usage(action, values)
    name = require_setting(values[0])
    if action != "get":
        text = values[1] if action == "set" else None
        # `todo config` shows `none` for what has no value, so that can be set, too.
        is_unset = text == "none" and not Settings.model_fields[name].default
        _change_setting(app, name, None if is_unset else text)
    if action == "get" or request.json:
        print_setting(choose_output(app, json=request.json), _find_setting(app, name))


def _require_usage(action: str, values: Sequence[str]) -> None:
    from neontodo.settings import Settings

    if action not in ACTIONS:
        near = find_similar(action, ACTIONS)
        if action in Settings.model_fields:
            near = f"get {action}"
        hint = f"did you mean `todo config {near}`?" if near else "choose get, set or unset"
        raise BadValue(f"`{action}` is nothing that `todo config` does", hint=hint)
    if len(values) != len(ACTIONS[action]):
        raise BadValue(
            f"`todo config {action}` takes {' and '.join(ACTIONS[action])}",
            hint=f"write `todo config {' '.join((action, *ACTIONS[action]))}`",
        )


def _change_setting(app: App, name: str, text: str | None) -> None:
    """Set a setting in the file, or take it out, and say what it was and is."""
    from neontodo import settings, settings_file
    from neontodo.render.messages import say, warn
    from neontodo.render.text import symbols_for
    from neontodo.tasks.filters import parse_sort

    path = settings.config_path(app.env)
    value = None if text is None else settings_file.parse_value(name, text)
    if name == "sort" and text:
        parse_sort(text)
    file_only = {key: each for key, each in app.env.items() if key != settings.variable_name(name)}
    old = _find_setting(app, name, file_only)
    is_changed = settings_file.change_file(path, name, value)
    new = _find_setting(app, name, file_only)
    if is_changed:
        arrow = symbols_for(app.streams.err).arrow
        origin = " (default)" if new.origin == "default" else ""
        say(app.streams, f"{name}: {old.value or 'none'} {arrow} {new.value or 'none'}{origin}")
    else:
        state = "is not set" if value is None else f"is {new.value or 'none'} already"
        say(app.streams, f"{name} {state} in {path}")
    variable = settings.variable_name(name)
    if app.env.get(variable):
        warn(app.streams, f"{variable} is set and goes before the settings file")


def _find_setting(app: App, name: str, env: dict[str, str] | None = None) -> ListedSetting:
    """Return a setting with its value and origin."""
    from neontodo import settings

    listed = settings.list_settings(app.env if env is None else env, app.options)
    return next(each for each in listed if each.name == name)


COMMANDS: Commands = {"config": (ConfigRequest, run_config)}
