"""`todo token create`, `list` and `revoke`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue, OutcomeUnknown

if TYPE_CHECKING:
    from neontodo.accounts.queries import StoredKey
    from neontodo.app import App
    from neontodo.tasks.unit_of_work import UnitOfWork

T = TypeVar("T")

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """A token to be made."""

    name: Annotated[
        str, typer.Option(metavar="NAME", help="What it is for; `token revoke NAME` revokes it.")
    ]
    days: Annotated[
        int, typer.Option(metavar="DAYS", min=1, max=3650, help="How long it is accepted.")
    ] = 90
    json: options.Json = False
    dry_run: options.DryRun = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(options.Printing):
    """All keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRequest:
    """A key to be revoked."""

    key: Annotated[
        str, typer.Argument(metavar="NAME", help="The name of a token, or the start of its id.")
    ]
    yes: options.Yes = False
    dry_run: options.DryRun = False


def run_create(app: App, request: CreateRequest) -> None:
    """Create a token for scripts and CI; it is shown only once.

    The token is all that is printed: `TODO_TOKEN=$(todo token create --name ci)`. Members of
    somebody else's database cannot make tokens.
    """
    from datetime import timedelta
    from json import dumps

    from neontodo.accounts import access_tokens
    from neontodo.models import format_instant
    from neontodo.render.messages import say

    label = request.name.strip()
    if not (0 < len(label) <= LONGEST_NAME and label.isprintable()):
        raise BadValue(
            f"a token's name has 1 to {LONGEST_NAME} printable characters",
            hint="such as `todo token create --name ci`",
        )
    user_id = app.run(app.identify_user()).user_id
    token, key = access_tokens.make_access_token(
        user_id, label, now=app.now, lifetime=timedelta(days=request.days)
    )

    async def store(unit: UnitOfWork) -> None:
        # It also refuses a key that the store does not know, or has revoked.
        await unit.start()
        await access_tokens.save_access_token(
            unit.session, unit.user_id, key, signed_by=unit.key_id
        )

    _write(app, store, dry_run=request.dry_run)
    day = f"{key['expires_at']:%Y-%m-%d}"
    say(app.streams, f"the token `{label}` is accepted until {day}; it is shown only this once")
    if request.dry_run:
        say(app.streams, "this was a dry run: there is no such token")
        return
    ends = format_instant(key["expires_at"])
    answer = {"token": token, "id": key["id"], "name": label, "expires_at": ends}
    printed = dumps(answer, indent=2) if request.json else token
    app.streams.out.write(f"{printed}\n")


def run_list(app: App, request: ListRequest) -> None:
    """List this user's keys: each machine's own, and one for each token."""
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_keys

    found = _fetch_keys(app)
    print_keys(
        choose_output(app, json=request.json), found, in_use=app.run(app.identify_user()).key_id
    )


def run_revoke(app: App, request: RevokeRequest) -> None:
    """Revoke a token: it is refused from the next command on.

    A machine's key can be revoked too, but not the last one: that machine can no longer change
    anything. With the database's password it can still read, and the database's owner can connect
    again; change the password, or as the owner `todo member remove`, to end that.
    """
    from neontodo.accounts import access_tokens
    from neontodo.render.messages import hint, say, say_dry_run

    if not (request.yes or request.dry_run):
        _confirm_current_key(app, request.key)

    async def revoke(unit: UnitOfWork) -> StoredKey:
        await unit.start()
        return await access_tokens.revoke_key(unit.session, unit.user_id, request.key, unit.now)

    before = _write(app, revoke, dry_run=request.dry_run)
    if before.revoked_at is not None:
        say(app.streams, f"`{before.label}` was revoked on {before.revoked_at:%Y-%m-%d} already")
    elif before.expires_at is not None:
        say(app.streams, f"revoked `{before.label}`: no command accepts it any more")
    else:
        say(app.streams, f"revoked `{before.label}`: that machine can no longer change anything")
        if app.target.engine == "postgresql":
            hint(app.streams, "it can still read with the database's password: change that too")
    if request.dry_run:
        say_dry_run(app.streams)


def _write(app: App, action: Callable[[UnitOfWork], Awaitable[T]], *, dry_run: bool) -> T:
    try:
        return app.run(app.write(action, dry_run=dry_run))
    except OutcomeUnknown as error:
        error.hint = "`todo token list` shows whether it was saved"
        raise


def _fetch_keys(app: App) -> list[StoredKey]:
    from neontodo.accounts import queries

    return app.run(
        app.read(
            lambda session, me: queries.fetch_keys(session, me.user_id),
            is_empty=lambda keys: not keys,
        )
    )


def _confirm_current_key(app: App, reference: str) -> None:
    """Ask before the key is revoked that signed for this very command."""
    from neontodo.accounts import access_tokens
    from neontodo.cli.prompt import confirm

    key = access_tokens.find_key(_fetch_keys(app), reference, app.now)
    if key.id == app.run(app.identify_user()).key_id and key.revoked_at is None:
        app.run(app.database.close())
        confirm(
            app,
            f"revoke `{key.label}`? it is the key in use here: you could no longer change anything",
        )


COMMANDS: Commands = {
    "create": (CreateRequest, run_create),
    "list": (ListRequest, run_list),
    "revoke": (RevokeRequest, run_revoke),
}
