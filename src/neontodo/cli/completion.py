"""What the shell may complete: fixed words, and the store's own numbers, projects and tags."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.tasks.results import Count

Completion = Callable[[str], list[tuple[str, str]]]

TASKS_OFFERED = 200
SORT_KEYS = (
    "number", "title", "due", "priority", "project", "created", "updated", "completed",
)  # fmt: skip
DUE_WORDS = ("today", "tomorrow", "fri", "next week", "in 3 days", "+1w", "eow", "eom")


def choices(*words: str) -> Completion:
    """Complete one of a few words."""

    def complete(incomplete: str) -> list[tuple[str, str]]:
        return [(word, "") for word in words if word.startswith(incomplete)]

    return complete


due = choices(*DUE_WORDS)


def sort(incomplete: str) -> list[tuple[str, str]]:
    """Complete the last key of a list of sort keys."""
    start, comma, last = incomplete.rpartition(",")
    sign = "-" if last.startswith("-") else ""
    return [
        (f"{start}{comma}{sign}{key}", "")
        for key in SORT_KEYS
        if key.startswith(last.removeprefix("-"))
    ]


def topics(incomplete: str) -> list[tuple[str, str]]:
    """Complete a help topic."""
    from neontodo.cli import topics

    return [(name, topics.summary(name)) for name in topics.ORDER if name.startswith(incomplete)]


def tasks(incomplete: str) -> list[tuple[str, str]]:
    """Complete the number of a pending task; the title is its help."""
    from neontodo.render.text import escaped

    start, comma, last = incomplete.rpartition(",")
    found = _ask(_pending)
    return [
        (f"{start}{comma}{task.number}", escaped(task.title))
        for task in (found.tasks if found else ())
        if str(task.number).startswith(last)
    ]


def projects(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a project."""
    return _named(_projects, incomplete)


def tags(incomplete: str) -> list[tuple[str, str]]:
    """Complete a tag."""
    return _named(_tags, incomplete)


def _named(
    query: Callable[[App], Coroutine[Any, Any, list[Count]]], incomplete: str
) -> list[tuple[str, str]]:
    return [
        (count.name, f"{count.pending} pending")
        for count in _ask(query) or ()
        if count.name.startswith(incomplete) and count.name.isprintable()
    ]


async def _pending(app: App) -> Any:
    from neontodo.tasks.filters import TaskFilter
    from neontodo.tasks.queries import tasks as queries

    identity = await app.identity()
    async with app.database.read(identity.user_id) as session:
        return await queries.page(session, identity.user_id, TaskFilter(limit=TASKS_OFFERED))


async def _projects(app: App) -> list[Count]:
    from neontodo.tasks.queries import counts

    identity = await app.identity()
    async with app.database.read(identity.user_id) as session:
        return await counts.projects(session, identity.user_id)


async def _tags(app: App) -> list[Count]:
    from neontodo.tasks.queries import counts

    identity = await app.identity()
    async with app.database.read(identity.user_id) as session:
        return await counts.tags(session, identity.user_id)


def _ask(query: Callable[[App], Coroutine[Any, Any, Any]]) -> Any:
    """The store's answer; None where it cannot answer, since a completion never complains."""
    from neontodo.app import App
    from neontodo.errors import TodoError

    app = App.from_process()
    try:
        if app.target.engine == "sqlite" and not app.target.path.exists():
            return None
        return app.run(query(app))
    except TodoError:
        return None
    finally:
        app.close()
