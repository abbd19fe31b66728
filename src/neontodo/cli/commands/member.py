"""`todo member add`, `list` and `remove`: who shares this database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from neontodo.cli import options

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from neontodo.accounts.queries import MemberLogin
    from neontodo.accounts.sharing.members import NewInvitation
    from neontodo.accounts.sharing.remove_member import Removal
    from neontodo.app import App

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """Who is to be invited."""

    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")]
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What the person is called.")] = (
        None
    )
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Who they are already: their user id, as `todo whoami` shows it to them, or "
            "`todo member list` to you.",
        ),
    ] = None
    days: Annotated[
        int,
        typer.Option(metavar="DAYS", min=1, max=365, help="How many days it can be accepted."),
    ] = 7
    json: options.Json = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(options.Printing):
    """All members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest:
    """A member, and who gets their tasks."""

    member: Annotated[
        str, typer.Argument(metavar="MEMBER", help="The person's e-mail address, name or user id.")
    ]
    transfer_to: Annotated[
        str | None,
        typer.Option(
            metavar="USER", help="Give their tasks to this user: e-mail address, name or id."
        ),
    ] = None
    yes: options.Yes = False


def run_add(app: App, request: AddRequest) -> None:
    """Add a member to this database, and print an invitation for them.

    They take it with `todo join`. It works once, until it expires, and is not shown again. They get
    a login role of their own, by which the database shows them their own tasks and nobody else's.
    With `--subject` a user who is there already gets another login, such as for a second machine,
    and somebody who signs in by `todo login` a login for that account.
    """
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_invitation
    from neontodo.render.messages import hint, warn

    invited = _manage(app, _invite(app, request))
    print_invitation(choose_output(app, json=request.json), invited.login, invited.line)
    if (others := invited.login.other_databases) is not None:
        warn(app.streams, f"members can connect to other databases of this server: {others}")
        hint(
            app.streams,
            "`REVOKE CONNECT ON DATABASE … FROM PUBLIC` closes one, also to other programs' roles; "
            "`todo doctor` names them again",
        )
    if invited.authority is not None:
        hint(
            app.streams,
            f"give them the certificate {invited.authority} too: to join, they need it as "
            "`~/.postgresql/root.crt`",
        )


async def _invite(app: App, request: AddRequest) -> NewInvitation:
    from neontodo.accounts.sharing.members import invite, require_server

    require_server(app.target)
    claims = (await app.identity()).claims
    return await invite(
        app.database,
        claims,
        email=request.email,
        name=request.name,
        subject=request.subject,
        days=request.days,
        now=app.now,
    )


def run_list(app: App, request: ListRequest) -> None:
    """List who shares this database with you, and how many tasks they have.

    Members who have not joined yet are listed with the day their invitation expires.
    """
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_members

    found = _manage(app, _list(app))
    print_members(choose_output(app, json=request.json), found)


async def _list(app: App) -> list[tuple[MemberLogin, int]]:
    from neontodo.accounts.sharing.members import list_members, require_server

    require_server(app.target)
    await app.identity()
    return await list_members(app.database)


def run_remove(app: App, request: RemoveRequest) -> None:
    """Remove a member at once; their tasks stay, or go to another user.

    Their running commands are interrupted. `member add` with `--subject` and their id
    lets them in again.
    """
    from neontodo.accounts.sharing import remove_member
    from neontodo.cli.prompt import confirm
    from neontodo.render.messages import say, warn

    removal = _manage(app, _find_removal(app, request.member, request.transfer_to))
    user, heir = removal.user, removal.heir
    if not request.yes:
        fate = f"go to {heir.label}" if heir else "stay in the database"
        confirm(app, f"remove {user.label}? their tasks {fate}")
        app.renew_clock()
    removed = _manage(app, remove_member.remove(app.database, removal, app.now))
    for role in removed.roles_left:
        warn(app.streams, f"{role} could not be dropped; it has no rights left")
    if left := removed.tasks.unreadable:
        rows = "1 row is" if left == 1 else f"{left} rows are"
        warn(app.streams, f"{rows} not valid tasks and stay with the removed user")
    number = removed.tasks.tasks
    fate = f"{number} given to {heir.label}" if heir else f"{number} kept"
    say(app.streams, f"removed {user.label}; tasks: {fate}")


async def _find_removal(app: App, member: str, heir: str | None) -> Removal:
    from neontodo.accounts.sharing.members import require_server
    from neontodo.accounts.sharing.remove_member import find_removal

    require_server(app.target)
    claims = (await app.identity()).claims
    return await find_removal(app.database, claims, member, heir)


def _manage(app: App, work: Coroutine[Any, Any, T]) -> T:
    """Return what an owner's work answers, for which no member's session is waited."""
    from neontodo.db.blocking_sessions import run_without_blockers

    return app.run(run_without_blockers(app.database, work))


COMMANDS = {
    "add": (AddRequest, run_add),
    "list": (ListRequest, run_list),
    "remove": (RemoveRequest, run_remove),
}
