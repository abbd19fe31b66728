"""The status of the agent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neontodo.render.listing import Output

FIELDS = (
    "pid", "version", "uptime", "commands", "memory", "busy", "connections",
)  # fmt: skip


def print_status(output: Output, status: Mapping[str, Any] | None) -> None:
    """Print an agent's figures, in seconds and bytes except on a terminal; None: there is none."""
    streams, mode = output.streams, output.mode
    if mode == "json":
        fields = {name: (status or {}).get(name) for name in FIELDS}
        streams.out.write(json.dumps({"running": status is not None} | fields) + "\n")
    elif status is not None and mode == "lines":
        for name in FIELDS:
            value = status[name]
            streams.out.write(f"{name}\t{'' if value is None else value}\n")
    elif status is not None:
        for name, text in _sentences(status):
            streams.out.write(f"{name:<12}{text}\n")


def _sentences(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "process", f"{status['pid']}, todo {status['version']}"
    yield "uptime", _duration(status["uptime"])
    yield "commands", str(status["commands"])
    if status["memory"] is not None:
        yield "memory", f"{status['memory'] / 1_000_000:.0f} MB"
    yield "state", "busy" if status["busy"] else "idle"
    yield "connection", "open" if status["connections"] else "closed"


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
