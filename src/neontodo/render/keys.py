"""A user's keys: a table, tab-separated lines, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.accounts.key_queries import StoredKey
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams


def print_keys(
    keys: Sequence[StoredKey],
    *,
    in_use: str,
    streams: Streams,
    mode: Mode,
    now: datetime,
    tz: tzinfo,
) -> None:
    """Print the keys in their order; `in_use` is the id of the one that signed for this command."""
    if mode == "json":
        streams.out.writelines(json_array(_object(key, in_use) for key in keys))
    elif mode == "table":
        from neontodo.render.terminal.keys import draw_keys

        draw_keys(keys, in_use=in_use, streams=streams, now=now, tz=tz)
    else:
        safe_write(streams.out, "".join(_line(key, now) for key in keys))


def status(key: StoredKey, now: datetime) -> str:
    """Whether tokens of the key are accepted."""
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.is_active(now) else "expired"


def _line(key: StoredKey, now: datetime) -> str:
    """A key as its line in a pipe: id, name, status, created, expires, revoked."""
    moments = "\t".join(_instant(at) or "" for at in _moments(key))
    return f"{field(key.id)}\t{field(key.label)}\t{status(key, now)}\t{moments}\n"


def _object(key: StoredKey, in_use: str) -> dict[str, str | bool | None]:
    created, expires, revoked = map(_instant, _moments(key))
    return {
        "id": key.id,
        "name": key.label,
        "created_at": created,
        "expires_at": expires,
        "revoked_at": revoked,
        "in_use": key.id == in_use,
    }


def _moments(key: StoredKey) -> tuple[datetime | None, ...]:
    return (key.created_at, key.expires_at, key.revoked_at)


def _instant(at: datetime | None) -> str | None:
    from neontodo.models import instant_text

    return None if at is None else instant_text(at)
