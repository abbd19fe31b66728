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

from neontodo.accounts import machine_keys
from neontodo.accounts.machine_keys import MachineKey
from neontodo.accounts.secrets import private_files
from neontodo.errors import NotSignedIn, StoreUnavailable, TodoError
from neontodo.masking import mask_passwords

if TYPE_CHECKING:
    from neontodo.accounts.secrets.named_secrets import NamedSecrets
    from neontodo.accounts.users import StoredUser
    from neontodo.db.database import Database
    from neontodo.db.probe import Probe

FILE = "connection.json"


@dataclass(frozen=True)
class LastDatabase:
    """Which database was connected last; `current` is false while the embedded store is used.

    `store` is `PostgresTarget.store_id`, `display` the address without its password.
    """

    store: str
    display: str
    current: bool


@dataclass(frozen=True)
class ConnectedDatabase:
    """A database's URL, and this machine's key there; None: the embedded store's own."""

    store_id: str
    display: str
    url: str = field(repr=False)
    machine_key: MachineKey | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Secret:
    """What is stored of a connected database under its store's name; files say `machine`."""

    url: str
    display: str
    machine: MachineKey | None


def load_last_database(folder: Path) -> LastDatabase | None:
    """Read which database was connected last, without asking a keyring; None if none ever was."""
    data = private_files.read_private(folder / FILE)
    if data is None:
        return None
    if (last := private_files.parse_json(LastDatabase, data)) is None:
        raise NotSignedIn(
            f"`{folder / FILE}` is damaged, so it is not known which store to use",
            hint="`todo connect` writes it anew, `todo connect --local` for the embedded store",
        )
    # An earlier release took `u%3Asecret@` for a user name, and showed it.
    return replace(last, display=mask_passwords(last.display))


def load_database_in_use(folder: Path, secrets: NamedSecrets) -> ConnectedDatabase | None:
    """Read the database in use, None for the embedded store; raises NotSignedIn if it is gone."""
    last = load_last_database(folder)
    if last is None or not last.current:
        return None
    if (connected := load_connected_database(secrets, last.store)) is None:
        raise NotSignedIn(
            f"the stored URL of {last.display} is gone",
            hint="`todo connect -` stores it again; `todo connect --local` uses the embedded store",
        )
    return connected


def load_connected_database(secrets: NamedSecrets, store_id: str) -> ConnectedDatabase | None:
    """Read what is stored of a database, in use or not; raises NotSignedIn if it is damaged."""
    text = secrets.get(database_secret_name(store_id))
    if text is None:
        return None
    if (stored := private_files.parse_json(_Secret, text)) is None:
        raise NotSignedIn(
            f"what is stored of {store_id} is damaged", hint="`todo connect -` stores it again"
        )
    return ConnectedDatabase(store_id, mask_passwords(stored.display), stored.url, stored.machine)


def save_connected_database(secrets: NamedSecrets, connected: ConnectedDatabase) -> None:
    """Store a database's URL and this machine's key there, without using it yet."""
    secret = _Secret(connected.url, connected.display, connected.machine_key)
    text = private_files.format_json(secret, exclude={"machine": {"had_store"}})
    secrets.set(database_secret_name(connected.store_id), text)


def use_connected_database(folder: Path, connected: ConnectedDatabase) -> None:
    """Make a stored database the one in use."""
    last = LastDatabase(connected.store_id, connected.display, current=True)
    private_files.write_json(folder / FILE, last)


def use_embedded_store(folder: Path) -> tuple[bool, LastDatabase | None]:
    """Use the embedded store again; the database's secret stays stored.

    Returns whether it was not in use, and which database was, if that can be read.
    """
    try:
        last = load_last_database(folder)
    except NotSignedIn:
        private_files.remove_private(folder / FILE)
        return True, None
    if last is not None and last.current:
        private_files.write_json(folder / FILE, replace(last, current=False))
        return True, last
    return False, None


def remove_connected_database(folder: Path, secrets: NamedSecrets, store_id: str) -> None:
    """Remove what is stored of a database, and use the embedded store if it was in use."""
    secrets.delete(database_secret_name(store_id))
    last = load_last_database(folder)
    if last is not None and last.store == store_id:
        private_files.remove_private(folder / FILE)


def describe_secret_location(secrets: NamedSecrets, store_id: str) -> str:
    """Say where a database's secret is stored, as `the keyring`."""
    return {"keyring": "the keyring", "file": "a private file", None: "nowhere"}[
        secrets.locate(database_secret_name(store_id))
    ]


def database_secret_name(store_id: str) -> str:
    """Return what the secret of a database is called."""
    return f"connection {store_id}"


async def probe_both_hosts(database: Database) -> tuple[Probe, Probe | TodoError | None]:
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
        given, sister = await try_probe(database), None
    else:
        given, sister = await asyncio.gather(
            try_probe(database), try_probe(database.with_target(target.sister))
        )
    if isinstance(given, StoreUnavailable):
        if target.sister and isinstance(sister, Probe):
            kind = "pooled" if target.sister.is_pooled else "direct"
            given.hint = f"its {kind} host answers: {target.sister.host}"
        elif given.hint == DOCTOR:
            # Nothing is stored, so `todo doctor` alone would look at another store.
            given.hint = "with the URL in TODO_DATABASE_URL, `todo doctor` looks for the reason"
    if isinstance(given, TodoError):
        raise given
    given.require_todo_tables(target.display)
    return given, sister


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
    previous: ConnectedDatabase | None

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
    database: Database, store_id: str, folder: Path, secrets: NamedSecrets
) -> KnownUsers:
    """Find out who is in a database, and whether it knows this machine."""
    from neontodo.accounts import queries

    previous = _load_previous(secrets, store_id)
    candidates = (previous.machine_key if previous else None, machine_keys.find_machine_key(folder))
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


def _load_previous(secrets: NamedSecrets, store_id: str) -> ConnectedDatabase | None:
    """Read what is stored of a database; None if it is damaged, since it is written anew."""
    try:
        return load_connected_database(secrets, store_id)
    except NotSignedIn:
        return None


async def enrol_machine(
    database: Database,
    connected: ConnectedDatabase,
    key: MachineKey,
    known: KnownUsers,
    *,
    folder: Path,
    secrets: NamedSecrets,
    now: datetime,
) -> ConnectedDatabase:
    """Store a database with this machine's key, which is added there unless it is known.

    The database is not in use yet. If adding the key fails, what was stored before is stored
    again.
    """
    import socket

    from neontodo.accounts import queries
    from neontodo.db.database import AGAIN

    embedded_key = machine_keys.find_machine_key(folder)
    is_embedded_key = embedded_key is not None and embedded_key.key_id == key.key_id
    connected = replace(connected, machine_key=None if is_embedded_key else key)
    save_connected_database(secrets, connected)
    try:
        if key.key_id not in [accepted.key_id for accepted in known.accepted]:
            async with database.connect(hint_if_unknown=AGAIN) as opened:
                await queries.add_machine_key(opened, key.to_row(socket.gethostname(), now))
    except BaseException:
        if known.previous is not None:
            save_connected_database(secrets, known.previous)
        else:
            remove_connected_database(folder, secrets, connected.store_id)
        raise
    return connected


def save_database_for_account(
    secrets: NamedSecrets, connected: ConnectedDatabase
) -> ConnectedDatabase:
    """Store a database for somebody who has signed in, who needs no key in it.

    A key from before stays stored: it is wanted again by whoever signs out.
    """
    previous = _load_previous(secrets, connected.store_id)
    connected = replace(connected, machine_key=previous.machine_key if previous else None)
    save_connected_database(secrets, connected)
    return connected
