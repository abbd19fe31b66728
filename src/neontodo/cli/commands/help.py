"""`todo help`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from neontodo.cli import completion
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App


def help_(
    ctx: typer.Context,
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]",
            autocompletion=completion.topics,
            help="A topic, or a command such as `add` or `token create`.",
        ),
    ] = None,
) -> None:
    """Explain a topic or a command; without one, list the topics."""
    from neontodo.cli import topics
    from neontodo.render.help_text import print_help_text
    from neontodo.render.text import safe_write

    app: App = ctx.obj
    words = topic or []
    if not words:
        _list_topics(app)
    elif len(words) == 1 and words[0] in topics.ORDER:
        print_help_text(app.streams, topics.text(words[0]))
    elif (described := _command(ctx.find_root(), words)) is not None:
        safe_write(app.streams.out, f"{described}\n")
    else:
        raise _unknown(ctx, " ".join(words))


def _list_topics(app: App) -> None:
    from neontodo.cli import topics
    from neontodo.render.text import safe_write

    found = [(name, topics.summary(name)) for name in topics.ORDER]
    if not app.streams.out_is_terminal:
        safe_write(app.streams.out, "".join(f"{name}\t{about}\n" for name, about in found))
        return
    width = max(map(len, topics.ORDER))
    lines = "".join(f"  {name:{width}}  {about}\n" for name, about in found)
    safe_write(
        app.streams.out,
        f"`todo help TOPIC` explains:\n\n{lines}\n"
        "`todo --help` lists the commands, and `todo COMMAND --help` explains one.\n",
    )


def _command(root: Any, words: list[str]) -> str | None:
    """The help of the command that the words name, if there is one."""
    context = root
    for word in words:
        if not hasattr(context.command, "get_command"):
            return None
        command = context.command.get_command(context, word)
        if command is None:
            return None
        context = command.context_class(
            command, parent=context, info_name=word, **command.context_settings
        )
    return str(context.get_help())


def _unknown(ctx: typer.Context, words: str) -> BadValue:
    from difflib import get_close_matches

    from neontodo.cli import topics

    root: Any = ctx.find_root().command
    near = get_close_matches(words.lower(), {*topics.ORDER, *root.commands}, 3, 0.6)
    quoted = " or ".join(f"`{name}`" for name in near)
    return BadValue(
        f"there is no topic or command `{words}`",
        hint=f"did you mean {quoted}?" if near else "`todo help` lists the topics",
    )
