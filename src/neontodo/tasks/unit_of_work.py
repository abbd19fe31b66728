"""One command's write: rows and their log in one transaction, exactly once.

It begins by locking the user's row with the UPDATE that takes the numbers and seqs the command
needs. The same statement answers whether the command was applied before, which schema this is, and
whether the machine's key is still accepted; none of that costs a round trip of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.db.database import Database
from neontodo.db.schema import HEAD
from neontodo.errors import KeyNotAccepted, Refused, SchemaMismatch
from neontodo.models import TOO_MANY_TAGS, Change, Task, explain_too_many_notes, has_room_for_tags
from neontodo.tasks.queries import tasks, users
from neontodo.tasks.state import (
    SEARCHED,
    compare_columns,
    copy_columns,
    fold_columns,
    log_columns,
    log_removal,
)

T = TypeVar("T")


class AlreadyApplied(Exception):
    """The command was saved by an earlier try, whose answer got lost."""


@dataclass(frozen=True)
class WriteContext:
    """Who writes, when, and as which command; the same in every try of it.

    Attributes:
        key_id: the key, or the machine, that the changes are logged under.
        now: when the command began, in whole seconds.
        needs_key: whether that key must be one of the user's that is accepted. It need not where an
            issuer, or the database's owner, vouches for the user.
    """

    user_id: str
    key_id: str
    now: datetime
    command_id: uuid.UUID = field(default_factory=uuid.uuid4)
    needs_key: bool = True


async def save_exactly_once(
    database: Database,
    context: WriteContext,
    action: Callable[[UnitOfWork], Awaitable[T]],
    *,
    dry_run: bool = False,
) -> T:
    """Run an action in one transaction; a dry run rolls it back.

    If the connection breaks, the action runs again until its changes are known to be saved once.
    Returns the answer of the run that was saved, even if the server's own got lost.

    Raises:
        OutcomeUnknown: as `db.retry.run_with_retries`.
    """
    answers: list[T] = []

    async def attempt() -> T:
        try:
            async with database.write(context.user_id, dry_run=dry_run) as session:
                unit = UnitOfWork(session, context, sent_before=bool(answers))
                answers.append(await action(unit))
        except AlreadyApplied:
            pass
        return answers[-1]

    return await database.run_with_retries(attempt)


class UnitOfWork:
    """Collects one command's changes and writes them; nothing counts before `finish`.

    Between `start` and `finish`, `flush` may be called as often as memory asks for it.
    `sent_before` says that an earlier try came to its COMMIT, and may have been saved.
    """

    def __init__(
        self, session: AsyncSession, context: WriteContext, *, sent_before: bool = False
    ) -> None:
        self.session = session
        self.user_id = context.user_id
        self.key_id = context.key_id
        self.now = context.now
        self.reverts: uuid.UUID | None = None
        self.last_number = 0
        self.seq = 0
        self.sent_before = sent_before
        self._context = context
        self._taken: tuple[int, int] = (0, 0)
        self._position = 0
        self._creates: list[dict[str, Any]] = []
        self._updates: list[dict[str, Any]] = []
        self._deletes: list[Task] = []
        self._changes: list[dict[str, Any]] = []

    async def start(self, *, numbers: int = 0, changed: int = 0) -> None:
        """Lock the user's row and take so many numbers and seqs; `finish` corrects the guess.

        Raises:
            AlreadyApplied: an earlier try was saved.
            KeyNotAccepted: the store has no such user, or the key is not accepted (any more).
            SchemaMismatch: the store is of another version.
        """
        if self.sent_before:
            # The earlier try may be alive, and be saved while this waits for its lock. Besides the
            # row it waited for, a statement sees only what was there when it began.
            await users.begin_write(self.session, self._context, numbers=0, changes=0)
        begun = await users.begin_write(
            self.session, self._context, numbers=numbers, changes=changed
        )
        if begun is None:
            raise users.UnknownUser
        last_number, last_seq, version, key_accepted, applied = begun
        if applied:
            raise AlreadyApplied
        if version != HEAD:
            raise SchemaMismatch(
                f"the store's schema is {version}, this program's is {HEAD}",
                hint="run `todo db upgrade`, or upgrade neontodo",
            )
        if self._context.needs_key and not key_accepted:
            raise KeyNotAccepted(
                "this store does not know this machine's key, or has revoked it",
                hint="run `todo connect`",
            )
        self._taken = (last_number, last_seq)
        self.last_number = last_number - numbers
        self.seq = last_seq - changed

    def next_number(self) -> int:
        """Take the next number for a new task."""
        self.last_number += 1
        return self.last_number

    def create(self, task_id: uuid.UUID, columns: Mapping[str, Any]) -> None:
        """Add a task; `columns` are all of `COLUMN_TYPES`, perhaps with the search column."""
        row = {"user_id": self.user_id, "id": task_id, **columns, "seq": self.seq + 1}
        if "search_text" not in row:
            row["search_text"] = fold_columns(columns)
        self._creates.append(row)
        self.last_number = max(self.last_number, columns["number"])
        self._log(task_id, "create", None, log_columns(columns))

    def update(self, task: Task, wanted: Mapping[str, Any]) -> bool:
        """Set columns of a task; False, and nothing logged, if it already is so."""
        if (changed := compare_columns(task, wanted)) is None:
            return False
        if "tags" in changed[1] and not has_room_for_tags(wanted["tags"]):
            raise Refused(f"task {task.number}: {TOO_MANY_TAGS}")
        if "notes" in changed[1] and (problem := explain_too_many_notes(wanted["notes"])):
            raise Refused(f"task {task.number}: {problem}")
        columns = {name: wanted[name] for name in changed[1]}
        if SEARCHED & columns.keys():
            columns["search_text"] = fold_columns(copy_columns(task) | columns)
        columns |= {"updated_at": self.now, "seq": self.seq + 1}
        self._updates.append({"user_id": self.user_id, "id": task.id, **columns})
        self._log(task.id, "update", *changed)
        return True

    def delete(self, task: Task) -> None:
        """Remove a task, be it one that cannot be read."""
        self._deletes.append(task)
        task_id = task.id if isinstance(task.id, uuid.UUID) else uuid.UUID(int=0)
        self._log(task_id, "delete", log_removal(task), None)

    def _log(
        self,
        task_id: uuid.UUID,
        kind: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        self.seq += 1
        self._changes.append(
            {
                "user_id": self.user_id,
                "seq": self.seq,
                "command_id": self._context.command_id,
                "position": self._position,
                "key_id": self.key_id,
                "task_id": task_id,
                "kind": kind,
                "before": before,
                "after": after,
                "reverts": self.reverts,
                "at": self.now,
            }
        )
        self._position += 1

    async def flush(self) -> None:
        """Send what has been collected."""
        # Members write no number and no seq above their counters.
        if self._taken[0] < self.last_number or self._taken[1] < self.seq:
            await self._set_counters(
                max(self._taken[0], self.last_number), max(self._taken[1], self.seq)
            )
        # The log goes first: if another try of this command got ahead, its unique index says so.
        await users.insert_rows(self.session, Change, self._changes)
        await tasks.delete_tasks(self.session, self.user_id, self._deletes)
        await users.insert_rows(self.session, Task, self._creates)
        await tasks.update_tasks(self.session, self._updates)
        self._changes, self._deletes, self._creates, self._updates = [], [], [], []

    async def finish(self) -> None:
        """Send the rest, and set the counters right if the guess at `start` was off."""
        if self._taken != (self.last_number, self.seq):
            await self._set_counters(self.last_number, self.seq)
        await self.flush()

    async def _set_counters(self, last_number: int, seq: int) -> None:
        await users.set_counters(self.session, self.user_id, last_number, seq)
        self._taken = (last_number, seq)
