"""Profiles: a table, tab-separated lines, JSON, or names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from neontodo.render.text import field, json_array, safe_write

if TYPE_CHECKING:
    from neontodo.accounts.profiles import Profile
    from neontodo.render.mode import Mode
    from neontodo.streams import Streams


def print_profiles(profiles: Sequence[Profile], *, streams: Streams, mode: Mode) -> None:
    """Print the profiles in their order."""
    if mode == "json":
        streams.out.writelines(json_array(map(asdict, profiles)))
    elif mode == "table":
        from neontodo.render.terminal.profiles import draw_profiles

        draw_profiles(profiles, streams=streams)
    elif mode == "quiet":
        safe_write(streams.out, "".join(f"{profile.name}\n" for profile in profiles))
    else:
        safe_write(streams.out, "".join(map(_line, profiles)))


def _line(profile: Profile) -> str:
    """A profile as its line in a pipe: name, whether in use, user, issuer, store."""
    rest = (profile.user, profile.issuer, profile.store)
    fields = [profile.name, json.dumps(profile.in_use), *(text or "" for text in rest)]
    return "\t".join(map(field, fields)) + "\n"
