"""Keys, members and profiles as listings; and an invitation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from neontodo.render.listing import Column, Listing, print_listing
from neontodo.render.messages import hint, say
from neontodo.render.text import local_time

if TYPE_CHECKING:
    from neontodo.accounts.profiles import ProfileSummary
    from neontodo.accounts.queries import MemberLogin, StoredKey
    from neontodo.accounts.sharing.members import NewInvitation
    from neontodo.render.listing import Output

ID_WIDTH = 8
NAME_WIDTH = 40
PROFILE_WIDTH = 32

_KEY_STYLES = {"in use": "green", "active": "green", "expired": "dim", "revoked": "red"}


def print_keys(output: Output, keys: Sequence[StoredKey], *, in_use: str) -> None:
    """Print the keys in their order; `in_use` is the id of the one that signed for this command."""

    def state(key: StoredKey) -> str:
        return "in use" if key.id == in_use else _status(key, output.now)

    listing: Listing[StoredKey] = Listing(
        columns=[
            Column("id", lambda key: key.id[:ID_WIDTH]),
            Column(
                "name",
                lambda key: key.label,
                lambda key: "bold" if key.id == in_use else "",
                is_main=True,
                widest=NAME_WIDTH,
            ),
            Column("created", lambda key: _day(output, key.created_at), "dim", rank=1),
            Column("expires", lambda key: _day(output, key.expires_at) or "never", "dim"),
            Column("status", state, lambda key: _KEY_STYLES[state(key)]),
        ],
        to_json=lambda key: {
            "id": key.id,
            "name": key.label,
            "created_at": _instant(key.created_at),
            "expires_at": _instant(key.expires_at),
            "revoked_at": _instant(key.revoked_at),
            "in_use": key.id == in_use,
        },
        to_fields=lambda key: (
            key.id,
            key.label,
            _status(key, output.now),
            *map(_instant, (key.created_at, key.expires_at, key.revoked_at)),
        ),
    )
    print_listing(output, keys, listing)


def _status(key: StoredKey, now: datetime) -> str:
    """Whether tokens of the key are accepted."""
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.is_active(now) else "expired"


def print_members(output: Output, members: Sequence[tuple[MemberLogin, int]]) -> None:
    """Print each login role with its person and how many tasks the person has."""

    def fields(member: tuple[MemberLogin, int]) -> dict[str, Any]:
        login, tasks = member
        return {
            "user_id": login.user.id,
            "email": login.user.email,
            "name": login.user.name,
            "role": login.role,
            "since": _instant(login.since),
            "tasks": tasks,
            "joined": login.invited_until is None,
            "expires_at": _instant(login.invited_until),
        }

    listing: Listing[tuple[MemberLogin, int]] = Listing(
        columns=[
            Column(
                "member",
                lambda each: each[0].user.email or each[0].user.id,
                is_main=True,
                widest=NAME_WIDTH,
            ),
            Column(
                "name",
                lambda each: each[0].user.name or "",
                rank=3,
                can_shrink=True,
                widest=NAME_WIDTH,
            ),
            Column("tasks", lambda each: str(each[1]), is_number=True),
            Column("since", lambda each: _day(output, each[0].since), "dim", rank=2),
            Column("invitation", lambda each: _invitation(output, each[0]), rank=1),
            Column("role", lambda each: each[0].role, "dim", rank=4, widest=NAME_WIDTH),
        ],
        to_json=fields,
        to_fields=lambda each: [v for name, v in fields(each).items() if name != "joined"],
        none_found="nobody shares this database with you",
        next_step="`todo member add EMAIL` invites somebody",
    )
    print_listing(output, members, listing)


def _invitation(output: Output, login: MemberLogin) -> str:
    if login.invited_until is None:
        return ""
    word = "until" if login.invited_until > output.now else "expired"
    return f"{word} {_day(output, login.invited_until)}"


def print_invitation(output: Output, invited: NewInvitation) -> None:
    """Print the invitation, and before it what is to be done with it."""
    streams, person = output.streams, invited.user
    day = _day(output, invited.expires_at)
    say(
        streams, f"added {person.label}; the invitation is not shown again, works once, until {day}"
    )
    hint(streams, "send it privately; they accept it with `todo join`")
    if output.mode == "json":
        answer = {
            "user_id": person.id,
            "email": person.email,
            "name": person.name,
            "role": invited.role,
            "invitation": invited.line,
            "expires_at": _instant(invited.expires_at),
        }
        streams.out.write(json.dumps(answer) + "\n")
    else:
        streams.out.write(f"{invited.line}\n")


def print_profiles(output: Output, profiles: Sequence[ProfileSummary]) -> None:
    """Print the profiles in their order; the store, which may be long, goes below the user."""
    width = min(PROFILE_WIDTH, max(1, output.streams.width // 2))
    listing: Listing[ProfileSummary] = Listing(
        columns=[
            Column(
                "profile",
                lambda profile: profile.name,
                lambda profile: "bold" if profile.in_use else "",
                widest=width,
            ),
            Column("user and store", _user_and_store, is_main=True),
        ],
        to_json=asdict,
        to_fields=lambda profile: asdict(profile).values(),
        name=lambda profile: profile.name,
    )
    print_listing(output, profiles, listing)


def _user_and_store(profile: ProfileSummary) -> list[str]:
    user = profile.user or ("signed out" if profile.issuer else "nobody yet")
    if profile.issuer:
        user = f"{user} at {profile.issuer}"
    return [f"{user} (in use)" if profile.in_use else user, profile.store or "embedded store"]


def _day(output: Output, at: datetime | None) -> str:
    return "" if at is None else local_time(at, output.tz)[:10]


def _instant(at: datetime | None) -> str | None:
    from neontodo.models import format_instant

    return None if at is None else format_instant(at)
