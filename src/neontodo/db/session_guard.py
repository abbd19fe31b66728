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

from neontodo.models import Change, Dependency, Key, Task, User, View

OWNER_COLUMNS: dict[Any, str] = {
    User: "id",
    Key: "user_id",
    Task: "user_id",
    Change: "user_id",
    Dependency: "user_id",
    View: "user_id",
}


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
        given, mapper = state.parameters, state.bind_mapper
        rows = [given] if isinstance(given, Mapping) else given or [{}]
        require_rows_of_user(state.session, mapper and mapper.class_, rows)
    else:
        state.statement = state.statement.options(
            *(
                with_loader_criteria(table, getattr(table, column) == user_id, include_aliases=True)
                for table, column in OWNER_COLUMNS.items()
            )
        )


def require_rows_of_user(session: Session, model: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Check that every row to be written to an owned table has the session's user."""
    user_id, column = session.info["user_id"], OWNER_COLUMNS.get(model)
    if column is None or any(row.get(column) != user_id for row in rows):
        raise WrongUser("a row to be written does not carry the session's user")


@event.listens_for(UserSession, "before_flush")
def refuse_flush(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    """Refuse to flush objects, which would bypass the guard: rows are written by statements."""
    if session.new or session.dirty or session.deleted:
        raise WrongUser("objects are not flushed; write them by a statement of tasks.queries")
