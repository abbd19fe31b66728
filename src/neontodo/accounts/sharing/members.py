"""Members of a shared database: who they are, and how another one gets in.

A member is a user with one login role for each machine that was invited.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from shlex import quote

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from neontodo.accounts import machine_key, renaming
from neontodo.accounts.enrolment import Person, described, enrol, everyone, matching, named
from neontodo.accounts.issuers.issuer import SEPARATOR, subject_of
from neontodo.accounts.machine_key import Machine
from neontodo.accounts.sharing import grants, remove_member
from neontodo.accounts.sharing.grants import SharedDatabase
from neontodo.accounts.sharing.passwords import Encode, new_password
from neontodo.accounts.tokens import LONGEST_LABEL, LONGEST_USER_ID
from neontodo.db.blocking import MEMBER_PREFIX, grant_options
from neontodo.errors import BadValue, NotSignedIn, Refused
from neontodo.models import Key, Member, User

WHERE_IDS_ARE = (
    f"`todo whoami` shows the person who signed in theirs, such as `https://app.example.com"
    f"{SEPARATOR}…`; `todo member list` those of members"
)
CONNECTIONS = 20
"""That one login may have at a time, so that a member cannot take all of the server's."""


@dataclass(frozen=True)
class Login:
    """A person's login role, and since when it is theirs.

    Attributes:
        invited_until: when the invitation expires; None once it was accepted.
    """

    person: Person
    role: str
    since: datetime
    invited_until: datetime | None


@dataclass(frozen=True)
class Invited:
    """A login that was just made: what only its invitation may know of it.

    Attributes:
        other_databases: of the same server, which the first member of a database may connect to.
    """

    person: Person
    role: str
    expires_at: datetime
    password: str = field(repr=False)
    machine: Machine = field(repr=False)
    other_databases: str | None = None


async def add(
    connection: AsyncConnection,
    *,
    email: str,
    name: str | None,
    subject: str | None,
    days: int,
    now: datetime,
    encode: Encode,
) -> Invited:
    """Make a user, or take the one that `subject` names, and a login role and key for them.

    The invitation expires after so many days of the server's clock, which decides about it.

    Raises:
        Refused: there is a user of this e-mail address, or the database cannot be shared safely.
        NotSignedIn: this connection is not the owner's.
    """
    email, user_id = checked_email(email), checked_subject(subject)
    owned = await grants.alone(connection)
    is_first = await grants.prepare(connection, owned, encode)
    person = await _user(connection, user_id, email, name, now)
    await remove_member.drop_expired(connection, person, now)
    mine = machine_key.new_key(person.id, person.name or email)
    await enrol(connection, mine, label=await _label(connection, person, email), now=now)
    ends = sa.text("SELECT date_trunc('second', now()) + make_interval(days => :days)")
    expires_at: datetime = (await connection.scalars(ends, {"days": days})).one()
    role, password = await _login_role(connection, owned, expires_at, encode)
    await connection.execute(
        sa.insert(Member),
        {
            "role": role,
            "user_id": person.id,
            "key_id": mine.key_id,
            "created_at": now,
            "expires_at": expires_at,
        },
    )
    await grants.limit_resources(connection, owned)
    await grants.require_safe(connection, role)
    others = await grants.other_databases(connection, role) if is_first else None
    return Invited(person, role, expires_at, password, mine, others)


def checked_email(email: str) -> str:
    """The address, if it may be one."""
    before, _, after = email.strip().rpartition("@")
    text = f"{before}@{after}"
    if not (before and after and text.isprintable() and " " not in text):
        raise BadValue(f"`{email}` is no e-mail address", hint="such as `ann@example.com`")
    if len(text) > LONGEST_LABEL:
        raise BadValue(f"the e-mail address is longer than {LONGEST_LABEL} characters")
    return text


def checked_subject(subject: str | None) -> str | None:
    """The user id, if somebody can have it."""
    if subject is not None and not (0 < len(subject) <= LONGEST_USER_ID and subject.isprintable()):
        raise BadValue(
            f"`--subject` is a user id, 1 to {LONGEST_USER_ID} characters", hint=WHERE_IDS_ARE
        )
    return subject


async def _user(
    connection: AsyncConnection, user_id: str | None, email: str, name: str | None, now: datetime
) -> Person:
    people = await everyone(connection)
    if user_id is None and (same := matching(people, email)):
        raise Refused(
            f"`{email}` is a user of this database already",
            hint=f"`todo member add {quote(email)} --subject {quote(same[0].id)}` makes them "
            "another login",
        )
    for person in people:
        if person.id == user_id:
            return await _known(connection, person, email)
    if user_id is not None:
        if (subject := subject_of(user_id)) is None:
            raise BadValue(
                f"`{user_id}` is neither a user of this database nor the id of an issuer's account",
                hint=WHERE_IDS_ARE,
            )
        for person in people:
            if person.id == subject and await _is_theirs(connection, person, email):
                await renaming.rename(connection, subject, user_id)
                return await _known(connection, replace(person, id=user_id), email)
    person = Person(user_id or str(uuid.uuid4()), email, name)
    await connection.execute(
        sa.insert(User),
        {
            "id": person.id,
            "email": person.email,
            "name": person.name,
            "last_number": 0,
            "last_seq": 0,
            "created_at": now,
            "updated_at": now,
        },
    )
    return person


