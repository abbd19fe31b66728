"""A person's editor: a real program that changes the file it is given."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import neontodo

SOURCE = Path(neontodo.__file__).parents[1]


@dataclass
class Editor:
    """A shell script that does the next of its steps each time it is started.

    A step is a piece of shell in which `$1` is the file; `seen` is what the file was each time.
    """

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.drafts.mkdir()

    @property
    def drafts(self) -> Path:
        """Where drafts are made, and stay if they are kept."""
        return self.folder / "drafts"

    def steps(self, *steps: str) -> dict[str, str]:
        """The environment of a person whose editor takes these steps."""
        cases = "\n".join(f"{n}) {step} ;;" for n, step in enumerate(steps, 1))
        script = self.folder / "an editor"
        script.write_text(
            f"cd {shlex.quote(str(self.folder))}\n"
            "n=1; while [ -e seen.$n ]; do n=$((n+1)); done\n"
            f'cp "$1" seen.$n\ncase $n in\n{cases}\n*) echo "step $n?" >&2; exit 9 ;;\nesac\n'
        )
        return {"VISUAL": f"sh {shlex.quote(str(script))}", "TMPDIR": str(self.drafts)}

    @property
    def seen(self) -> list[str]:
        return [path.read_text() for path in sorted(self.folder.glob("seen.*"))]

    @property
    def kept(self) -> list[str]:
        """What stayed of the drafts."""
        return [path.read_text() for path in self.drafts.glob("*/*")]


def elsewhere(*argv: str) -> str:
    """The shell for a command that somebody runs meanwhile in another process."""
    return f"PYTHONPATH={shlex.quote(str(SOURCE))} {sys.executable} -m neontodo {shlex.join(argv)}"
