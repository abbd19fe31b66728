"""`todo agent status` and `stop`."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App

NONE = "no agent is running for this store"
STARTING = 10.0
"""Seconds after which an agent that has started and does not listen is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """The state of this store's agent."""

    json: options.Json = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest:
    """Which agents to stop."""

    all: Annotated[
        bool, typer.Option("--all", help="End the agents of your other stores as well.")
    ] = False


def run_status(app: App, request: StatusRequest) -> None:
    """Show the process that answers your commands at once: its age, memory and connection."""
    from json import loads

    from neontodo.cli.output import choose_output
    from neontodo.launcher import client, protocol
    from neontodo.render.inspection import print_status
    from neontodo.render.messages import say

    answer: Any = None
    for path in _find_paths(app):
        with suppress(client.NotBegun, ValueError):
            answer = loads(client.ask_agent(path, protocol.STATUS))
    print_status(choose_output(app, json=request.json), answer)
    if answer is None:
        say(app.streams, NONE)


def run_stop(app: App, request: StopRequest) -> None:
    """Stop that process after its current command; the next command starts another."""
    from neontodo.render.messages import say

    number = sum(_stop_agent(path) for path in _find_paths(app, all=request.all))
    if number > 1:
        say(app.streams, f"{number} agents are stopped")
    elif number:
        say(app.streams, "the agent is stopped")
    else:
        say(app.streams, "no agent is running" if request.all else NONE)


def _find_paths(app: App, *, all: bool = False) -> list[str]:
    """Return where this store's agent listens, or all of the user's agents do."""
    from neontodo.launcher import socket_path

    if not hasattr(os, "fork"):
        return []
    env = {os.fsencode(name): os.fsencode(value) for name, value in app.env.items()}
    if all:
        return socket_path.find_all_socket_paths(env)
    path = socket_path.find_socket_path(env)
    return [] if path is None else [path]


def _stop_agent(path: str) -> bool:
    """Stop an agent, even one that is only starting, and return whether there was one."""
    import time

    from neontodo.launcher import client, protocol, spawn

    end = time.monotonic() + STARTING
    while True:
        try:
            return bool(client.ask_agent(path, protocol.STOP))
        except client.NoAgent:
            if not spawn.is_locked(path) or time.monotonic() > end:
                return False
            time.sleep(0.02)
        except client.NotBegun:
            return False


COMMANDS: Commands = {"status": (StatusRequest, run_status), "stop": (StopRequest, run_stop)}
