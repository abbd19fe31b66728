"""What a shell may complete: fixed words, and the store's own numbers, projects, tags and views.

Of what a function here returns, Typer offers what begins with the word typed so far.

Each shell's answers are written here too: Typer's own let zsh evaluate a title (`\\$(…)`), bash
split a project's name, and Rich obey what looks like its markup.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from typer import _completion_shared
from typer._click.shell_completion import CompletionItem, add_completion_class
from typer._completion_classes import BashComplete, FishComplete, ZshComplete

from neontodo.render.text import escape_text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.identity import Identity
    from neontodo.app import App
    from neontodo.fields import Option
    from neontodo.tasks.results import Count

T = TypeVar("T")

Offer = tuple[str, str]
"""What could be typed, and a word about it."""

Completion = Callable[[Any, str], list[Offer]]

TASKS_OFFERED = 200
PATIENCE = 2.0
"""Seconds to wait for the store."""


def complete_words(*words: str) -> Completion:
    """Complete one of a few words."""

    def complete(ctx: Any, incomplete: str) -> list[Offer]:
        return [(word, "") for word in words]

    return complete


def complete_sort_keys(incomplete: str) -> list[Offer]:
    """Complete the last key of a list of sort keys."""
    from neontodo.fields import SORT_KEYS

    start, comma, last = incomplete.rpartition(",")
    sign = "-" if last.startswith("-") else ""
    return [
        (f"{start}{comma}{sign}{key}", "")
        for key in SORT_KEYS
        if key.startswith(last.removeprefix("-"))
    ]


def complete_topics(incomplete: str) -> list[Offer]:
    """Complete a help topic."""
    from neontodo.cli.commands.help import TOPICS, summarize_topic

    return [(name, summarize_topic(name)) for name in TOPICS]


def complete_tasks(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete the number of a task that the command is for; the title is its help."""
    from neontodo.tasks.queries import tasks as queries

    if terms := complete_filter(ctx, incomplete):
        return terms
    start, comma, last = incomplete.rpartition(",")
    completed = {"undone": True, "show": None, "log": None}.get(ctx.info_name, False)
    found = _query_store(
        ctx.obj,
        lambda session, who: queries.fetch_numbers_starting(
            session, who.user_id, last, completed=completed, limit=TASKS_OFFERED
        ),
    )
    return [(f"{start}{comma}{number}", title) for number, title in found]


