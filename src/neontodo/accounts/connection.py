"""The database that this machine is connected to, and who this machine is there.

`connection.json` beside the embedded store says which database it is and holds no secret: where
that file is missing, or says that the embedded store is in use again, no keyring is woken. The
database URL and this machine's key in that database are one secret, so they cost one look-up.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neontodo.accounts import machine_key
from neontodo.accounts.secrets.private_files import read_private, remove_private, write_private
from neontodo.errors import NotSignedIn, StoreUnavailable
from neontodo.masking import mask_passwords

if TYPE_CHECKING:
    from neontodo.accounts.machine_key import Machine
    from neontodo.accounts.secrets.store import SecretStore
    from neontodo.accounts.tokens import Claims

FILE = "connection.json"


@dataclass(frozen=True)
class Place:
    """Which database was connected last; `current` is false while the embedded store is used.

    `store` is `PostgresTarget.key`, `display` the address without its password.
    """

    store: str
    display: str
    current: bool


@dataclass(frozen=True)
class Connection:
    """A database's URL, and this machine's user and key there; None: the embedded store's own."""

    store: str
    display: str
    url: str = field(repr=False)
    machine: Machine | None = field(default=None, repr=False)


def place(folder: Path) -> Place | None:
    """Which database was connected last, without asking a keyring; None if none ever was."""
    data = read_private(folder / FILE)
    if data is None:
        return None
    try:
        fields = json.loads(data)
        # An earlier release took `u%3Asecret@` for a user name, and showed it.
        display = mask_passwords(str(fields["display"]))
        return Place(str(fields["store"]), display, fields["current"] is True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotSignedIn(
            f"`{folder / FILE}` is damaged, so it is not known which store to use",
            hint="`todo connect` writes it anew, `todo connect --local` for the embedded store",
        ) from None


def remembered(folder: Path, secrets: SecretStore) -> Connection | None:
    """The connection in use; None if that is the embedded store.

    Raises:
        NotSignedIn: its URL is not where it was stored.
    """
    last = place(folder)
    if last is None or not last.current:
        return None
    if (connection := kept(secrets, last.store)) is None:
        raise NotSignedIn(
            f"the stored URL of {last.display} is gone",
            hint="`todo connect -` stores it again; `todo connect --local` uses the embedded store",
        )
    return connection


def kept(secrets: SecretStore, store: str) -> Connection | None:
    """What is stored of a database, whether it is in use or not."""
    text = secrets.get(secret_name(store))
    if text is None:
        return None
    if (connection := _from_json(store, text)) is None:
        raise NotSignedIn(
            f"what is stored of {store} is damaged", hint="`todo connect -` stores it again"
        )
    return connection


def keep(secrets: SecretStore, connection: Connection) -> None:
    """Store a connection without using it yet."""
    secrets.set(secret_name(connection.store), _to_json(connection))


def use(folder: Path, connection: Connection) -> None:
    """Make a stored connection the one in use."""
    _write(folder, Place(connection.store, connection.display, current=True))


def leave(folder: Path) -> tuple[bool, Place | None]:
    """Use the embedded store again; its secret is kept.

    Answers whether it was not in use, and which connection was left, if that can be read.
    """
    try:
        last = place(folder)
    except NotSignedIn:
        remove_private(folder / FILE)
        return True, None
    if last is not None and last.current:
        _write(folder, replace(last, current=False))
        return True, last
    return False, None


def forget(folder: Path, secrets: SecretStore, store: str) -> None:
    """Remove what is stored of a database, and use the embedded store if it was in use."""
    secrets.delete(secret_name(store))
    last = place(folder)
    if last is not None and last.store == store:
        remove_private(folder / FILE)


def where(secrets: SecretStore, store: str) -> str:
    """Say where a database's secret lies, as `the keyring`."""
    return {"keyring": "the keyring", "file": "a private file", None: "nowhere"}[
        secrets.where(secret_name(store))
    ]


def current_token(connection: Connection, secrets: SecretStore, now: datetime) -> Claims:
    """The claims of this machine's own token in the database, signed anew if it soon expires."""
    mine = connection.machine
    assert mine is not None
    token, claims = machine_key.renewed(mine, now)
    if token != mine.token:
        # Where it cannot be stored, it serves this command only, which is all it is needed for.
        with suppress(StoreUnavailable, NotSignedIn):
            keep(secrets, replace(connection, machine=replace(mine, token=token)))
    return claims


def secret_name(store: str) -> str:
    """What the secret of a database is called."""
    return f"connection {store}"


def _write(folder: Path, last: Place) -> None:
    fields = {"store": last.store, "display": last.display, "current": last.current}
    write_private(folder / FILE, json.dumps(fields, indent=2).encode() + b"\n")


def _to_json(connection: Connection) -> str:
    mine = connection.machine
    own = mine and {**machine_key.to_fields(mine), "token": mine.token}
    fields = {"url": connection.url, "display": connection.display, "machine": own}
    return json.dumps(fields)


def _from_json(store: str, text: str) -> Connection | None:
    # Answers None instead of raising: JSON's own error would carry the secret along.
    try:
        fields: dict[str, Any] = json.loads(text)
        own = fields["machine"]
        return Connection(
            store=store,
            display=mask_passwords(str(fields["display"])),
            url=str(fields["url"]),
            machine=own and machine_key.from_fields(own, own["token"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
