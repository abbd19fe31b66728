"""A way for `tests.harness.Todo` to run a command in an agent, on pipes or terminals."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from neontodo.launcher import client, protocol
from neontodo.launcher.main import is_for_agent
from tests.agent.frozen import NOW
from tests.janitor import Janitor


class Transport:
    """An agent of the tests' own, with a clock that they set."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="todo-", dir="/tmp")
        self._janitor = Janitor(Path(self._folder))
        self.path = f"{self._folder}/agent.sock"
        self.commands = 0
        self._process = subprocess.Popen([sys.executable, "-m", "tests.agent.frozen", self.path])
        until = time.monotonic() + 60
        while not self._is_listening() and time.monotonic() < until:
            time.sleep(0.02)

    def _is_listening(self) -> bool:
        # The socket is there a moment before anybody may connect to it.
        with suppress(client.NoAgent):
            client.connect(self.path).close()
            return True
        return False

    def stop(self) -> None:
        client.ask_agent(self.path, protocol.STOP)
        self._process.wait(30)
        self._janitor.finish()

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        now: datetime,
        stdin: str = "",
        terminal: bool = False,
        width: int = 80,
        colour: bool = False,
    ) -> tuple[int, str, str] | None:
        """Exit code, output and messages; None for what the launcher would run itself."""
        is_possible = "\0" not in "".join(argv) and os.geteuid() == os.getuid()
        if not is_possible or not is_for_agent(list(argv), terminal) or (colour and not terminal):
            return None
        settings = dict(os.environ) | dict(env) | {NOW: now.isoformat()}  # noqa: TID251
        settings |= {"NO_COLOR": "", "TERM": "xterm"} if colour else {"NO_COLOR": "1"}
        if not terminal:
            settings["COLUMNS"] = str(width)
        command = protocol.Invocation(
            [os.fsencode(word) for word in argv],
            {os.fsencode(name): os.fsencode(value) for name, value in settings.items()},
            _umask(),
            ["utf-8:strict:False:False", "utf-8:strict:False:False", "utf-8:strict:True:False"],
        )
        if len(command.encode()) > protocol.LARGEST:
            return None
        if not folder.is_dir():
            folder = folder.parent
        if not folder.is_dir():
            return None
        with (
            Captured(terminal, width) as out,
            Captured(terminal, width) as err,
            _input(stdin, terminal) as given,
        ):
            streams = (given, out.descriptor, err.descriptor)
            code = client.run_in_agent(self.path, command, streams=streams, folder=str(folder))
        self.commands += 1
        return code, out.text, err.text


class Captured:
    """Where output goes: a pipe, or a terminal that changes nothing of it."""

    def __init__(self, terminal: bool, width: int = 80) -> None:
        self._reading, self.descriptor = pty.openpty() if terminal else os.pipe()
        if terminal:
            tty.setraw(self.descriptor)
            size = struct.pack("HHHH", 24, width, 0, 0)
            fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)
        self._data = b""
        self._thread = threading.Thread(target=self._collect)

    @property
    def text(self) -> str:
        return self._data.decode()

    def _collect(self) -> None:
        try:
            while data := os.read(self._reading, 65536):
                self._data += data
        except OSError:
            return

    def __enter__(self) -> Captured:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        self._thread.join()
        os.close(self._reading)


@contextmanager
def _input(text: str, terminal: bool) -> Iterator[int]:
    if terminal:
        ours, theirs = pty.openpty()
        yield theirs
        os.close(ours)
        os.close(theirs)
        return
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.seek(0)
        yield file.fileno()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