def complete_projects(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete the name of a project."""
    from neontodo.tasks.queries.counts import count_projects

    return _offer_counts(ctx.obj, count_projects)


def complete_tags(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete a tag."""
    from neontodo.tasks.queries.counts import count_tags

    return _offer_counts(ctx.obj, count_tags)


def complete_settings(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete what `todo config` does, then the name of a setting."""
    from neontodo.cli.commands.config import ACTIONS
    from neontodo.settings import Settings, describe

    words = ctx.params.get("words") or []
    if not words:
        return [(action, "") for action in ACTIONS]
    return [(name, describe(name)) for name in Settings.model_fields] if len(words) == 1 else []


def complete_views(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete the name of a view; its filter is its help."""
    from neontodo.tasks.queries.views import fetch_views

    async def fetch(session: AsyncSession, who: Identity) -> list[Offer]:
        views = await fetch_views(session, who.user_id)
        return [(view.name, view.filter) for view in views.values() if view.name.isprintable()]

    return _query_store(ctx.obj, fetch)


def complete_filter(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete a term of a filter: `+tag`, and the values of `project:`, `is:` and others."""
    from neontodo.fields import PRIORITIES
    from neontodo.tasks.filter_language import STATES, STATUSES

    if incomplete.startswith("+"):
        return [(f"+{name}", about) for name, about in complete_tags(ctx, "")]
    key, colon, start = incomplete.partition(":")
    words = {"is": STATES, "status": STATUSES, "priority": PRIORITIES, "p": PRIORITIES}
    stored = {"project": complete_projects, "tag": complete_tags, "view": complete_views}
    offers = [(word, "") for word in words.get(key.lower(), ())] if colon else []
    if colon and (complete := stored.get(key.lower())):
        # A comma stands between values.
        offers = [offer for offer in complete(ctx, start) if "," not in offer[0]]
    return [(f"{key}:{value}", about) for value, about in offers]


def complete_profiles(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete the name of a profile."""
    from neontodo.accounts import profiles

    ctx.obj.load_settings()
    return [(name, "") for name in profiles.list_names(ctx.obj.settings.data_dir)]


def complete_field(name: str, option: Option) -> Completion | None:
    """Return what completes the values of a field; None if nothing can."""
    if option.words:
        return complete_words(*option.words)
    return {"project": complete_projects, "tags": complete_tags}.get(name)


def complete_inline_words(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete a word that sets a field: `+tag`, `project:work`."""
    from neontodo.cli.inline_words import KEYS

    if incomplete.startswith("+"):
        return [(f"+{name}", about) for name, about in complete_tags(ctx, "")]
    key, colon, _ = incomplete.partition(":")
    field = KEYS.get(key.lower()) if colon else None
    complete = complete_field(field.name, field.option) if field and field.option else None
    return [(f"{key}:{value}", about) for value, about in complete(ctx, "")] if complete else []


def _offer_counts(
    app: App, query: Callable[[AsyncSession, str], Awaitable[list[Count]]]
) -> list[Offer]:
    counts = _query_store(app, lambda session, who: query(session, who.user_id))
    return [(c.name, f"{c.pending} pending") for c in counts if c.name.isprintable()]


def _query_store(
    app: App, query: Callable[[AsyncSession, Identity], Awaitable[list[T]]]
) -> list[T]:
    """Return the store's answer, nothing if it does not come soon: completion never complains."""
    import asyncio
    import io
    from dataclasses import replace

    async def answer() -> list[T]:
        app.load_settings()
        if not await _is_ready(app):
            return []
        return await asyncio.wait_for(app.read(query, is_empty=lambda found: not found), PATIENCE)

    app.streams = replace(app.streams, err=io.StringIO())
    try:
        return app.run(answer())
    except Exception:
        return []


async def _is_ready(app: App) -> bool:
    """Tell whether the store can be read as it is: completion creates and migrates nothing."""
    from neontodo.accounts import machine_keys
    from neontodo.db.schema import HEAD
    from neontodo.db.url import SqliteTarget

    if isinstance(app.target, SqliteTarget):
        if not app.target.path.exists():
            return False
        if await app.database.read_embedded_version() != HEAD:
            return False
    is_known = app.settings.token is not None or app.profile.connected_database is not None
    return is_known or machine_keys.load_machine_key(app.folder) is not None


def complete_file_names(ctx: Any, incomplete: str) -> list[CompletionItem]:
    """Leave the names of files to the shell; no other parameter is offered any."""
    return [CompletionItem(incomplete, type="file")]


_INSERTED = "%*"
"""The kinds of completion (COMP_TYPE) in which bash inserts what is offered, one or all."""


class Bash(BashComplete):
    """One value a line, as it would be typed; several with their help, for a person to read."""

    source_template = """
%(complete_func)s() {
    local IFS=$'\\n' line found
    found=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
                COMP_TYPE=${COMP_TYPE:-9} COLUMNS=$COLUMNS %(autocomplete_var)s=complete_bash $1)
    COMPREPLY=()
    if [[ $found == '$' ]]; then
        compopt -o default 2>/dev/null || COMPREPLY=( $(compgen -f -- "${COMP_WORDS[COMP_CWORD]}") )
        return 0
    fi
    compopt -o nosort 2>/dev/null
    while read -r line; do [[ $line ]] && COMPREPLY+=("$line"); done <<< "$found"
    return 0
}

complete -F %(complete_func)s %(prog_name)s
"""

    def complete(self) -> str:
        args, incomplete = self.get_completion_args()
        items = self.get_completions(args, incomplete)
        kind = _read_variable("COMP_TYPE")
        if _is_for_file(items):
            # No value is written so. Scripts of earlier versions offer files themselves.
            return "$" if kind else ""
        if _is_in_quotes():
            values = [item.value for item in items]
            return "\n".join(value for value in values if not re.search(r"[\\\"'$`!]", value))
        values = [re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", item.value) for item in items]
        if len(values) > 1 and kind and chr(int(kind)) not in _INSERTED:
            width = int(_read_variable("COLUMNS") or 80) - 1
            widest = max(map(len, values))
            values = [
                f"{value:{widest}}  {escape_text(item.help)}"[:width].rstrip()
                if item.help
                else value
                for value, item in zip(values, items, strict=True)
            ]
        return "\n".join(values)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what is offered; bash takes each colon for a word and inserts what follows it."""
        if incomplete == ":" and args:
            return self._complete_value(args[:-1], f"{args[-1]}:")
        if len(args) > 1 and args[-1] == ":":
            return self._complete_value(args[:-2], f"{args[-2]}:{incomplete}")
        return super().get_completions(args, incomplete)

    def _complete_value(self, args: list[str], word: str) -> list[CompletionItem]:
        items = super().get_completions(args, word)
        start = word.rindex(":") + 1
        return [CompletionItem(each.value[start:], each.type, each.help) for each in items]


class Zsh(ZshComplete):
    """Shell code that offers values with their help; nothing of them is left for it to evaluate."""

    def complete(self) -> str:
        args, incomplete = self.get_completion_args()
        items = self.get_completions(args, incomplete)
        if not items or _is_for_file(items):
            return "_files" if items else ""
        words = " ".join(self.format_completion(item) for item in items)
        return f"local -a found; found=({words}); _describe -V todo found"

    def format_completion(self, item: Any) -> str:
        value = re.sub(r"[\\:]", r"\\\g<0>", item.value)
        help_ = escape_text(item.help or "").replace("\\", "\\\\")
        text = f"{value}:{help_}" if help_ else value
        # Every character that could mean something to a shell, spaces too, is escaped.
        return "$'" + re.sub(r"[\x00-\x7f]", _encode_character, text) + "'"


class Fish(FishComplete):
    """One value a line, with its help after a tab, in our order."""

    source_template = FishComplete.source_template.replace("--no-files", "--no-files --keep-order")

    def complete(self) -> str:
        args, incomplete = self.get_completion_args()
        items = self.get_completions(args, incomplete)
        is_for_file = _is_for_file(items)
        if _read_variable("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
            # Where there is nothing to offer, fish would offer files.
            sys.exit(is_for_file)
        return "" if is_for_file else "\n".join(map(self.format_completion, items))

    def format_completion(self, item: Any) -> str:
        return f"{item.value}\t{escape_text(item.help)}" if item.help else str(item.value)


def register_shells() -> None:
    """Use these classes in place of Typer's."""
    _completion_shared.install_zsh = _install_zsh
    # What is installed is taken from there, and what is sourced from the classes.
    _completion_shared._completion_scripts |= {
        each.name: each.source_template for each in (Bash, Fish)
    }
    add_completion_class(Bash, "bash")
    add_completion_class(Zsh, "zsh")
    add_completion_class(Fish, "fish")


def _install_zsh(*, _typers: Any = _completion_shared.install_zsh, **names: str) -> Path:
    """Install as Typer does, but before another `todo`'s completion, such as that of devtodo."""
    script: Path = _typers(**names)
    settings = Path.home() / ".zshrc"
    line = f"source ~/.zfunc/{script.name}\n"
    if line not in (text := settings.read_text()):
        settings.write_text(text + line)
    return script


def _encode_character(match: re.Match[str]) -> str:
    character = match[0]
    return character if character.isalnum() else f"\\x{ord(character):02x}"


def _is_for_file(items: list[CompletionItem]) -> bool:
    return any(item.type == "file" for item in items)


def _read_variable(name: str) -> str:
    # The shells' scripts talk to this process alone, which Typer reads, too.
    return os.environ.get(name, "")  # noqa: TID251


def _is_in_quotes() -> bool:
    """Tell whether bash completes a word that begins with a quote, which it keeps."""
    words = _read_variable("COMP_WORDS").split("\n")
    current = int(_read_variable("COMP_CWORD"))
    return current < len(words) and words[current].startswith(("'", '"'))
