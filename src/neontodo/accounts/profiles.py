"""Profiles: several accounts and stores of one person on one machine, each in a folder of its own.

The default profile is in the data folder itself, the others in `profiles/NAME` below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neontodo.errors import NotSignedIn
from neontodo.settings import PROFILE, PROFILE_NAME

FOLDER = "profiles"


@dataclass(frozen=True)
class ProfileSummary:
    """What is known of a profile without asking a store, a keyring or an issuer.

    Attributes:
        user: whoever signed in, None if they signed out; else the user of this machine's key.
        issuer: where they signed in, even if they signed out; None if they did not.
        store: the database that is connected; None for the embedded one.
    """

    name: str
    in_use: bool
    user: str | None
    issuer: str | None
    store: str | None


def profile_folder(data: Path, name: str) -> Path:
    """Return where a profile is stored, whether it exists or not."""
    return data if name == PROFILE else data / FOLDER / name


def has_profile(folder: Path, name: str) -> bool:
    """Return whether a profile has been made; the default one always is there."""
    return name == PROFILE or folder.is_dir()


def list_names(data: Path) -> list[str]:
    """Return all profiles, the default one first."""
    folder = data / FOLDER
    found = folder.iterdir() if folder.is_dir() else ()
    made = [each.name for each in found if each.is_dir() and PROFILE_NAME.fullmatch(each.name)]
    return [PROFILE, *sorted(name for name in made if name != PROFILE)]


def list_profiles(data: Path, in_use: str) -> list[ProfileSummary]:
    """Return all profiles with what is known of them; of damaged files nothing."""
    return [
        _describe(profile_folder(data, name), name, name == in_use) for name in list_names(data)
    ]


def _describe(folder: Path, name: str, in_use: bool) -> ProfileSummary:
    from neontodo.accounts import machine_keys
    from neontodo.accounts.account_file import load_account
    from neontodo.accounts.connected_database import load_last_database

    try:
        account, machine_key = load_account(folder), machine_keys.load_machine_key(folder)
        last = load_last_database(folder)
    except NotSignedIn:
        return ProfileSummary(name, in_use, None, None, None)
    if account is not None:
        user = None if account.signed_out else account.label
    else:
        user = machine_key.name if machine_key else None
    return ProfileSummary(
        name,
        in_use,
        user=user,
        issuer=account.issuer.url if account else None,
        store=last.display if last is not None and last.current else None,
    )
