"""Who somebody is in a database, and this machine's key there: asked, and put in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neontodo.errors import NotSignedIn, Refused

if TYPE_CHECKING:
    from neontodo.accounts.connection import Connection
    from neontodo.accounts.enrolment import Person, Population
    from neontodo.accounts.machine_key import Machine
    from neontodo.app import App
    from neontodo.db.database import Database


def enrolled(app: App, database: Database, made: Connection, who: str | None) -> Connection:
    """The connection with this machine's user and key in it; stored, but not yet in use.

    Where a new key is needed it is added to the database. If that fails, what was stored before
    is stored again.
    """
    from dataclasses import replace

    from neontodo.accounts import connection, machine_key

    if app.account is not None:
        return _vouched(app, database, made, who)
    own = machine_key.load(app.folder)
    before = _before(app, made.store)
    candidates = [before.machine if before else None, own]
    there = app.run(_population(database, candidates))
    mine, is_new = _machine(app, there, candidates, who)
    made = replace(made, machine=None if mine is own else mine)
    connection.keep(app.secrets, made)
    try:
        if is_new:
            app.run(_enrol(app, database, mine))
    except BaseException:
        if before is not None:
            connection.keep(app.secrets, before)
        else:
            connection.forget(app.folder, app.secrets, made.store)
        raise
    return made


def _vouched(app: App, database: Database, made: Connection, who: str | None) -> Connection:
    """The connection of somebody who has signed in: they need no key there.

    Raises:
        NotSignedIn: the login role is another member's.
        Refused: they say that they are somebody else.
    """
    from dataclasses import replace

    from neontodo.accounts import connection
    from neontodo.cli.signing_in import require_unsupplied

    assert app.account is not None
    require_unsupplied(app)
    if who is not None:
        raise Refused(
            f"you are signed in as {app.account.label}, so you are that user there",
            hint="`todo logout` first, or use another profile",
        )
    identity = app.run(app.identity())
    app.run(app.admit(identity, database))
    # A key from before is wanted again by whoever signs out.
    before = _before(app, made.store)
    made = replace(made, machine=before.machine if before else None)
    connection.keep(app.secrets, made)
    return made


def _before(app: App, store: str) -> Connection | None:
    """What is stored of the database; nothing if it is damaged, since it is written anew."""
    from neontodo.accounts import connection

    try:
        return connection.kept(app.secrets, store)
    except NotSignedIn:
        return None


def _machine(
    app: App, there: Population, candidates: Sequence[Machine | None], who: str | None
) -> tuple[Machine, bool]:
    """This machine's key in the database, and whether it has to be added there."""
    from neontodo.accounts import enrolment
    from neontodo.accounts.machine_key import new_key

    wanted = None if who is None else enrolment.named(there.people, who)
    for machine in candidates:
        if machine is None or not there.knows(machine):
            continue
        if wanted is None or wanted.id == machine.user_id:
            return machine, False
    if there.is_member:
        raise enrolment.stranger(next(iter(there.people), None))
    person = wanted or _asked(app, there.people)
    return new_key(person.id, person.name or person.label), True


def _asked(app: App, people: Sequence[Person]) -> Person:
    """The one whom somebody says they are; the only one there is is proposed."""
    from neontodo.accounts.enrolment import SHOWN, described, named, unnamed
    from neontodo.cli.prompt import answered
    from neontodo.render.messages import say

    if not app.streams.interactive:
        raise unnamed(people)
    if len(people) == 1:
        if answered(app, f"are you {described(people[0])}? [Y/n]").lower() in ("", "y", "yes"):
            return people[0]
        raise Refused("nothing was changed")
    say(app.streams, "this database has several users:")
    for place, person in enumerate(people[:SHOWN], 1):
        say(app.streams, f"  {place}  {described(person)}")
    answer = answered(app, "which one are you? number, e-mail address, name or id:")
    if not answer:
        raise Refused("nothing was changed")
    is_place = answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(people[:SHOWN])
    return people[int(answer) - 1] if is_place else named(people, answer)


async def _population(database: Database, machines: Sequence[Machine | None]) -> Population:
    from neontodo.accounts import enrolment

    async with database.bare() as connection:
        return await enrolment.population(connection, machines)


async def _enrol(app: App, database: Database, mine: Machine) -> None:
    import socket

    from neontodo.accounts import enrolment
    from neontodo.db.database import AGAIN

    app.renew_clock()
    async with database.bare(unknown=AGAIN) as connection:
        await enrolment.enrol(connection, mine, label=socket.gethostname(), now=app.now)
