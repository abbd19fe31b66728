"""A person's own editor on a file that only they can read, and that is not lost by accident."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.errors import BadValue, Refused

if TYPE_CHECKING:
    from neontodo.app import App

USUAL = ("editor", "nano", "vi")


class Draft:
    """A file in a private folder; its text is in UTF-8, and what is not comes back unharmed."""

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._command = editor_command(app)
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="todo-", dir=app.env.get("TMPDIR") or None))
            self.path = self._folder / name
            self.path.touch(mode=0o600)
        except OSError as error:
            raise _unusable(error) from None

    def edited(self, text: str) -> str:
        """The text as the editor leaves it.

        Raises:
            Refused: the editor failed, or took the file away.
            KeyboardInterrupt: it was interrupted.
        """
        self.write(text)
        code = _run(self._app, [*self._command, str(self.path)])
        if code in (-signal.SIGINT, 128 + signal.SIGINT):
            raise KeyboardInterrupt
        if code:
            how = f"exit code {code}" if code > 0 else f"signal {-code}"
            raise Refused(f"nothing was changed: the editor ended with {how}")
        return self.read()

    def write(self, text: str) -> None:
        try:
            self.path.write_bytes(text.encode(errors="surrogateescape"))
        except OSError as error:
            raise _unusable(error) from None

    def read(self) -> str:
        try:
            return self.path.read_bytes().decode(errors="surrogateescape")
        except OSError as error:
            raise _unusable(error) from None

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def editor_command(app: App) -> list[str]:
    """The words that start the editor: `VISUAL`, else `EDITOR`, else a usual one.

    Raises:
        BadValue: there is none.
    """
    for name in ("VISUAL", "EDITOR"):
        try:
            if words := shlex.split(app.env.get(name, "")):
                return words
        except ValueError:
            raise BadValue(
                f"the editor in {name} cannot be read: a quote is not closed",
                hint=f'such as {name}="code --wait"',
            ) from None
    for usual in USUAL:
        if found := shutil.which(usual, path=app.env.get("PATH")):
            return [found]
    raise BadValue(
        "no editor was found", hint="name one in EDITOR, or use options such as `--title`"
    )


def _run(app: App, command: list[str]) -> int:
    # An editor needs the terminal for its output, even if ours goes elsewhere.
    out = None if app.streams.out_is_terminal else 2
    app.streams.err.flush()
    try:
        with _interrupts_left_to_it():
            return subprocess.run(
                command, cwd=app.cwd, env=dict(app.env), stdout=out, check=False
            ).returncode
    except (OSError, ValueError):
        raise BadValue(
            f"the editor `{command[0]}` cannot be started",
            hint="name one in EDITOR, or use options such as `--title`",
        ) from None


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """Ctrl-C reaches every program of the terminal; it is the editor's to make sense of."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _unusable(error: OSError) -> Refused:
    return Refused(f"the file for the editor cannot be used: {(error.strerror or '').lower()}")
