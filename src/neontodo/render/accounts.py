"""Keys, members and profiles: tables, tab-separated lines or JSON; and an invitation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import starmap
from typing import TYPE_CHECKING, Any

from neontodo.render.messages import hint, say
from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.accounts.profiles import Profile
    from neontodo.accounts.queries import MemberLogin, StoredKey
    from neontodo.accounts.sharing.members import NewLogin
    from neontodo.render.listing import Output


def print_keys(output: Output, keys: Sequence[StoredKey], *, in_use: str) -> None:
    """Print the keys in their order; `in_use` is the id of the one that signed for this command."""
    streams, now = output.streams, output.now
    if output.mode == "json":
        streams.out.writelines(json_array(_key_fields(key, in_use) for key in keys))
    elif output.mode == "table":
        from neontodo.render.terminal.keys import draw_keys

        draw_keys(keys, in_use=in_use, streams=streams, now=now, tz=output.tz)
    else:
        safe_write(streams.out, "".join(_key_line(key, now) for key in keys))


def key_status(key: StoredKey, now: datetime) -> str:
    """Whether tokens of the key are accepted."""
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.is_active(now) else "expired"


def _key_line(key: StoredKey, now: datetime) -> str:
    """A key as its line in a pipe: id, name, status, created, expires, revoked."""
    moments = "\t".join(_instant(at) or "" for at in _moments(key))
    return f"{field(key.id)}\t{field(key.label)}\t{key_status(key, now)}\t{moments}\n"


def _key_fields(key: StoredKey, in_use: str) -> dict[str, str | bool | None]:
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


def print_members(output: Output, members: Sequence[tuple[MemberLogin, int]]) -> None:
    """Print each login role with its person and how many tasks the person has."""
    streams = output.streams
    if output.mode == "json":
        streams.out.writelines(json_array(starmap(_member_fields, members)))
    elif output.mode == "lines":
        safe_write(streams.out, "".join(starmap(_member_line, members)))
    elif members:
        from neontodo.render.terminal.members import draw_members

        draw_members(members, streams=streams, now=output.now, tz=output.tz)
    else:
        say(streams, "nobody shares this database with you")
        hint(streams, "`todo member add EMAIL` invites somebody")


def _member_fields(login: MemberLogin, number: int) -> dict[str, Any]:
    from neontodo.models import instant_text

    return {
        "user_id": login.user.id,
        "email": login.user.email,
        "name": login.user.name,
        "role": login.role,
        "since": instant_text(login.since),
        "tasks": number,
        "joined": login.invited_until is None,
        "expires_at": login.invited_until and instant_text(login.invited_until),
    }


def _member_line(login: MemberLogin, number: int) -> str:
    fields = _member_fields(login, number)
    del fields["joined"]
    values = ["" if value is None else str(value) for value in fields.values()]
    return "\t".join(map(field, values)) + "\n"


def print_invitation(output: Output, invited: NewLogin, line: str) -> None:
    """Print the invitation, and beside it what is to be done with it."""
    from neontodo.models import instant_text

    streams, person = output.streams, invited.user
    if output.mode == "json":
        answer = {
            "user_id": person.id,
            "email": person.email,
            "name": person.name,
            "role": invited.role,
            "invitation": line,
            "expires_at": instant_text(invited.expires_at),
        }
        streams.out.write(json.dumps(answer) + "\n")
    else:
        streams.out.write(f"{line}\n")
    day = f"{invited.expires_at.astimezone(output.tz):%Y-%m-%d}"
    say(
        streams, f"added {person.label}; the invitation is not shown again, works once, until {day}"
    )
    hint(streams, "send it by a way that nobody else reads; `todo join` takes it")


def print_profiles(output: Output, profiles: Sequence[Profile]) -> None:
    """Print the profiles in their order."""
    streams = output.streams
    if output.mode == "json":
        streams.out.writelines(json_array(map(asdict, profiles)))
    elif output.mode == "table":
        from neontodo.render.terminal.profiles import draw_profiles

        draw_profiles(profiles, streams=streams)
    elif output.mode == "quiet":
        safe_write(streams.out, "".join(f"{profile.name}\n" for profile in profiles))
    else:
        safe_write(streams.out, "".join(map(_profile_line, profiles)))


def _profile_line(profile: Profile) -> str:
    """A profile as its line in a pipe: name, whether in use, user, issuer, store."""
    rest = (profile.user, profile.issuer, profile.store)
    fields = [profile.name, json.dumps(profile.in_use), *(text or "" for text in rest)]
    return "\t".join(map(field, fields)) + "\n"
