"""`todo member add`, `list` and `remove`: who shares this database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from neontodo.accounts.tokens import Claims
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
    from neontodo.accounts.sharing.members import invite
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_invitation
    from neontodo.render.messages import hint, warn

    invited = _manage(
        app,
        lambda claims: invite(
            app.database,
            claims,
            email=request.email,
            name=request.name,
            subject=request.subject,
            days=request.days,
            now=app.now,
        ),
    )
    print_invitation(choose_output(app, json=request.json), invited)
    if invited.other_databases is not None:
        warn(
            app.streams,
            f"members can connect to other databases of this server: {invited.other_databases}",
        )
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


def run_list(app: App, request: ListRequest) -> None:
    """List who shares this database with you, and how many tasks they have.

    Members who have not joined yet are listed with the day their invitation expires.
    """
    from neontodo.accounts.sharing.members import list_members
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_members

    found = _manage(app, lambda _: list_members(app.database))
    print_members(choose_output(app, json=request.json), found)


def run_remove(app: App, request: RemoveRequest) -> None:
    """Remove a member at once; their tasks stay, or go to another user.

    Their running commands are interrupted. `member add` with `--subject` and their id
    lets them in again.
    """
    from neontodo.accounts.sharing import remove_member
    from neontodo.cli.prompt import confirm
    from neontodo.render.messages import say, warn

    user, heir = _manage(
        app,
        lambda claims: remove_member.find_removal(
            app.database, claims, request.member, request.transfer_to
        ),
    )
    if not request.yes:
        fate = f"go to {heir.label}" if heir else "stay in the database"
        confirm(app, f"remove {user.label}? their tasks {fate}")
        app.renew_clock()
    settled, roles_left = _manage(
        app, lambda _: remove_member.remove(app.database, user, heir, app.now)
    )
    for role in roles_left:
        warn(app.streams, f"{role} could not be dropped; it has no rights left")
    if left := settled.unreadable:
        rows = "1 row is" if left == 1 else f"{left} rows are"
        warn(app.streams, f"{rows} not valid tasks and stay with the removed user")
    fate = f"{settled.tasks} given to {heir.label}" if heir else f"{settled.tasks} kept"
    say(app.streams, f"removed {user.label}; tasks: {fate}")


def _manage(app: App, work: Callable[[Claims], Coroutine[Any, Any, T]]) -> T:
    """Return what an owner's work answers, for which no member's session is waited."""
    from neontodo.accounts.sharing.members import require_server
    from neontodo.db.blocking_sessions import run_without_blockers

    async def manage() -> T:
        require_server(app.target)
        return await work((await app.identify_user()).claims)

    return app.run(run_without_blockers(app.database, manage()))


COMMANDS: Commands = {
    "add": (AddRequest, run_add),
    "list": (ListRequest, run_list),
    "remove": (RemoveRequest, run_remove),
}
