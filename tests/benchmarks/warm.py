"""A person whose commands all run in one process on resources that stay, as in an agent."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from neontodo.app import App
from neontodo.resources import Resources
from neontodo.streams import Streams
from tests.harness import Todo


@dataclass
class Warm(Todo):
    """What is measured of it is the command alone, without any start of a process."""

    resources: Resources = field(default_factory=lambda: Resources(outlive_command=True))
    control: tuple[socket.socket, socket.socket] = field(default_factory=socket.socketpair)

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        self.resources.renew()
        return App(streams, env, self.home, lambda: self.now, self.resources)

    def seconds(self, *argv: str) -> float:
        """How long a command takes on a terminal."""
        start = time.perf_counter()
        self.ok(*argv, terminal=True)
        return time.perf_counter() - start

    def rest(self) -> bool:
        """Let a second pass; whether there is a faster way to the store now."""
        self.resources.clean_up()
        return self.resources.release_when_idle(self.control[0])

    def close(self) -> None:
        self.resources.release()
        self.resources.close_all()
        for end in self.control:
            end.close()
