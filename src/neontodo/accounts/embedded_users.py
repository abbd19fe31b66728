"""The users of an embedded store, and how this machine becomes one of them.

A store that was put back on another machine, or without its `identity.json`, knows no key of this
machine.
"""

from __future__ import annotations

import shlex
import socket
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from neontodo.accounts import connected_database, machine_keys, queries
from neontodo.accounts.users import StoredUser, describe_users, find_matching, find_user
from neontodo.db import read_only
from neontodo.db.database import AGAIN
from neontodo.db.errors_sqlite import restore_hint
from neontodo.errors import NotSignedIn, Refused, TodoError

if TYPE_CHECKING:
    from neontodo.accounts.machine_keys import MachineKey
    from neontodo.accounts.secrets.named_secrets import NamedSecrets
    from neontodo.db.database import Database

E = TypeVar("E", bound=NotSignedIn)


def read_users(path: Path) -> list[StoredUser]:
    """Return the users of an embedded store, the oldest first; none if it cannot be read."""
    with suppress(sqlite3.Error, OSError), read_only.open_for_reading(path) as connection:
        rows = connection.execute("SELECT id, email, name FROM users ORDER BY created_at, id")
        return [StoredUser(*row) for row in rows]
    return []


def read_last_change(path: Path) -> datetime | None:
    """Return when an embedded store was changed last; None if that cannot be read."""
    with (
        suppress(sqlite3.Error, OSError, TypeError, ValueError),
        read_only.open_for_reading(path) as connection,
    ):
        (at,) = connection.execute("SELECT max(at) FROM changes").fetchone()
        return datetime.fromisoformat(at).replace(tzinfo=UTC)
    return None


def suggest_adoption(error: E, path: Path, own_path: Path) -> E:
    """Return an error with the way for this machine to become a user of the store at `path`.

    `own_path` is where the profile's embedded store is; no other can be adopted.
    """
    users = read_users(path)
    error.details = describe_users(users) if len(users) > 1 else ()
    error.hint = _find_next_step(users, path, own_path)
    return error


def _find_next_step(users: Sequence[StoredUser], path: Path, own_path: Path) -> str:
    if not path.exists():
        return "no store is beside it: move it away, and the next command makes a new one"
    if not users:
        return restore_hint(path)
    if path != own_path:
        return (
            "set TODO_TOKEN to a token of one of its users, or TODO_DATA_DIR to a folder in which "
            f"it is called `{own_path.name}`"
        )
    if len(users) > 1:
        return "`todo connect --local --as USER` makes a key of this machine for one of them"
    if not machine_keys.is_uuid(users[0].id):
        return f"`todo login` signs in {users[0].label}, to whom the store belongs"
    name = shlex.quote(_choose_name(users[0], users))
    return f"`todo connect --local --as {name}` makes a key of this machine for the store's user"


def _choose_name(user: StoredUser, users: Sequence[StoredUser]) -> str:
    return user.label if len(find_matching(users, user.label)) == 1 else user.id


async def adopt_user(
    database: Database, who: str, folder: Path, secrets: NamedSecrets, now: datetime
) -> tuple[MachineKey, Path | None]:
    """Make this machine a user of the embedded store, with a key of its own; return that key.

    Also returned is the new name of another `identity.json` that was there, if there was one.

    Raises:
        BadValue: the store has no such user.
        Refused: the user signs in at an issuer instead.
    """
    async with database.connect(hint_if_unknown=AGAIN) as connection:
        user = find_user(await queries.fetch_users(connection), who)
        if not machine_keys.is_uuid(user.id):
            raise Refused(f"{user.label} signs in with an account", hint="run `todo login`")
        previous = machine_keys.find_machine_key(folder)
        if (
            previous is not None
            and previous.user_id == user.id
            and await queries.is_key_accepted(connection, user.id, previous.key_id)
        ):
            return previous, None
        made = machine_keys.generate_machine_key(user.id, user.name or user.label)
        await queries.add_machine_key(connection, made.to_row(socket.gethostname(), now))
    if previous is not None:
        _keep_for_database(previous, folder, secrets)
    return made, machine_keys.replace_machine_key(folder, made)


def _keep_for_database(key: MachineKey, folder: Path, secrets: NamedSecrets) -> None:
    """Store the key with the database that was connected last, if it is the key in use there."""
    with suppress(TodoError):
        last = connected_database.load_last_database(folder)
        stored = last and connected_database.load_connected_database(secrets, last.store)
        if stored and stored.machine_key is None:
            connected_database.save_connected_database(secrets, replace(stored, machine_key=key))
