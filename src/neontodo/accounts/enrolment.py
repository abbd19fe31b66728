"""Which user of a database somebody is, and this machine's key among that user's keys.

The same person on a second machine is the same user with one more key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from neontodo.accounts.key_text import public_text
from neontodo.accounts.machine_key import Machine
from neontodo.errors import BadValue, NotSignedIn, capped
from neontodo.models import Key, User

SHOWN = 20


@dataclass(frozen=True)
class Person:
    """A user as the database's owner sees them."""

    id: str
    email: str | None
    name: str | None

    @property
    def label(self) -> str:
        return self.email or self.name or self.id


@dataclass(frozen=True)
class Population:
    """The users that a connection shows, the oldest first.

    Attributes:
        keys: the keys that are accepted, as pairs of user and key.
        is_member: whether the login role is a member's, who is shown one user and adds no keys.
    """

    people: tuple[Person, ...]
    keys: frozenset[tuple[str, str]]
    is_member: bool

    def knows(self, machine: Machine | None) -> bool:
        """Whether a machine's key is accepted here already."""
        return machine is not None and (machine.user_id, machine.key_id) in self.keys


async def population(connection: AsyncConnection, machines: Sequence[Machine | None]) -> Population:
    """Who is there, and which of these machines' keys are accepted."""
    keys = sa.select(col(Key.user_id), col(Key.id)).where(
        col(Key.id).in_([machine.key_id for machine in machines if machine is not None]),
        col(Key.revoked_at).is_(None),
    )
    return Population(
        people=tuple(await everyone(connection)),
        keys=frozenset((row[0], row[1]) for row in await connection.execute(keys)),
        is_member=await is_member(connection),
    )


async def everyone(connection: AsyncConnection) -> list[Person]:
    """The users that a connection shows, the oldest first."""
    statement = sa.select(col(User.id), col(User.email), col(User.name)).order_by(
        col(User.created_at), col(User.id)
    )
    return [Person(*row) for row in await connection.execute(statement)]


async def is_member(connection: AsyncConnection) -> bool:
    """Whether the login role is a member's; an embedded store has no members."""
    if connection.dialect.name == "sqlite":
        return False
    return bool(await connection.scalar(sa.text("SELECT row_security_active('users')")))


def matching(people: Sequence[Person], who: str) -> list[Person]:
    """Those whom an id means, or if it is none an e-mail address, or else a name."""
    for fits in (_has_id, _has_email, _has_name):
        if found := [person for person in people if fits(person, who)]:
            return found
    return []


def named(
    people: Sequence[Person],
    who: str,
    *,
    hint: str = "name one of them by e-mail address, name or id",
) -> Person:
    """The one whom an id, an e-mail address or a name means.

    Raises:
        BadValue: nobody, or more than one.
    """
    wanted = who.strip()
    found = matching(people, wanted)
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadValue(
            f"there is no user `{wanted}` in this database", details=_listed(people), hint=hint
        )
    raise BadValue(
        f"`{wanted}` means {len(found)} users of this database",
        details=tuple(described(person) for person in found),
        hint="use the id",
    )


def _has_id(person: Person, wanted: str) -> bool:
    return person.id == wanted


def _has_email(person: Person, wanted: str) -> bool:
    return (person.email or "").casefold() == wanted.casefold() != ""


def _has_name(person: Person, wanted: str) -> bool:
    return (person.name or "").casefold() == wanted.casefold() != ""


def unnamed(people: Sequence[Person]) -> BadValue:
    """The refusal to guess which of them somebody is."""
    return BadValue(
        "this database has users already, and it is not known which one you are",
        details=_listed(people),
        hint="say it with `--as` and an e-mail address, a name or an id",
    )


def stranger(person: Person | None) -> NotSignedIn:
    """The refusal of a member's login role on a machine that was not invited."""
    whose = f"{person.label}'s" if person else "nobody's in this database"
    return NotSignedIn(
        f"this login role is {whose}, and this machine has no key for it",
        hint="ask the database's owner for an invitation, and take it with `todo join`",
    )


def described(person: Person) -> str:
    """Such as `Ann <ann@example.org> (id)`."""
    names = " ".join(filter(None, (person.name, f"<{person.email}>" if person.email else None)))
    return f"{names} ({person.id})" if names else person.id


def _listed(people: Sequence[Person]) -> tuple[str, ...]:
    return capped((described(person) for person in people[:SHOWN]), len(people))


async def enrol(
    connection: AsyncConnection, machine: Machine, *, label: str, now: datetime
) -> None:
    """Add a machine's key to its user; doing it again changes nothing."""
    statement = insert(Key).on_conflict_do_nothing()
    await connection.execute(
        statement,
        {
            "user_id": machine.user_id,
            "id": machine.key_id,
            "public_key": public_text(machine.private_key.public_key()),
            "label": label,
            "created_at": now,
        },
    )
