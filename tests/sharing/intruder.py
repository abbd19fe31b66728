"""A member with plain SQL, and an eye on everything that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import asyncpg

from tests.sharing.people import login

T = TypeVar("T")
SECRET = "sesame"
"""In every text that the others have."""


class Intruder:
    """One connection of a member's; `foreign` is what nothing may show, besides SECRET.

    Rows, errors with all their details, and notices are looked through alike.
    """

    def __init__(self, url: str, foreign: Iterable[str], **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._foreign = (SECRET, *foreign)
        self._said: list[str] = []
        self.connection: asyncpg.Connection = self._runner.run(login(url, **options))
        self.connection.add_log_listener(lambda _, message: self._said.append(_text(message)))

    def close(self) -> None:
        if not self.connection.is_closed():
            self._runner.run(self.connection.close())
        self._runner.close()

    def rows(self, statement: str, *values: Any, known: tuple[str, ...] = ()) -> list[Any]:
        """What a statement answers; `known` is what the intruder said in it."""
        found = self._run(lambda: self.connection.fetch(statement, *values))
        self._look_through(found, known)
        return [tuple(row) if len(row) != 1 else row[0] for row in found]

    def tries(self, statement: str, *values: Any, known: tuple[str, ...] = ()) -> str:
        """The SQLSTATE with which a statement is refused; `allowed` if it is not."""
        try:
            self.rows(statement, *values, known=known)
        except asyncpg.PostgresError as error:
            self._look_through([_text(error)], known)
            return str(error.sqlstate)
        return "allowed"

    def many(self, *statements: str) -> list[str]:
        """The outcome of each."""
        return [self.tries(statement) for statement in statements]

    def script(self, text: str) -> str:
        """Several statements in one message, as psql sends them."""
        try:
            return str(self._run(lambda: self.connection.execute(text)))
        except asyncpg.PostgresError as error:
            self._look_through([_text(error)], ())
            return str(error.sqlstate)

    def do(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Whatever else the driver can do with the connection."""
        found = self._run(lambda: work(self.connection))
        self._look_through([str(found)], ())
        return found

    def _run(self, work: Callable[[], Awaitable[T]]) -> T:
        async def inner() -> T:
            return await work()

        return self._runner.run(inner())

    def _look_through(self, found: Iterable[Any], known: tuple[str, ...]) -> None:
        seen = " ".join([*map(str, found), *self._said])
        self._said.clear()
        for word in known:
            seen = seen.replace(word, "")
        leaked = [word for word in self._foreign if word in seen]
        assert not leaked, seen


def _text(message: Any) -> str:
    parts = message.as_dict() if hasattr(message, "as_dict") else vars(message)
    return f"{message} {parts}"
