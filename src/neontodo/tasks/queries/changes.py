"""Statements on the log of changes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from neontodo.columns import INSTANTS
from neontodo.models import NUMBER_MAX, Change, Key, Task, User
from neontodo.tasks.queries import spans
from neontodo.tasks.queries.filter_sql import EngineSql, position
from neontodo.tasks.results import LogEntry
from neontodo.tasks.state import UnreadableChange, publish_state, read_before

LOGGED = ("seq", "at", "command_id", "reverts", "task_id", "kind", "before", "after")
FIRST_OF_COMMAND: sa.ColumnElement[int] = sa.literal_column("0")


@dataclass(frozen=True)
class LoggedCommand:
    """A command's first change: enough to tell what may be undone."""

    id: uuid.UUID
    first_seq: int
    key_id: str
    reverts: uuid.UUID | None


@dataclass(frozen=True)
class CommandSpan:
    """A command and the seqs of its changes, which have no gap."""

    id: uuid.UUID
    first_seq: int
    last_seq: int
    reverts: uuid.UUID | None


@dataclass(frozen=True)
class LogFilter:
    """Which changes are wanted: from an instant on, before another, of one command.

    Commands are told by what they changed: an import is `add`, `toggle` is `done` or `undone`.
    """

    since: datetime | None = None
    until: datetime | None = None
    command: str | None = None


WHOLE_LOG = LogFilter()


async def fetch_last_touched(session: AsyncSession, user_id: str, key_id: str) -> uuid.UUID | None:
    """Return the task that a machine added or changed last."""
    statement = (
        select(Change.task_id)
        .where(
            col(Change.user_id) == user_id,
            col(Change.key_id) == key_id,
            col(Change.kind) != "delete",
        )
        .order_by(col(Change.seq).desc())
        .limit(1)
    )
    return (await session.scalars(statement)).first()


async def fetch_commands(
    session: AsyncSession, user_id: str, *, before_seq: int | None, limit: int
) -> list[LoggedCommand]:
    """Return commands of all machines, newest first; those before a seq, if one is given."""
    statement = select(Change.command_id, Change.seq, Change.key_id, Change.reverts).where(
        col(Change.user_id) == user_id, col(Change.position) == FIRST_OF_COMMAND
    )
    if before_seq is not None:
        statement = statement.where(col(Change.seq) < before_seq)
    rows = await session.execute(statement.order_by(col(Change.seq).desc()).limit(limit))
    return [LoggedCommand(*row) for row in rows.all()]


async def fetch_command_spans(
    session: AsyncSession, user_id: str, wanted: LogFilter, *, limit: int | None
) -> list[CommandSpan]:
    """Return the commands whose first change is wanted, newest first.

    However many changes they made, only the first of each is read.
    """
    change: Any = Change
    later: Any = aliased(Change)
    following = sa.select(sa.func.min(later.seq)).where(
        later.user_id == user_id,
        later.position == FIRST_OF_COMMAND,
        later.seq > change.seq,
        # With an end, as statements have that look rows up.
        later.seq <= NUMBER_MAX,
    )
    newest = sa.select(col(User.last_seq)).where(col(User.id) == user_id)
    end = sa.func.coalesce(following.scalar_subquery() - 1, newest.scalar_subquery())
    reverted = _find_reverted(session, user_id, Change)
    statement = (
        sa.select(change.command_id, change.seq, end, change.reverts)
        .where(col(Change.user_id) == user_id, col(Change.position) == FIRST_OF_COMMAND)
        .where(*_build_log_conditions(Change, reverted, wanted))
        .order_by(col(Change.seq).desc())
        .limit(limit)
    )
    if wanted.command in ("undo", "redo"):
        statement = statement.outerjoin(reverted.source, reverted.on)
    rows = await session.execute(statement)
    # What plain SQL has put above the user's counter is a command of one change.
    return [CommandSpan(row[0], row[1], max(row[1], row[2]), row[3]) for row in rows.all()]


