"""`todo member add`, `list` and `remove`: who shares this database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from neontodo.cli import options
from neontodo.errors import BadValue, Refused, StoreUnavailable, TodoError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from neontodo.accounts.enrolment import Person
    from neontodo.accounts.sharing.members import Invited, Login
    from neontodo.app import App
    from neontodo.db.url import PostgresTarget
    from neontodo.tasks.transfer import Transferred

T = TypeVar("T")
Who = Annotated[
    str, typer.Argument(metavar="MEMBER", help="The person's e-mail address, name or user id.")
]


def add(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the person is called.")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Who they are already: their user id, as `todo whoami` shows it to them, or "
            "`todo member list` to you.",
        ),
    ] = None,
    days: Annotated[
        int,
        typer.Option(metavar="DAYS", min=1, max=365, help="How long the invitation can be taken."),
    ] = 7,
    json: options.Json = False,
) -> None:
    """Let somebody else keep tasks in this database, and print an invitation for them.

    They take it with `todo join`. It works once, until it expires, and is not shown again. They get
    a login role of their own, by which the database shows them their own tasks and nobody else's.
    With `--subject` a user who is there already gets another login, such as for a second machine,
    and somebody who signs in by `todo login` a login for that account.
    """
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_invitation
    from neontodo.render.messages import hint, warn

    app: App = ctx.obj
    invited, line = _manage(app, _add(app, email, name, subject, days))
    print_invitation(choose_output(app, json=json), invited, line)
    if invited.other_databases:
        warn(
            app.streams,
            f"members can connect to other databases of this server: {invited.other_databases}",
        )
        hint(
            app.streams,
            "`REVOKE CONNECT ON DATABASE … FROM PUBLIC` shuts one, for other programs' roles too; "
            "`todo doctor` names them again",
        )
    if (authority := _own_authority(app)) is not None:
        hint(
            app.streams,
            f"give them the certificate {authority} too: to join, they need it as "
            "`~/.postgresql/root.crt`",
        )


def _own_authority(app: App) -> str | None:
    """The file of this machine without which others cannot verify the server."""
    from neontodo.accounts.sharing.invitation import portable

    target = require_server(app)
    is_needed = target != portable(target) and not target.is_neon
    return target.sslrootcert if is_needed else None


async def _add(
    app: App, email: str, name: str | None, subject: str | None, days: int
) -> tuple[Invited, str]:
    from neontodo.accounts import key_queries
    from neontodo.accounts.sharing import members
    from neontodo.accounts.sharing.invitation import Invitation, portable, to_line, url_for
    from neontodo.accounts.sharing.passwords import Encode, set_passwords

    target = require_server(app)
    claims = (await app.identity()).claims
    lost = "if `todo member list` shows them, add them again with `--subject` and their id"

    async def add(encode: Encode) -> Invited:
        async with app.database.bare(unknown=lost) as connection:
            await key_queries.require_accepted(connection, claims)
            return await members.add(
                connection,
                email=email,
                name=name,
                subject=subject,
                days=days,
                now=app.now,
                encode=encode,
            )

    invited = await set_passwords(target, add)
    url = url_for(portable(target), invited.role, invited.password)
    return invited, to_line(Invitation(url, invited.machine))


def list_(
    ctx: typer.Context,
    json: options.Json = False,
    color: options.Color = "auto",
) -> None:
    """List who shares this database with you, and how many tasks they have.

    Who has not joined yet is listed with the day on which their invitation expires.
    """
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_members

    app: App = ctx.obj
    found = _manage(app, _logins(app))
    print_members(choose_output(app, json=json), found)


async def _logins(app: App) -> list[tuple[Login, int]]:
    from neontodo.accounts.sharing import members

    require_server(app)
    await app.identity()
    async with app.database.bare() as connection:
        logins = await members.logins(connection)
    return [(login, await _tasks(app, login.person)) for login in logins]


async def _tasks(app: App, person: Person) -> int:
    """How many tasks somebody has."""
    from neontodo.tasks.queries import tasks

    async with app.database.read(person.id) as session:
        return await tasks.count_tasks(session, person.id)


def remove(
    ctx: typer.Context,
    member: Who,
    transfer_to: Annotated[
        str | None,
        typer.Option(
            metavar="USER", help="Give their tasks to this user: e-mail address, name or id."
        ),
    ] = None,
    yes: options.Yes = False,
) -> None:
    """Take somebody's access away at once; their tasks stay, or go to another user.

    What they are doing at this moment is cut off too. `member add` with `--subject` and their id
    lets them in again.
    """
    from neontodo.cli.prompt import confirm
    from neontodo.render.messages import say, warn

    app: App = ctx.obj
    person, heir = _manage(app, _chosen(app, member, transfer_to))
    if not yes:
        fate = f"go to {heir.label}" if heir else "stay in the database"
        confirm(app, f"remove {person.label}? their tasks {fate}")
        app.renew_clock()
    (number, left), kept = _manage(app, _remove(app, person, heir))
    for role in kept:
        warn(app.streams, f"{role} owns too much, or something elsewhere: it stays without rights")
    if left:
        rows = "1 row is" if left == 1 else f"{left} rows are"
        warn(app.streams, f"{rows} not as todo writes tasks, and stay with the removed user")
    fate = f"{number} given to {heir.label}" if heir else f"{number} kept"
    say(app.streams, f"removed {person.label}; tasks: {fate}")


async def _chosen(app: App, who: str, heir: str | None) -> tuple[Person, Person | None]:
    """The member, and who gets the tasks."""
    from neontodo.accounts import key_queries
    from neontodo.accounts.sharing import grants, members

    require_server(app)
    claims = (await app.identity()).claims
    async with app.database.bare() as connection:
        await grants.owner(connection)
        await key_queries.require_accepted(connection, claims)
        person = await members.the_one(connection, who)
        await members.require_member(connection, person)
        receiver = await members.the_one(connection, heir) if heir is not None else None
    if receiver == person:
        raise BadValue("the tasks cannot be given to the member who is removed")
    return person, receiver


async def _remove(app: App, person: Person, heir: Person | None) -> tuple[Transferred, list[str]]:
    """How many tasks they had, and which login roles could not be dropped."""
    from neontodo.accounts.sharing import remove_member
    from neontodo.tasks.transfer import Transferred, transfer

    # First of all, and without a look at the tasks, which the member may have locked.
    await remove_member.blind(app.database, person, app.now)
    try:
        if heir is None:
            tasks = Transferred(await _tasks(app, person), 0)
        else:
            async with app.database.write(person.id) as session:
                tasks = await transfer(session, person.id, heir.id, app.now)
        return tasks, await remove_member.drop(app.database, person, app.now)
    except TodoError as error:
        raise StoreUnavailable(
            f"{person.label} is shut out, but the rest is not done: {error.message}",
            hint="`todo member remove` again goes on; without `--transfer-to` the tasks stay",
        ) from error


def _manage(app: App, work: Coroutine[Any, Any, T]) -> T:
    """Return what an owner's work answers, for which no member's session is waited."""
    from neontodo.db.blocking import run_without_blockers

    return app.run(run_without_blockers(app.database, work))


def require_server(app: App) -> PostgresTarget:
    """The database that can be shared.

    Raises:
        Refused: it is the embedded store.
    """

    target = app.target
    if target.engine == "sqlite":
        raise Refused(
            "the embedded store is yours alone: only a Postgres database can be shared",
            hint="`todo connect` uses one",
        )
    return target


COMMANDS = {"add": add, "list": list_, "remove": remove}
