"""Completions in the words of each shell, where a task's text is data and nothing else.

Typer's own renderings let zsh evaluate a title (`\\$(…)`), bash split a project's name, and Rich
obey what looks like its markup.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from typer import _completion_shared
from typer._click.shell_completion import add_completion_class
from typer._completion_classes import BashComplete, FishComplete, ZshComplete

from neontodo.render.text import escaped


class Bash(BashComplete):
    """One value a line, as it would be typed."""

    def complete(self) -> str:
        args, incomplete = self.get_completion_args()
        values = [item.value for item in self.get_completions(args, incomplete)]
        if _in_quotes():
            return "\n".join(value for value in values if not re.search(r"[\\\"'$`!]", value))
        return "\n".join(re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", value) for value in values)


class Zsh(ZshComplete):
    """Shell code that offers values with their help; nothing of them is left for it to evaluate."""

    def complete(self) -> str:
        args, incomplete = self.get_completion_args()
        items = self.get_completions(args, incomplete)
        if not items:
            return "_files"
        words = " ".join(self.format_completion(item) for item in items)
        return f"local -a found; found=({words}); _describe -V todo found"

    def format_completion(self, item: Any) -> str:
        value = re.sub(r"[\\:]", r"\\\g<0>", item.value)
        help_ = escaped(item.help or "").replace("\\", "\\\\")
        text = f"{value}:{help_}" if help_ else value
        # Every sign that could mean something to a shell, and every space, is spelled out.
        return "$'" + re.sub(r"[\x00-\x7f]", _coded, text) + "'"


class Fish(FishComplete):
    """One value a line, with its help after a tab."""

    def format_completion(self, item: Any) -> str:
        return f"{item.value}\t{escaped(item.help)}" if item.help else str(item.value)


def register() -> None:
    """Use these in place of Typer's."""
    _completion_shared.install_zsh = _install_zsh
    add_completion_class(Bash, "bash")
    add_completion_class(Zsh, "zsh")
    add_completion_class(Fish, "fish")


def _install_zsh(*, _typers: Any = _completion_shared.install_zsh, **names: str) -> Path:
    """As Typer does, and goes before other completions of a `todo`, such as devtodo's in Debian."""
    script: Path = _typers(**names)
    settings = Path.home() / ".zshrc"
    line = f"source ~/.zfunc/{script.name}\n"
    if line not in (text := settings.read_text()):
        settings.write_text(text + line)
    return script


def _coded(match: re.Match[str]) -> str:
    character = match[0]
    return character if character.isalnum() else f"\\x{ord(character):02x}"


def _in_quotes() -> bool:
    """Whether bash completes a word that begins with a quote, which it then keeps."""
    words = os.environ["COMP_WORDS"].split("\n")  # noqa: TID251
    current = int(os.environ["COMP_CWORD"])  # noqa: TID251
    return current < len(words) and words[current].startswith(("'", '"'))