async def fetch_reverts_since(
    session: AsyncSession, user_id: str, seq: int
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return the undos and redos after a seq, newest first, each with what it took back."""
    statement = (
        select(Change.command_id, Change.reverts)
        .where(
            col(Change.user_id) == user_id,
            col(Change.position) == FIRST_OF_COMMAND,
            col(Change.seq) > seq,
            col(Change.reverts).is_not(None),
        )
        .order_by(col(Change.seq).desc())
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def fetch_command_changes(
    session: AsyncSession,
    user_id: str,
    command_id: uuid.UUID,
    *,
    after: int | None = None,
    limit: int,
) -> Sequence[Change]:
    """Return changes of a command, after a seq if one is given, in order; its seqs have no gap."""
    first = spans.read_in_order(
        session,
        sa.select(col(Change.seq)).where(
            col(Change.user_id) == user_id,
            col(Change.command_id).between(command_id, command_id),
            col(Change.position) == FIRST_OF_COMMAND,
        ),
        col(Change.command_id),
    ).scalar_subquery()
    start = first - 1 if after is None else sa.literal(after, sa.BigInteger)
    statement = (
        select(Change)
        .where(
            col(Change.user_id) == user_id,
            col(Change.command_id) == command_id,
            # With an end, or all that came after the command would be looked through.
            col(Change.seq) > start,
            col(Change.seq) <= start + limit,
        )
        .order_by(col(Change.seq))
    )
    return (await session.scalars(statement)).all()


async def fetch_log(
    session: AsyncSession,
    user_id: str,
    *,
    task_ids: Sequence[uuid.UUID] | None = None,
    seqs: spans.Spans | None = None,
    wanted: LogFilter = WHOLE_LOG,
    limit: int | None = None,
) -> list[LogEntry]:
    """Return what happened to some tasks, or in some spans of the log, or all, newest first."""
    entries = await _fetch_entries(session, user_id, task_ids, seqs, wanted, limit)
    gone = list({entry.task_id for entry in entries if entry.number is None})
    last = await fetch_newest_changes(session, user_id, gone) if gone else {}
    return [_name_entry(entry, last.get(entry.task_id)) for entry in entries]


async def _fetch_entries(
    session: AsyncSession,
    user_id: str,
    task_ids: Sequence[uuid.UUID] | None,
    seqs: spans.Spans | None,
    wanted: LogFilter,
    limit: int | None,
) -> list[LogEntry]:
    change: Any = Change
    chosen = sa.select(Change).where(change.user_id == user_id)
    if task_ids is not None:
        ids = spans.repeat_values(task_ids)
        chosen, change = spans.join_in_spans(session, user_id, col(Change.task_id), ids)
    elif seqs is not None:
        chosen, change = spans.join_in_spans(session, user_id, col(Change.seq), seqs)
    task = spans.find_in_span(session, user_id, col(Task.id), change.task_id, change.task_id)
    reverted = _find_reverted(session, user_id, change)
    is_same_key = sa.and_(col(Key.user_id) == change.user_id, col(Key.id) == change.key_id)
    statement = (
        chosen.with_only_columns(
            *(getattr(change, name) for name in LOGGED),
            sa.func.coalesce(Key.label, change.key_id).label("machine"),
            task.columns.number,
            sa.func.coalesce(task.columns.title, "").label("title"),
            reverted.columns.reverts.is_not(None).label("redo"),
        )
        .outerjoin(Key, is_same_key)
        .outerjoin(task.source, task.on)
        .outerjoin(reverted.source, reverted.on)
        .where(*_build_log_conditions(change, reverted, wanted))
        .order_by(change.seq.desc())
        .limit(limit)
    )
    rows = (await session.execute(statement)).all()
    return [LogEntry(**row._mapping) for row in rows if row.seq is not None]


def _find_reverted(session: AsyncSession, user_id: str, change: Any) -> spans.Found:
    """Return the first change of the command that a change took back."""
    return spans.find_in_span(
        session,
        user_id,
        col(Change.command_id),
        change.reverts,
        change.reverts,
        rows=aliased(Change),
        position=FIRST_OF_COMMAND,
    )


def _build_log_conditions(
    change: Any, reverted: spans.Found, wanted: LogFilter
) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if wanted.since is not None:
        conditions.append(change.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(change.at < wanted.until)
    if wanted.command in ("undo", "redo"):
        was_undo = reverted.columns.reverts.is_not(None)
        is_wanted = was_undo if wanted.command == "redo" else ~was_undo
        conditions += [change.reverts.is_not(None), is_wanted]
    elif wanted.command is not None:
        kind = {"add": "create", "rm": "delete"}.get(wanted.command, "update")
        conditions += [change.reverts.is_(None), change.kind == kind]
        after = sa.cast(change.after, sa.Text)
        # As columns.write_json spells it; a quote within a text has a backslash before it.
        if wanted.command == "edit":
            conditions.append(position(after, '"completed":') == 0)
        elif wanted.command in ("done", "undone"):
            flag = "true" if wanted.command == "done" else "false"
            conditions.append(position(after, f'"completed":{flag}') > 0)
    return conditions


def _name_entry(entry: LogEntry, last: Change | None) -> LogEntry:
    """Return an entry with people's words for its fields, and with the name of a removed task."""
    known = _publish_entry(entry)
    if entry.number is not None:
        return known
    state = read_before(last)
    return replace(known, number=state.get("number"), title=state.get("title", ""))


def _publish_entry(entry: LogEntry) -> LogEntry:
    try:
        if not (isinstance(entry.at, datetime) and isinstance(entry.title, str)):
            raise UnreadableChange
        return replace(entry, before=publish_state(entry.before), after=publish_state(entry.after))
    except UnreadableChange:
        at = entry.at if isinstance(entry.at, datetime) else INSTANTS[0]
        return replace(entry, at=at, title="", before=None, after=None, is_readable=False)


async def fetch_newest_changes(
    session: AsyncSession, user_id: str, task_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Change]:
    """Return the newest change of each task."""
    wanted = spans.repeat_values(task_ids)
    statement, _ = spans.join_in_spans(
        session, user_id, col(Change.task_id), wanted, newest_by=col(Change.seq)
    )
    found = (await session.scalars(statement)).all()
    return {change.task_id: change for change in found if change is not None}


async def fetch_reverted_commands(
    session: AsyncSession, user_id: str, command_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID | None]:
    """Return for those of the commands that are in the log which one each took back, if any."""
    wanted = spans.repeat_values(command_ids)
    statement, first = spans.select_in_spans(
        session, user_id, col(Change.command_id), wanted, position=FIRST_OF_COMMAND
    )
    rows = await session.execute(statement.with_only_columns(first.command_id, first.reverts))
    return {row[0]: row[1] for row in rows if row[0] is not None}


async def fetch_first_creations(
    session: AsyncSession, user_id: str, task_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, datetime]:
    """Return when each task was created first, or imported."""
    statement, change = spans.select_in_spans(
        session, user_id, col(Change.task_id), spans.repeat_values(task_ids), kind="create"
    )
    statement = statement.with_only_columns(change.task_id, sa.func.min(change.at))
    rows = await session.execute(statement.group_by(change.task_id))
    return {row[0]: row[1] for row in rows if row[0] is not None}


class logged_number(EngineSql):
    """The number of a task in a logged state, whatever plain SQL has put there.

    Postgres cannot take apart all that it takes for JSON; the number comes first in a state.
    """

    type = sa.BigInteger()
    inherit_cache = True
    templates: ClassVar = {
        "sqlite": "CASE WHEN json_valid({0}) THEN json_extract({0}, '$.number') END",
        "postgresql": "CAST(substring(CAST({0} AS text)"
        """ from '^[{{] *"number" *: *([0-9]{{1,16}})[,}} ]') AS bigint)""",
    }


async def fetch_deletions(
    session: AsyncSession, user_id: str, *, numbers: spans.Spans = (), ids: spans.Spans = ()
) -> list[Change]:
    """Return the removals of tasks whose number or id is in one of the spans, oldest first."""
    found: dict[int, Change] = {}
    removals = {"kind": "delete"}
    for column, wanted in (
        (col(Change.seq), await _fetch_removal_seqs(session, user_id, numbers)),
        (col(Change.task_id), ids),
    ):
        if wanted:
            statement, _ = spans.select_in_spans(session, user_id, column, wanted, **removals)
            rows = (await session.scalars(statement)).all()
            found |= {change.seq: change for change in rows if change is not None}
    return [found[seq] for seq in sorted(found)]


async def _fetch_removal_seqs(
    session: AsyncSession, user_id: str, numbers: spans.Spans
) -> list[tuple[int, int]]:
    """Return the seqs of the removals of tasks whose number is in one of the spans.

    No index has the numbers: all removals between the lowest and the highest are read, and their
    numbers compared here, since the engines would compare each with each.
    """
    if not numbers:
        return []
    merged = spans.merge_spans(numbers)
    number = logged_number(col(Change.before))
    statement = select(Change.seq, number).where(
        col(Change.user_id) == user_id,
        col(Change.kind) == "delete",
        number.between(merged[0][0], merged[-1][1]),
    )
    rows = (await session.execute(statement)).all()
    return spans.repeat_values(seq for seq, each in rows if spans.is_in_spans(each, merged))


async def may_delete_changes(session: AsyncSession, user_id: str) -> bool:
    """Return whether the login role may remove the user's log: a member's may not."""
    mine = select(User.id).where(col(User.id) == user_id)
    if session.get_bind().dialect.name == "postgresql":
        mine = mine.where(sa.func.has_table_privilege(Change.__tablename__, "DELETE"))
    return await session.scalar(mine) is not None
