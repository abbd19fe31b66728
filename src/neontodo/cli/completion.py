"""What the shell may complete: fixed words, and the store's own numbers, projects and tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from neontodo.fields import SORT_KEYS, Option

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.identity import Identity
    from neontodo.app import App
    from neontodo.tasks.results import Count

T = TypeVar("T")

Offer = tuple[str, str]
"""What could be typed, and a word about it."""

Completion = Callable[[str], list[Offer]]

TASKS_OFFERED = 200
PATIENCE = 2.0
"""Seconds after which a store that has not answered is not waited for."""


def choices(*words: str) -> Completion:
    """Complete one of a few words."""

    def complete(incomplete: str) -> list[Offer]:
        return [(word, "") for word in words if word.startswith(incomplete)]

    return complete


def sort(incomplete: str) -> list[Offer]:
    """Complete the last key of a list of sort keys."""
    start, comma, last = incomplete.rpartition(",")
    sign = "-" if last.startswith("-") else ""
    return [
        (f"{start}{comma}{sign}{key}", "")
        for key in SORT_KEYS
        if key.startswith(last.removeprefix("-"))
    ]


def topics(incomplete: str) -> list[Offer]:
    """Complete a help topic."""
    from neontodo.cli import topics

    return [(name, topics.summary(name)) for name in topics.ORDER if name.startswith(incomplete)]


def tasks(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete the number of a task that the command is for; the title is its help."""
    from neontodo.tasks.queries import tasks as queries

    start, comma, last = incomplete.rpartition(",")
    completed = {"undone": True, "show": None, "log": None}.get(ctx.info_name, False)
    found = _ask(
        ctx.obj,
        lambda session, who: queries.fetch_numbers_starting(
            session, who.user_id, last, completed=completed, limit=TASKS_OFFERED
        ),
    )
    return [(f"{start}{comma}{number}", title) for number, title in found]


def projects(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete the name of a project."""
    from neontodo.tasks.queries import counts

    return _named(_ask(ctx.obj, lambda session, who: counts.count_projects(session, who.user_id)))


def tags(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete a tag."""
    from neontodo.tasks.queries import counts

    return _named(_ask(ctx.obj, lambda session, who: counts.count_tags(session, who.user_id)))


def profiles(ctx: Any, incomplete: str) -> list[Offer]:
    """Complete the name of a profile."""
    from neontodo.accounts import profiles

    ctx.obj.load_settings()
    data = ctx.obj.settings.data_dir
    return [(name, "") for name in profiles.names(data) if name.startswith(incomplete)]


def complete_field(name: str, option: Option) -> Callable[..., list[Offer]] | None:
    """Return what completes the values of a field; None if nothing can."""
    if option.words:
        return choices(*option.words)
    return {"project": projects, "tags": tags}.get(name)


def _named(counts: Iterable[Count]) -> list[Offer]:
    return [(c.name, f"{c.pending} pending") for c in counts if c.name.isprintable()]


def _ask(app: App, query: Callable[[AsyncSession, Identity], Awaitable[list[T]]]) -> list[T]:
    """The store's answer; none where it cannot answer soon, since a completion never complains."""
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
    """Whether the store can be read as it is: nothing is made or migrated for a completion."""
    from neontodo.accounts import machine_key
    from neontodo.db import embedded
    from neontodo.db.schema import HEAD
    from neontodo.db.url import SqliteTarget

    if isinstance(app.target, SqliteTarget):
        if not app.target.path.exists():
            return False
        if await embedded.stored_version(app.database.engine) != HEAD:
            return False
    is_known = app.settings.token is not None or app.connection is not None
    return is_known or machine_key.load(app.folder) is not None
