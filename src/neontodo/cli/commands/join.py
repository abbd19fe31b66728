"""`todo join`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.errors import Refused

if TYPE_CHECKING:
    from neontodo.accounts.machine_key import Machine
    from neontodo.app import App
    from neontodo.db.url import PostgresTarget


def join(
    ctx: typer.Context,
    invitation: Annotated[
        str,
        typer.Argument(
            metavar="[INVITATION]",
            help="The line that `todo member add` printed; left out, it is asked for or read from "
            "standard input, which keeps it out of the shell's history.",
            show_default=False,
        ),
    ] = "-",
    yes: options.Yes = False,
) -> None:
    """Take an invitation to somebody's database, and keep tasks there from now on.

    The tasks of this machine's embedded store stay where they are.
    """
    from neontodo.accounts.sharing import joining
    from neontodo.accounts.sharing.invitation import from_line
    from neontodo.cli import moving, whereabouts
    from neontodo.cli.prompt import asked_unseen
    from neontodo.render.messages import say

    app: App = ctx.obj
    app.allow_new_profile()
    invited = from_line(
        asked_unseen(app, "invitation (it will not be shown):") if invitation == "-" else invitation
    )
    _require_same(app, invited.machine)
    _require_free(app, joining.target_of(invited), yes)
    made = app.run(joining.join(invited, app.database_at, app.folder, app.secrets))
    say(app.streams, f"joined {made.display} as {invited.machine.name}")
    if not whereabouts.warn_overruled(app):
        moving.offer(app)


def _require_same(app: App, invited: Machine) -> None:
    """Make sure that who has signed in here is who is invited.

    Raises:
        Refused: they are two users, and no command would know which.
    """

    if app.account is not None and app.account.user_id != invited.user_id:
        raise Refused(
            f"the invitation is for another user than {app.account.label}, who is signed in here",
            hint="`todo logout` first, or join with `--profile` and another name",
        )


def _require_free(app: App, target: PostgresTarget, yes: bool) -> None:
    """Make sure that no other connection is given up in silence."""
    from neontodo.accounts import connection
    from neontodo.cli.prompt import confirm

    last = connection.place(app.folder)
    if yes or last is None:
        return
    if (known := connection.kept(app.secrets, target.key)) is not None:
        if f"//{target.user}@" not in known.display:
            confirm(app, f"replace what is stored of {known.display}?")
    elif last.current:
        confirm(app, f"{last.display} is in use; use {target.display} from now on?")
