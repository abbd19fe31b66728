"""The database that this machine is connected to, and which user this machine is there.

`connection.json` beside the embedded store says which database it is and holds no secret: where
that file is missing, or says that the embedded store is in use again, no keyring is woken. The
database URL and this machine's key in that database are one secret, so they cost one look-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.accounts import machine_key
from neontodo.accounts.machine_key import MachineKey
from neontodo.accounts.secrets import private_files
from neontodo.errors import NotSignedIn, StoreUnavailable, TodoError
from neontodo.masking import mask_passwords

if TYPE_CHECKING:
    from neontodo.accounts.secrets.store import SecretStore
    from neontodo.accounts.users import StoredUser
    from neontodo.db.database import Database
    from neontodo.db.probe import Probe

FILE = "connection.json"


@dataclass(frozen=True)
class LastConnection:
    """Which database was connected last; `current` is false while the embedded store is used.

    `store` is `PostgresTarget.key`, `display` the address without its password.
    """

    store: str
    display: str
    current: bool


@dataclass(frozen=True)
class StoredConnection:
    """A database's URL, and this machine's key there; None: the embedded store's own."""

    store: str
    display: str
    url: str = field(repr=False)
    machine_key: MachineKey | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Secret:
    """What is stored of a connection under the name of its store."""

    url: str
    display: str
    machine: MachineKey | None


def load_last_connection(folder: Path) -> LastConnection | None:
    """Read which database was connected last, without asking a keyring; None if none ever was."""
    data = private_files.read_private(folder / FILE)
    if data is None:
        return None
    if (last := private_files.parse_json(LastConnection, data)) is None:
        raise NotSignedIn(
            f"`{folder / FILE}` is damaged, so it is not known which store to use",
            hint="`todo connect` writes it anew, `todo connect --local` for the embedded store",
        )
    # An earlier release took `u%3Asecret@` for a user name, and showed it.
    return replace(last, display=mask_passwords(last.display))


def load_connection_in_use(folder: Path, secrets: SecretStore) -> StoredConnection | None:
    """Read the connection in use, None for the embedded store; raises NotSignedIn if it is gone."""
    last = load_last_connection(folder)
    if last is None or not last.current:
        return None
    if (connection := load_connection(secrets, last.store)) is None:
        raise NotSignedIn(
            f"the stored URL of {last.display} is gone",
            hint="`todo connect -` stores it again; `todo connect --local` uses the embedded store",
        )
    return connection


def load_connection(secrets: SecretStore, store: str) -> StoredConnection | None:
    """Read what is stored of a database, in use or not; raises NotSignedIn if it is damaged."""
    text = secrets.get(connection_secret_name(store))
    if text is None:
        return None
    if (stored := private_files.parse_json(_Secret, text)) is None:
        raise NotSignedIn(
            f"what is stored of {store} is damaged", hint="`todo connect -` stores it again"
        )
    return StoredConnection(store, mask_passwords(stored.display), stored.url, stored.machine)


def save_connection(secrets: SecretStore, connection: StoredConnection) -> None:
    """Store a connection without using it yet."""
    secret = _Secret(connection.url, connection.display, connection.machine_key)
    text = private_files.format_json(secret, exclude={"machine": {"had_store"}})
    secrets.set(connection_secret_name(connection.store), text)


def use_connection(folder: Path, connection: StoredConnection) -> None:
    """Make a stored connection the one in use."""
    last = LastConnection(connection.store, connection.display, current=True)
    private_files.write_json(folder / FILE, last)


def use_embedded_store(folder: Path) -> tuple[bool, LastConnection | None]:
    """Use the embedded store again; the connection's secret stays stored.

    Returns whether it was not in use, and which connection was, if that can be read.
    """
    try:
        last = load_last_connection(folder)
    except NotSignedIn:
        private_files.remove_private(folder / FILE)
        return True, None
    if last is not None and last.current:
        private_files.write_json(folder / FILE, replace(last, current=False))
        return True, last
    return False, None


def remove_connection(folder: Path, secrets: SecretStore, store: str) -> None:
    """Remove what is stored of a database, and use the embedded store if it was in use."""
    secrets.delete(connection_secret_name(store))
    last = load_last_connection(folder)
    if last is not None and last.store == store:
        private_files.remove_private(folder / FILE)


def describe_secret_location(secrets: SecretStore, store: str) -> str:
    """Say where a database's secret is stored, as `the keyring`."""
    return {"keyring": "the keyring", "file": "a private file", None: "nowhere"}[
        secrets.locate(connection_secret_name(store))
    ]


def connection_secret_name(store: str) -> str:
    """Return what the secret of a database is called."""
    return f"connection {store}"


