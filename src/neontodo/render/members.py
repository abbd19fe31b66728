"""Members of a shared database: a table, tab-separated lines or JSON; and an invitation."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from datetime import datetime, tzinfo
from itertools import starmap
from typing import TYPE_CHECKING, Any

from neontodo.render.messages import hint, say
from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.accounts.sharing.members import Invited, Login
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams


def print_members(
    members: Sequence[tuple[Login, int]],
    *,
    streams: Streams,
    mode: Mode,
    now: datetime,
    tz: tzinfo,
) -> None:
    """Print each login role with its person and how many tasks the person has."""
    if mode == "json":
        streams.out.writelines(json_array(starmap(_fields, members)))
    elif mode == "lines":
        safe_write(streams.out, "".join(starmap(_line, members)))
    elif members:
        from neontodo.render.terminal.members import draw_members

        draw_members(members, streams=streams, now=now, tz=tz)
    else:
        say(streams, "nobody shares this database with you")
        hint(streams, "`todo member add EMAIL` invites somebody")


def _fields(login: Login, number: int) -> dict[str, Any]:
    from neontodo.models import instant_text

    return {
        "user_id": login.person.id,
        "email": login.person.email,
        "name": login.person.name,
        "role": login.role,
        "since": instant_text(login.since),
        "tasks": number,
        "joined": login.invited_until is None,
        "expires_at": login.invited_until and instant_text(login.invited_until),
    }


def _line(login: Login, number: int) -> str:
    fields = _fields(login, number)
    del fields["joined"]
    values = ["" if value is None else str(value) for value in fields.values()]
    return "\t".join(map(field, values)) + "\n"


def print_invitation(
    streams: Streams, invited: Invited, line: str, *, json: bool, tz: tzinfo
) -> None:
    """Print the invitation, and beside it what is to be done with it."""
    from neontodo.models import instant_text

    person = invited.person
    if json:
        answer = {
            "user_id": person.id,
            "email": person.email,
            "name": person.name,
            "role": invited.role,
            "invitation": line,
            "expires_at": instant_text(invited.expires_at),
        }
        streams.out.write(json_module.dumps(answer) + "\n")
    else:
        streams.out.write(f"{line}\n")
    day = f"{invited.expires_at.astimezone(tz):%Y-%m-%d}"
    say(
        streams, f"added {person.label}; the invitation is not shown again, works once, until {day}"
    )
    hint(streams, "send it by a way that nobody else reads; `todo join` takes it")
