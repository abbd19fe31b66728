"""Sessions for one user, which show nothing of anybody else.

The second of the three walls: a criterion for every owned table goes on each ORM select, update and
delete, so that a forgotten filter still returns nothing; any other statement is refused unless it
carries the session's user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria

from neontodo.models import Change, Key, Task, User

OWNER_COLUMNS: dict[Any, str] = {User: "id", Key: "user_id", Task: "user_id", Change: "user_id"}


class WrongUser(RuntimeError):
    """A statement that does not carry the session's user: a defect of this program."""


class UserSession(Session):
    """A session whose every statement belongs to `info["user_id"]`."""

    def connection(self, *args: Any, **kwargs: Any) -> Any:
        raise WrongUser("a session opened for a user gives out no bare connection")


@event.listens_for(UserSession, "do_orm_execute")
def guard(state: ORMExecuteState) -> None:
    """Add the user's criteria to a statement, or refuse it."""
    user_id = state.session.info["user_id"]
    if not state.is_orm_statement:
        raise WrongUser("only ORM statements can be tied to a user")
    if state.is_insert or state.is_executemany:
        check_rows(state, user_id)
    else:
        state.statement = state.statement.options(
            *(
                with_loader_criteria(table, getattr(table, column) == user_id, include_aliases=True)
                for table, column in OWNER_COLUMNS.items()
            )
        )


def check_rows(state: ORMExecuteState, user_id: str) -> None:
    """Check that every row of a bulk statement has the session's user."""
    mapper = state.bind_mapper
    column = OWNER_COLUMNS.get(mapper.class_) if mapper else None
    if column is None or not _all_carry(_rows(state.parameters), column, user_id):
        raise WrongUser("a row to be written does not carry the session's user")


def require_own_rows(session: Session, model: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Check that rows which bypass the ORM have the session's user."""
    if not _all_carry(rows, OWNER_COLUMNS[model], session.info["user_id"]):
        raise WrongUser("a row to be written does not carry the session's user")


def _rows(parameters: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(parameters, Mapping):
        return [parameters]
    return parameters or [{}]


def _all_carry(rows: Iterable[Mapping[str, Any]], column: str, user_id: str) -> bool:
    return all(row.get(column) == user_id for row in rows)


@event.listens_for(UserSession, "before_flush")
def refuse_flush(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    """Refuse to flush objects, which would bypass the guard: rows are written by statements."""
    if session.new or session.dirty or session.deleted:
        raise WrongUser("objects are not flushed; write them by a statement of tasks.queries")
