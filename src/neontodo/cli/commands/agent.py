"""`todo agent status` and `stop`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from neontodo.cli import options

if TYPE_CHECKING:
    from neontodo.app import App

NONE = "no agent is running for this store"


def status(ctx: typer.Context, json: options.Json = False) -> None:
    """Show the process that answers your commands at once: its age, memory and connection."""
    from neontodo.cli.output import choose_output
    from neontodo.launcher import protocol
    from neontodo.render.agent import print_status
    from neontodo.render.messages import say

    app: App = ctx.obj
    answer = _asked(app, protocol.STATUS)
    print_status(choose_output(app, json=json), answer)
    if answer is None:
        say(app.streams, NONE)


def stop(ctx: typer.Context) -> None:
    """End that process after the commands it runs; the next command starts another."""
    from neontodo.launcher import protocol
    from neontodo.render.messages import say

    app: App = ctx.obj
    stopped = _asked(app, protocol.STOP)
    say(app.streams, NONE if stopped is None else "the agent is stopped")


COMMANDS = {"status": status, "stop": stop}


def _asked(app: App, kind: bytes) -> Any:
    """The answer of this store's agent; None if there is none."""
    import os
    from json import loads

    from neontodo.launcher import client, socket_path

    if not hasattr(os, "fork"):
        return None
    env = {os.fsencode(name): os.fsencode(value) for name, value in app.env.items()}
    path = socket_path.socket_path(env)
    try:
        return None if path is None else loads(client.ask(path, kind))
    except (client.NotRun, ValueError):
        return None
