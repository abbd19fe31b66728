"""The log as people read it: chosen by time and command, undone commands of many tasks folded."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.tasks.queries import changes
from neontodo.tasks.queries.changes import CommandSpan, LogFilter
from neontodo.tasks.results import LogEntry

FEW = 5
"""Commands that changed more tasks are folded when they are undone."""


async def read_log(
    session: AsyncSession, user_id: str, wanted: LogFilter, *, is_folded: bool, limit: int | None
) -> list[LogEntry]:
    """Return what happened, newest first, at most so many entries.

    With `is_folded` an undone command of many tasks is one entry, and so are its undo and redo: of
    the others no change is read.
    """
    if wanted == changes.WHOLE_LOG and not is_folded:
        return await changes.fetch_log(session, user_id, limit=limit)
    commands = await changes.fetch_command_spans(session, user_id, wanted, limit=limit)
    large = [command for command in commands if is_folded and _count_changes(command) > FEW]
    undone = await _find_undone(session, user_id, large) if large else set()
    folded = {
        command.first_seq: command for command in large if command.reverts or command.id in undone
    }
    spans = _choose_seqs(commands, folded, limit)
    entries = await changes.fetch_log(session, user_id, seqs=spans)
    return [
        replace(entry, count=_count_changes(command), is_undone=command.id in undone)
        if (command := folded.get(entry.seq))
        else entry
        for entry in entries
    ]


def _count_changes(command: CommandSpan) -> int:
    return command.last_seq - command.first_seq + 1


async def _find_undone(
    session: AsyncSession, user_id: str, commands: Iterable[CommandSpan]
) -> set[uuid.UUID]:
    """Return the commands that were taken back, unless what took them back was itself."""
    oldest = min(command.first_seq for command in commands)
    undone: set[uuid.UUID] = set()
    for command_id, reverted in await changes.fetch_reverts_since(session, user_id, oldest):
        if command_id not in undone:
            undone.add(reverted)
    return undone


def _choose_seqs(
    commands: Iterable[CommandSpan], folded: dict[int, CommandSpan], limit: int | None
) -> list[tuple[int, int]]:
    """Return the seqs of the newest changes, as spans; of a folded command that of its first."""
    spans: list[tuple[int, int]] = []
    left = limit
    for command in commands:
        if left == 0:
            break
        last = command.first_seq if command.first_seq in folded else command.last_seq
        first = command.first_seq
        if left is not None:
            first = max(first, last - left + 1)
            left -= last - first + 1
        spans.append((first, last))
    return spans
