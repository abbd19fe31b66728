"""`todo join`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import Refused

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.db.url import PostgresTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """An invitation, which may still have to be asked for."""

    invitation: Annotated[
        str,
        typer.Argument(
            metavar="[INVITATION]",
            help="The line that `todo member add` printed; left out, it is asked for or read from "
            "standard input, which keeps it out of the shell's history.",
            show_default=False,
        ),
    ] = "-"
    yes: options.Yes = False


def run_join(app: App, request: JoinRequest) -> None:
    """Join somebody's database by an invitation, and keep tasks there from now on.

    The tasks of this machine's embedded store stay where they are.
    """
    from neontodo.accounts.sharing.invitation import (
        accept_invitation,
        decode_invitation,
        parse_target,
    )
    from neontodo.cli.connecting import offer_move, warn_overruled
    from neontodo.cli.prompt import ask_secret
    from neontodo.render.messages import say

    app.profile.may_be_new = True
    line = request.invitation
    if line == "-":
        line = ask_secret(app, "invitation (it will not be shown):")
    invited = decode_invitation(line)
    key = invited.machine_key
    if app.account is not None and app.account.user_id != key.user_id:
        # No command would know which of the two it is.
        raise Refused(
            f"the invitation is for another user than {app.account.label}, who is signed in here",
            hint="`todo logout --forget` first, or join with `--profile` and another name",
        )
    if not request.yes:
        _confirm_replacement(app, parse_target(invited))
    made = app.run(accept_invitation(invited, app.database_at, app.folder, app.secrets))
    say(app.streams, f"joined {made.display} as {key.name}")
    if not warn_overruled(app):
        offer_move(app)


def _confirm_replacement(app: App, target: PostgresTarget) -> None:
    """Ask before another database is given up."""
    from neontodo.accounts import connected_database
    from neontodo.cli.prompt import confirm

    last = connected_database.load_last_database(app.folder)
    if last is None:
        return
    if (
        stored := connected_database.load_connected_database(app.secrets, target.store_id)
    ) is not None:
        if f"//{target.user}@" not in stored.display:
            confirm(app, f"replace what is stored of {stored.display}?")
    elif last.current:
        confirm(app, f"{last.display} is in use; use {target.display} from now on?")


COMMANDS: Commands = {"join": (JoinRequest, run_join)}