async def _known(connection: AsyncConnection, person: Person, email: str) -> Person:
    """The user that is there, if it is whose address that is.

    An account of an issuer that told none gets it; whoever has a machine is somebody else.

    Raises:
        Refused: they would get another person's tasks.
    """
    if not await _is_theirs(connection, person, email):
        raise Refused(
            f"`--subject` is the id of another user than `{email}`: {described(person)}",
            hint="another login of a user needs the address that `todo member list` shows; "
            "somebody new needs no `--subject`",
        )
    if person.email is not None:
        return person
    await connection.execute(sa.update(User).where(col(User.id) == person.id).values(email=email))
    return replace(person, email=email)


async def _is_theirs(connection: AsyncConnection, person: Person, email: str) -> bool:
    if person.email is not None:
        return person.email.casefold() == email.casefold()
    machines = sa.select(func.count()).where(
        col(Key.user_id) == person.id, col(Key.expires_at).is_(None)
    )
    return not await connection.scalar(machines)


async def _label(connection: AsyncConnection, person: Person, email: str) -> str:
    """What the key is called: the address, and a number if the person was invited before."""
    label = col(Key.label)
    before = sa.select(func.count()).where(
        col(Key.user_id) == person.id,
        (label == email) | label.startswith(f"{email} (", autoescape=True),
    )
    number = (await connection.scalar(before) or 0) + 1
    return email if number == 1 else f"{email} ({number})"


async def _login_role(
    connection: AsyncConnection, owned: SharedDatabase, expires_at: datetime, encode: Encode
) -> tuple[str, str]:
    role, password = f"{MEMBER_PREFIX}{secrets.token_hex(6)}", new_password()
    # Without it an expired invitation still logs in, and is shown nobody's rows.
    until = f"VALID UNTIL '{expires_at.isoformat()}'" if owned.can_lift_expiry else ""
    await connection.exec_driver_sql(
        f"CREATE ROLE {role} LOGIN {grants.LEAST} CONNECTION LIMIT {CONNECTIONS} "
        f"PASSWORD '{encode(password)}' {until}"
    )
    how = grant_options(connection, "INHERIT TRUE, SET FALSE")
    await connection.exec_driver_sql(f"GRANT {owned.group} TO {role}{how}")
    return role, password


async def the_one(connection: AsyncConnection, who: str) -> Person:
    """The user with this id, e-mail address or name.

    Raises:
        BadValue: there is none, or more than one.
    """
    return named(await everyone(connection), who, hint="`todo member list` names the members")


async def require_member(connection: AsyncConnection, person: Person) -> None:
    """Make sure that there is something to remove: a login role, or the rest of one.

    Raises:
        BadValue: the user comes in by the owner's connection, or not at all.
    """
    roles = sa.select(func.count()).where(col(Member.user_id) == person.id)
    if not await connection.scalar(roles):
        raise BadValue(
            f"{person.label} is not a member", hint="`todo member list` names the members"
        )


async def logins(connection: AsyncConnection) -> list[Login]:
    """Every login role of a member, the oldest first.

    Raises:
        NotSignedIn: this connection is not the owner's.
    """
    await grants.owner(connection)
    statement = (
        sa.select(
            col(User.id),
            col(User.email),
            col(User.name),
            col(Member.role),
            col(Member.created_at),
            sa.case((col(Member.joined_at).is_(None), col(Member.expires_at))),
        )
        .join(Member, col(Member.user_id) == User.id)
        .where(col(Member.removed_at).is_(None))
        .order_by(col(Member.created_at), col(Member.role))
    )
    return [Login(Person(*row[:3]), *row[3:]) for row in await connection.execute(statement)]


async def require_own(connection: AsyncConnection, user_id: str) -> None:
    """Make sure that a member's connection is for this user; an owner's is for everybody.

    Raises:
        NotSignedIn: the database shows this login role another user's rows, or nobody's.
    """
    answer = sa.text("SELECT row_security_active('users'), todo_current_user()")
    is_restricted, current = (await connection.execute(answer)).one()
    if is_restricted and current != user_id:
        raise NotSignedIn(
            "this database knows your login role as another user, or not any more",
            hint="ask its owner for an invitation: `todo member add`",
        )