async def probe_server(database: Database) -> tuple[Probe, Probe | TodoError | None]:
    """Ask a server, and beside it its sister host on Neon (pooled or direct), what they are.

    Raises:
        StoreUnavailable: it does not answer.
        Refused: its tables are another program's.
    """
    import asyncio

    from neontodo.db.errors_postgres import DOCTOR
    from neontodo.db.probe import Probe, try_probe
    from neontodo.db.url import PostgresTarget

    target = database.target
    assert isinstance(target, PostgresTarget)
    if target.sister is None:
        own, sister = await try_probe(database), None
    else:
        own, sister = await asyncio.gather(
            try_probe(database), try_probe(database.with_target(target.sister))
        )
    if isinstance(own, StoreUnavailable):
        if target.sister and isinstance(sister, Probe):
            kind = "pooled" if target.sister.is_pooled else "direct"
            own.hint = f"its {kind} host answers: {target.sister.host}"
        elif own.hint == DOCTOR:
            # Nothing is stored, so `todo doctor` alone would look at another store.
            own.hint = "with the URL in TODO_DATABASE_URL, `todo doctor` looks for the reason"
    if isinstance(own, TodoError):
        raise own
    own.require_own_tables(target.display)
    return own, sister


@dataclass(frozen=True)
class KnownUsers:
    """The users that a database shows, the oldest first, and what it knows of this machine.

    Attributes:
        accepted: the keys of this machine that the database accepts, the one stored for it first.
        is_member_login: whether the role is a member's: it is shown one user, and adds no keys.
        previous: what was stored of this database.
    """

    users: tuple[StoredUser, ...]
    accepted: tuple[MachineKey, ...]
    is_member_login: bool
    previous: StoredConnection | None

    def find_key(self, user: StoredUser | None) -> MachineKey | None:
        """Return this machine's key of a user, or without one of any; None if a new one is needed.

        Raises:
            NotSignedIn: one is needed, but a member's login role adds none.
        """
        for key in self.accepted:
            if user is None or user.id == key.user_id:
                return key
        if self.is_member_login:
            whose = f"{self.users[0].label}'s" if self.users else "nobody's in this database"
            raise NotSignedIn(
                f"this login role is {whose}, and this machine has no key for it",
                hint="ask the database's owner for an invitation, and take it with `todo join`",
            )
        return None


async def fetch_known_users(
    database: Database, store: str, folder: Path, secrets: SecretStore
) -> KnownUsers:
    """Find out who is in a database, and whether it knows this machine."""
    from neontodo.accounts import queries

    previous = _load_previous(secrets, store)
    candidates = (previous.machine_key if previous else None, machine_key.load_machine_key(folder))
    async with database.connect() as connection:
        accepted = [
            key
            for key in candidates
            if key is not None
            and await queries.is_key_accepted(connection, key.user_id, key.key_id)
        ]
        return KnownUsers(
            users=tuple(await queries.fetch_users(connection)),
            accepted=tuple(accepted),
            is_member_login=await queries.is_member_login(connection),
            previous=previous,
        )


def _load_previous(secrets: SecretStore, store: str) -> StoredConnection | None:
    """Read what is stored of a database; None if it is damaged, since it is written anew."""
    try:
        return load_connection(secrets, store)
    except NotSignedIn:
        return None


async def enrol(
    database: Database,
    connection: StoredConnection,
    key: MachineKey,
    known: KnownUsers,
    *,
    folder: Path,
    secrets: SecretStore,
    now: datetime,
) -> StoredConnection:
    """Store a connection with this machine's key in it, which is added there unless it is known.

    The connection is not in use yet. If adding the key fails, what was stored before is stored
    again.
    """
    import socket

    from neontodo.accounts import queries
    from neontodo.db.database import AGAIN

    own = machine_key.load_machine_key(folder)
    is_own = own is not None and own.key_id == key.key_id
    connection = replace(connection, machine_key=None if is_own else key)
    save_connection(secrets, connection)
    try:
        if key.key_id not in [accepted.key_id for accepted in known.accepted]:
            async with database.connect(hint_if_unknown=AGAIN) as opened:
                await queries.add_machine_key(opened, key.to_row(socket.gethostname(), now))
    except BaseException:
        if known.previous is not None:
            save_connection(secrets, known.previous)
        else:
            remove_connection(folder, secrets, connection.store)
        raise
    return connection


def save_for_account(secrets: SecretStore, connection: StoredConnection) -> StoredConnection:
    """Store a connection of somebody who has signed in, who needs no key in the database.

    A key from before stays stored: it is wanted again by whoever signs out.
    """
    previous = _load_previous(secrets, connection.store)
    connection = replace(connection, machine_key=previous.machine_key if previous else None)
    save_connection(secrets, connection)
    return connection
