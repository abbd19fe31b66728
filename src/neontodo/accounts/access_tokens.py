"""Tokens for scripts and CI, each signed by a key of its own so that it can be revoked alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.accounts import machine_keys, queries
from neontodo.accounts.queries import StoredKey
from neontodo.errors import KeyNotFound, NotSignedIn, Refused

SHORTEST_PREFIX = 4
ID_SHOWN = 8
NOT_PERMITTED = "42501"


def make_access_token(
    user_id: str, label: str, *, now: datetime, lifetime: timedelta
) -> tuple[str, dict[str, Any]]:
    """Make a key, sign one token with it, and forget it; returns the token and the key's row."""
    made = machine_keys.generate_machine_key(user_id, label)
    token = machine_keys.sign_token(made, now, lifetime)
    return token, made.to_row(label, now) | {"expires_at": now + lifetime}


async def save_access_token(
    session: AsyncSession, user_id: str, key: dict[str, Any], *, signed_by: str
) -> None:
    """Store the key, so that the token is accepted; storing it again changes nothing.

    Raises:
        NotSignedIn: the key that asks for it is a token's own, or a member's.
        Refused: another key has the name.
    """
    stored = await queries.fetch_keys(session, user_id)
    if any(each.id == key["id"] for each in stored):
        return
    if any(each.id == signed_by and each.expires_at is not None for each in stored):
        raise NotSignedIn(
            "a token cannot create other tokens",
            hint="create it on a machine with its own key, or where you are signed in",
        )
    if any(each.label == key["label"] and each.is_active(key["created_at"]) for each in stored):
        raise Refused(
            f"a key is named `{key['label']}` already",
            hint="choose another name, or `todo token revoke` that one first",
        )
    try:
        await queries.add_key(session, key)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != NOT_PERMITTED:
            raise
        raise NotSignedIn(
            "members of a shared database cannot create tokens",
            hint="for a script elsewhere, ask the owner for an invitation of its own: `todo join`",
        ) from error


async def revoke_key(
    session: AsyncSession, user_id: str, reference: str, now: datetime
) -> StoredKey:
    """Revoke the key that a name or the start of an id means, and return how it was before.

    Raises:
        KeyNotFound: it means no key, or more than one.
        Refused: it is the last machine that could still change the tasks.
    """
    stored = await queries.fetch_keys(session, user_id)
    key = find_key(stored, reference, now)
    machines = [each.id for each in stored if each.expires_at is None and each.is_active(now)]
    if machines == [key.id]:
        raise Refused(
            f"`{key.label}` is the only machine that can change these tasks",
            hint="its key can be revoked once another machine has one",
        )
    await queries.revoke_key(session, user_id, key.id, now)
    return key


def find_key(stored: Sequence[StoredKey], reference: str, now: datetime) -> StoredKey:
    """Return the key that a name or the start of an id means; of several of a name the active one.

    Raises:
        KeyNotFound: it means no key, or more than one.
    """
    found = [
        key
        for key in stored
        if key.label == reference
        or (len(reference) >= SHORTEST_PREFIX and key.id.startswith(reference))
    ]
    found = [key for key in found if key.is_active(now)] or found[-1:]
    if len(found) == 1:
        return found[0]
    if not found:
        raise KeyNotFound(f"no key is named `{reference}`", hint="`todo token list` shows them")
    raise KeyNotFound(
        f"`{reference}` means {len(found)} keys",
        hint="name it by the start of its id",
        details=tuple(
            f"{key.id[:ID_SHOWN]}  {key.label}, created on {key.created_at:%Y-%m-%d}"
            for key in found
        ),
    )
