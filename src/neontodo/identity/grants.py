"""Tokens for scripts and CI, each signed by a key of its own so that it can be revoked alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from neontodo.errors import Refused, TaskNotFound
from neontodo.identity import key_queries, keys, tokens
from neontodo.identity.key_queries import StoredKey

SHORTEST_PREFIX = 4
ID_SHOWN = 8


@dataclass(frozen=True)
class Grant:
    """A new token and the public half of the key that signed it; nobody has the private half."""

    token: str = field(repr=False)
    public_key: str
    key: StoredKey


def grant(user_id: str, label: str, *, now: datetime, lifetime: timedelta) -> Grant:
    """Make a key, sign one token with it, and forget it."""
    private_key = keys.new_private()
    key_id = keys.thumbprint(private_key.public_key())
    token = tokens.sign(private_key, user_id=user_id, key_id=key_id, now=now, lifetime=lifetime)
    key = StoredKey(key_id, label, now, now + lifetime, revoked_at=None)
    return Grant(token, keys.public_text(private_key.public_key()), key)


async def store(session: AsyncSession, user_id: str, new: Grant) -> None:
    """Let the store know the key, so that it accepts the token; twice is the same as once."""
    key = new.key
    if key.id not in {stored.id for stored in await key_queries.all_of(session, user_id)}:
        await key_queries.add(
            session,
            {
                "user_id": user_id,
                "id": key.id,
                "public_key": new.public_key,
                "label": key.label,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
            },
        )


async def revoke(session: AsyncSession, user_id: str, reference: str, now: datetime) -> StoredKey:
    """Revoke the key that a name or the start of an id means, and answer how it was before.

    Raises:
        TaskNotFound: it means no key, or more than one.
        Refused: it is the last machine that could still change the tasks.
    """
    stored = await key_queries.all_of(session, user_id)
    key = named(stored, reference)
    machines = [each.id for each in stored if each.expires_at is None and each.is_active(now)]
    if machines == [key.id]:
        raise Refused(
            f"`{key.label}` is the only machine with access to these tasks",
            hint="its key can be revoked once another machine has one",
        )
    await key_queries.revoke(session, user_id, key.id, now)
    return key


def named(stored: Sequence[StoredKey], reference: str) -> StoredKey:
    """The key that a name or the start of an id means; of several of a name the one not revoked."""
    found = [
        key
        for key in stored
        if key.label == reference
        or (len(reference) >= SHORTEST_PREFIX and key.id.startswith(reference))
    ]
    found = [key for key in found if key.revoked_at is None] or found[-1:]
    if len(found) == 1:
        return found[0]
    if not found:
        raise TaskNotFound(f"no key is named `{reference}`", hint="`todo token list` shows them")
    raise TaskNotFound(
        f"`{reference}` means {len(found)} keys",
        hint="name it by the start of its id",
        details=tuple(
            f"{key.id[:ID_SHOWN]}  {key.label}, created on {key.created_at:%Y-%m-%d}"
            for key in found
        ),
    )
