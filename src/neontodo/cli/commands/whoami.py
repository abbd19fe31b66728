"""`todo whoami`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import KeyNotAccepted, TodoError

if TYPE_CHECKING:
    from datetime import datetime

    from neontodo.accounts.identity import Identity
    from neontodo.accounts.queries import Signer
    from neontodo.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoamiRequest(options.Printing):
    """The user of this run."""


def run_whoami(app: App, request: WhoamiRequest) -> None:
    """Show who you are to the store, by which token, and which store that is.

    The exit code tells whether the store accepts you.
    """
    from neontodo.accounts.identity import require_accepted
    from neontodo.cli.output import choose_output
    from neontodo.masking import mask_url
    from neontodo.models import format_instant
    from neontodo.render.listing import print_pairs
    from neontodo.tasks.queries.users import UnknownUser

    identity = app.run(app.identify_user())
    signer: Signer | None = None
    problem: TodoError | None = None
    try:
        signer = app.run(_fetch_signer(app, identity))
        if signer is None:
            raise UnknownUser
        require_accepted(signer.accepted, identity.claims)
    except KeyNotAccepted as error:
        problem = app.explain_refusal(error)
    except TodoError as error:
        problem = error
    expires_at = _find_expiry(app, identity)
    facts = {
        "name": signer.name if signer else identity.claims.name,
        "email": signer.email if signer else identity.claims.email,
        "user": identity.user_id,
        "issuer": mask_url(identity.claims.issuer) if identity.is_signed_by_issuer else None,
        "profile": app.settings.profile,
        "machine": (signer and signer.label) or identity.machine_name,
        "key": identity.claims.key_id,
        "token": identity.origin,
        "expires_at": format_instant(expires_at),
        "store": app.target.display,
        "accepted": problem is None,
    }
    shown = _describe_for_person(app, facts, expires_at)
    print_pairs(choose_output(app, json=request.json), facts, shown=shown)
    if problem is not None:
        # What is known without the store is printed all the same.
        raise problem


def _find_expiry(app: App, identity: Identity) -> datetime:
    """Return when to sign in again; the tokens of a session last minutes, and are renewed."""
    account = None if app.read_given_token()[0] else app.account
    ends = (account.expires_at if account else None) or identity.claims.expires_at
    return ends.replace(microsecond=0)


async def _fetch_signer(app: App, identity: Identity) -> Signer | None:
    from neontodo.accounts import queries

    if identity.is_signed_by_issuer:
        await app.ensure_user_known()
    async with app.database.read(identity.user_id) as session:
        return await queries.fetch_signer(session, identity.user_id, identity.key_id)


def _describe_for_person(
    app: App, facts: dict[str, Any], expires_at: datetime
) -> list[tuple[str, str]]:
    """Return the facts in local time, and without what is not known."""
    from neontodo.clock import format_duration
    from neontodo.render.text import local_time
    from neontodo.settings import PROFILE

    # A token is accepted a minute longer.
    left = f"in {format_duration(expires_at - app.now)}" if expires_at > app.now else "past"
    shown = facts | {
        "profile": None if app.settings.profile == PROFILE else app.settings.profile,
        "expires_at": f"{local_time(expires_at, app.tz)} ({left})",
        "accepted": "yes" if facts["accepted"] else "no",
    }
    return [(name.removesuffix("_at"), str(value)) for name, value in shown.items() if value]


COMMANDS: Commands = {"whoami": (WhoamiRequest, run_whoami)}
