"""`todo help`, and its topics: texts that are shipped with the package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App

TOPICS = (
    "references",
    "filters",
    "quick-add",
    "dates",
    "signing-in",
    "scripts",
    "json",
    "exit-codes",
    "settings",
    "formats",
    "undo",
    "backup",
    "completion",
)

RELATED = {
    "neon": "connect",
    "postgres": "connect",
    "postgresql": "connect",
    "database": "connect",
    "sync": "connect",
    "move": "connect",
    "share": "member",
    "sqlite": "db",
    "csv": "formats",
    "taskwarrior": "formats",
    "inline": "quick-add",
    "due": "dates",
    "start": "dates",
    "wait": "dates",
    "waiting": "dates",
    "snooze": "dates",
    "time": "dates",
    "timezone": "dates",
    "cron": "scripts",
    "ci": "scripts",
    "pipe": "scripts",
    "color": "settings",
    "colour": "settings",
    "account": "signing-in",
    "password": "signing-in",
}
"""What people ask about, and the topic or command that explains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest:
    """What to explain."""

    topic: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]",
            autocompletion=completion.complete_topics,
            help="A topic, or a command such as `add` or `token create`.",
        ),
    ] = None


def run_help(app: App, request: HelpRequest) -> None:
    """Explain a topic or a command; without one, list the topics."""
    from neontodo.cli.typer_app import describe_command
    from neontodo.render.help_text import print_help_text
    from neontodo.render.text import safe_write

    words = request.topic or []
    if not words:
        _list_topics(app)
    elif len(words) == 1 and words[0] in TOPICS:
        print_help_text(app.streams, read_topic(words[0]))
    elif (described := describe_command(words, app)) is not None:
        safe_write(app.streams.out, f"{described}\n")
    else:
        raise _unknown_topic(" ".join(words))


def read_topic(name: str) -> str:
    """Return a topic as Markdown, with what the program declares elsewhere put in."""
    written = _read_file(name)
    if "{exit codes}" in written:
        from neontodo.cli.exits import Exit

        codes = "\n".join(f"- `{code.value}`: {code.meaning}" for code in Exit)
        written = written.replace("{exit codes}", codes)
    if "{settings}" in written:
        from neontodo.settings import Settings, describe, variable_name

        names = Settings.model_fields
        lines = (f"- `{name}`, or `{variable_name(name)}`: {describe(name)}" for name in names)
        written = written.replace("{settings}", "\n".join(lines))
    return written


def summarize_topic(name: str) -> str:
    """Return what a topic is about, in a few words."""
    title = _read_file(name).partition("\n")[0]
    return title.partition(": ")[2]


def _read_file(name: str) -> str:
    return (resources.files("neontodo") / "topics" / f"{name}.md").read_text(encoding="utf-8")


def _list_topics(app: App) -> None:
    from neontodo.render.text import safe_write

    found = [(name, summarize_topic(name)) for name in TOPICS]
    if not app.streams.shows_tables:
        safe_write(app.streams.out, "".join(f"{name}\t{about}\n" for name, about in found))
        return
    width = max(map(len, TOPICS))
    lines = "".join(f"  {name:{width}}  {about}\n" for name, about in found)
    safe_write(
        app.streams.out,
        f"`todo help TOPIC` explains:\n\n{lines}\n"
        "`todo --help` lists the commands, and `todo COMMAND --help` explains one.\n",
    )


def _unknown_topic(words: str) -> BadValue:
    from difflib import get_close_matches

    from neontodo.cli.commands import ENTRIES, suggest_command

    asked = words.lower()
    meant = RELATED.get(asked) or suggest_command(asked, ENTRIES)
    near = [meant] if meant else get_close_matches(asked, {*TOPICS, *ENTRIES}, 3, 0.6)
    quoted = " or ".join(f"`{name}`" for name in near)
    return BadValue(
        f"there is no topic or command `{words}`",
        hint=f"did you mean {quoted}?" if near else "`todo help` lists the topics",
    )


COMMANDS: Commands = {"help": (HelpRequest, run_help)}
