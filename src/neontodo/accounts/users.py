"""A user as the database's owner sees them, and how one is named by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neontodo.errors import BadValue, limit_lines

SHOWN = 20
"""How many users are named at most."""


@dataclass(frozen=True)
class StoredUser:
    """A user's row, without its counters."""

    id: str
    email: str | None
    name: str | None

    @property
    def label(self) -> str:
        """What to call them."""
        return self.email or self.name or self.id

    @property
    def description(self) -> str:
        """All that is known, as `Ann <ann@example.org> (id)`."""
        names = " ".join(filter(None, (self.name, f"<{self.email}>" if self.email else None)))
        return f"{names} ({self.id})" if names else self.id


def find_matching(users: Sequence[StoredUser], who: str) -> list[StoredUser]:
    """Return the users with this id, else with this e-mail address, else with this name."""
    folded = who.casefold()
    return (
        [user for user in users if user.id == who]
        or [user for user in users if user.email and user.email.casefold() == folded]
        or [user for user in users if user.name and user.name.casefold() == folded]
    )


def find_user(
    users: Sequence[StoredUser],
    who: str,
    *,
    hint: str = "name one of them by e-mail address, name or id",
) -> StoredUser:
    """Return the one user that an id, an e-mail address or a name means; raises BadValue."""
    who = who.strip()
    found = find_matching(users, who)
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadValue(
            f"there is no user `{who}` in this database", details=describe_users(users), hint=hint
        )
    raise BadValue(
        f"`{who}` means {len(found)} users of this database",
        details=tuple(user.description for user in found),
        hint="use the id",
    )


def describe_users(users: Sequence[StoredUser]) -> tuple[str, ...]:
    """Return a line for each of the first users, and how many more there are."""
    return limit_lines((user.description for user in users[:SHOWN]), len(users))
