"""From the references that people type to the tasks they name."""

from __future__ import annotations

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.errors import TaskNotFound, limit_lines
from neontodo.models import Task, TaskPublic
from neontodo.tasks.filters import TaskFilter
from neontodo.tasks.queries import changes, tasks
from neontodo.tasks.queries.spans import Span
from neontodo.tasks.references import Last, Number, Prefix, Range, Ref, Refs
from neontodo.tasks.state import UnreadableChange, read_change

AnyTask = TypeVar("AnyTask", bound=Task | TaskPublic)

CANDIDATES_SHOWN = 10


@dataclass(frozen=True)
class Filtered:
    """The tasks that a filter matches, of those that references name if there are any."""

    wanted: TaskFilter
    refs: Refs | None = None
    numbers: ClassVar[tuple[int, ...]] = ()


Chosen = Refs | Filtered
"""What the words of a command say that it is for."""


async def resolve_chosen(
    session: AsyncSession, user_id: str, key_id: str, chosen: Chosen
) -> list[Task]:
    """Return the tasks that are chosen, each once; those of a filter by number, and perhaps none.

    Raises TaskNotFound for a reference as `resolve_refs` does.
    """
    refs = chosen if isinstance(chosen, Refs) else chosen.refs
    named = await resolve_refs(session, user_id, key_id, refs) if refs is not None else []
    if isinstance(chosen, Refs):
        return named
    rows = await tasks.fetch_matching(session, user_id, chosen.wanted)
    if refs is None:
        return rows
    numbers = {task.number for task in named}
    return [task for task in rows if task.number in numbers]


async def resolve_refs(session: AsyncSession, user_id: str, key_id: str, refs: Refs) -> list[Task]:
    """Return the tasks that all references name, each once, in the order of the references.

    Raises:
        TaskNotFound: a reference names none, or a UUID prefix several; the candidates are listed.
    """
    last_id = await _fetch_last_id(session, user_id, key_id, refs)
    rows = await tasks.fetch_in_spans(session, user_id, **_list_spans(refs.parts, last_id))
    return _pick_named(refs, _Rows(rows), last_id)


async def resolve_one(session: AsyncSession, user_id: str, key_id: str, refs: Refs) -> Task:
    """Return the one task that the references name; TaskNotFound if they name none, or several."""
    found = await resolve_refs(session, user_id, key_id, refs)
    if len(found) > 1:
        raise TaskNotFound(
            f"give exactly one task, not {len(found)}",
            hint="use the number of one of these",
            details=list_candidates(found),
        )
    return found[0]


async def resolve_ids(
    session: AsyncSession, user_id: str, key_id: str, chosen: Chosen
) -> list[uuid.UUID]:
    """Return the ids of the tasks that are chosen, by references also removed ones.

    Raises TaskNotFound for a reference that names none.
    """
    if isinstance(chosen, Filtered):
        return [task.id for task in await resolve_chosen(session, user_id, key_id, chosen)]
    refs = chosen
    last_id = await _fetch_last_id(session, user_id, key_id, refs)
    spans = _list_spans(refs.parts, last_id)
    rows: list[Task | TaskPublic] = [*await tasks.fetch_in_spans(session, user_id, **spans)]
    # To look through the log takes long where it is long; a range may span what is gone.
    here = _Rows(rows)
    unsure = [ref for ref in refs.parts if isinstance(ref, Range) or not here.find(ref, last_id)]
    if unsure:
        there = {task.id for task in rows}
        spans = _list_spans(unsure, last_id)
        gone: dict[uuid.UUID, TaskPublic] = {}
        for change in await changes.fetch_deletions(session, user_id, **spans):
            with suppress(UnreadableChange):
                gone[change.task_id] = read_change(change)
        rows += [task for task_id, task in gone.items() if task_id not in there]
    return [task.id for task in _pick_named(refs, _Rows(rows), last_id)]


async def _fetch_last_id(
    session: AsyncSession, user_id: str, key_id: str, refs: Refs
) -> uuid.UUID | None:
    if any(isinstance(ref, Last) for ref in refs.parts):
        return await changes.fetch_last_touched(session, user_id, key_id)
    return None


def _find_span(ref: Ref, last_id: uuid.UUID | None) -> tuple[str, Span] | None:
    """Return the numbers, or the ids, that a reference names; None for a last task of nobody."""
    match ref:
        case Number():
            return "numbers", (ref.value, ref.value)
        case Range():
            return "numbers", (ref.first, ref.last)
        case Prefix():
            return "ids", (ref.low, ref.high)
        case Last():
            return ("ids", (last_id, last_id)) if last_id else None


def _list_spans(parts: Iterable[Ref], last_id: uuid.UUID | None) -> dict[str, list[Span]]:
    """Return the numbers and the ids that references name, as the queries take them."""
    spans: dict[str, list[Span]] = {"numbers": [], "ids": []}
    for found in (_find_span(ref, last_id) for ref in parts):
        if found is not None:
            spans[found[0]].append(found[1])
    return spans


class _Rows(Generic[AnyTask]):
    """Tasks in the order of their numbers and of their ids, where references find them."""

    def __init__(self, rows: Iterable[AnyTask]) -> None:
        rows = list(rows)
        numbered = (task for task in rows if isinstance(task.number, int))
        named = (task for task in rows if isinstance(task.id, uuid.UUID))
        self._sorted = {
            "numbers": sorted(numbered, key=_KEYS["numbers"]),
            "ids": sorted(named, key=_KEYS["ids"]),
        }

    def find(self, ref: Ref, last_id: uuid.UUID | None) -> Sequence[AnyTask]:
        if (found := _find_span(ref, last_id)) is None:
            return []
        name, (low, high) = found
        rows, key = self._sorted[name], _KEYS[name]
        return rows[bisect_left(rows, low, key=key) : bisect_right(rows, high, key=key)]


_KEYS = {"numbers": attrgetter("number"), "ids": attrgetter("id")}


def _pick_named(refs: Refs, rows: _Rows[AnyTask], last_id: uuid.UUID | None) -> list[AnyTask]:
    named: dict[uuid.UUID, AnyTask] = {}
    for ref in refs.parts:
        found = rows.find(ref, last_id)
        if not found:
            raise _explain_missing(ref)
        if isinstance(ref, Prefix) and len(found) > 1:
            raise TaskNotFound(
                f"`{ref.text}` is the start of {len(found)} tasks' ids",
                hint="use the number, or more of the id",
                details=list_candidates(found),
            )
        named |= {task.id: task for task in found}
    return list(named.values())


def list_candidates(found: Iterable[Task | TaskPublic]) -> tuple[str, ...]:
    """Return a line for each task, and how many more there are."""
    rows = list(found)
    shown = (f"{task.number}  {task.id}  {task.title}" for task in rows[:CANDIDATES_SHOWN])
    return limit_lines(shown, len(rows))


def _explain_missing(ref: Ref) -> TaskNotFound:
    hint = "`todo list --all` shows every task"
    match ref:
        case Last():
            return TaskNotFound("this machine has no last task, or it was removed", hint=hint)
        case Range():
            return TaskNotFound(f"no task has a number in {ref.text}", hint=hint)
        case Prefix() if ref.low == ref.high:
            return TaskNotFound(f"no task has the id {ref.text}", hint=hint)
        case Prefix():
            return TaskNotFound(f"no task's id starts with `{ref.text}`", hint=hint)
        case Number():
            return TaskNotFound(f"no task {ref.text}", hint=hint)
