"""`todo config`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App


def run_config(app: App, request: options.Printing) -> None:
    """List the settings: their values, where these come from, and what each is for.

    A setting is taken from the environment, else from the settings file, else it is the default.
    `todo help settings` says how to set one.
    """
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


COMMANDS: Commands = {"config": (options.Printing, run_config)}
