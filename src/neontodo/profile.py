"""What is stored on this machine of the profile in use; no store or issuer is asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.errors import BadValue, KeyNotAccepted, NotSignedIn

if TYPE_CHECKING:
    from datetime import datetime

    from neontodo.accounts.account_file import Account
    from neontodo.accounts.connected_database import ConnectedDatabase
    from neontodo.accounts.issuers.issuer import Issuer
    from neontodo.accounts.machine_keys import MachineKey
    from neontodo.accounts.secrets.named_secrets import NamedSecrets
    from neontodo.db.schema import FirstUser
    from neontodo.db.url import Target
    from neontodo.settings import Settings

STORE = "tasks.db"
VIEW = "view"
"""The file with the name of the view in use, or `none`."""


class Profile:
    """The profile that the settings choose; each file is read when it is first asked for.

    `notify` is told of what was done that the user should know. `may_be_new` says that the profile
    need not exist yet.
    """

    def __init__(self, settings: Settings, notify: Callable[[str], None]) -> None:
        self.may_be_new = False
        self._settings = settings
        self._notify = notify
        self._machine_key: MachineKey | None = None

    @cached_property
    def folder(self) -> Path:
        """The folder of the profile's embedded store, and of what is known of its user.

        Raises:
            BadValue: there is no such profile.
            Refused: the folder is behind a link that another user has made.
        """
        from neontodo.accounts import profiles

        name = self._settings.profile
        folder = profiles.profile_folder(self._settings.data_dir, name)
        if not (self.may_be_new or profiles.has_profile(folder, name)):
            raise BadValue(
                f"there is no profile `{name}`",
                hint="`todo profiles` lists them; `todo login`, `connect` and `join` make one",
            )
        require_trusted_links(folder)
        return folder

    @property
    def store_path(self) -> Path:
        """The file of the profile's embedded store, whether it exists or not."""
        return self.folder.absolute() / STORE

    def load_view(self) -> str:
        """Load the name of the view in use; empty if none was ever chosen."""
        try:
            return (self.folder / VIEW).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def save_view(self, name: str) -> None:
        """Store the name of the view in use."""
        from neontodo.accounts.secrets.private_files import write_private

        write_private(self.folder / VIEW, f"{name}\n".encode())

    @cached_property
    def secrets(self) -> NamedSecrets:
        """The profile's secrets; none is read yet."""
        from neontodo.accounts.secrets.named_secrets import NamedSecrets

        return NamedSecrets(self.folder, self._notify)

    @cached_property
    def last_account(self) -> Account | None:
        """The account that signed in last, even if it has signed out since; None if none did.

        It raises NotSignedIn if that is damaged.
        """
        from neontodo.accounts import account_file

        return account_file.load_account(self.folder)

    @property
    def account(self) -> Account | None:
        """The account that is signed in; None if nobody ever did, or that is forgotten.

        Raises:
            NotSignedIn: it has signed out: nobody else is taken in its place. Or it is damaged.
        """
        account = self.last_account
        if account is not None and account.signed_out:
            from neontodo.accounts.account_file import SIGNED_OUT_HINT

            raise NotSignedIn(f"{account.label} has signed out", hint=SIGNED_OUT_HINT)
        return account

    @cached_property
    def connected_database(self) -> ConnectedDatabase | None:
        """What `todo connect` stored of the store in use; None for the embedded one.

        Raises:
            NotSignedIn: what was stored is gone or damaged.
            KeyringUnavailable: the keyring that holds it does not answer.
        """
        from neontodo.accounts import connected_database

        if url := self._settings.database_url:
            from neontodo.db.url import PostgresTarget, parse_url

            target = parse_url(url.get_secret_value())
            if isinstance(target, PostgresTarget):
                return connected_database.load_connected_database(self.secrets, target.store_id)
            return None
        return connected_database.load_database_in_use(self.folder, self.secrets)

    @cached_property
    def issuer(self) -> Issuer | None:
        """The issuer that may vouch for users besides this store's own machines."""
        if self._settings.auth_url is not None:
            return self.issuer_at(self._settings.auth_url)
        account = self.last_account
        return self._with_settings(account.issuer) if account is not None else None

    def issuer_at(self, url: str) -> Issuer:
        """Return the issuer at an address, with what the settings say of it, if it is theirs."""
        from neontodo.accounts.issuers.issuer import parse_issuer

        set_url, plain = self._settings.auth_url, parse_issuer(url)
        if set_url is not None and parse_issuer(set_url).url != plain.url:
            return plain
        return self._with_settings(plain)

    def _with_settings(self, known: Issuer) -> Issuer:
        from neontodo.accounts.issuers.issuer import parse_issuer

        settings = self._settings
        return parse_issuer(
            known.url,
            issuer=settings.auth_issuer or known.issuer,
            audience=settings.auth_audience or settings.auth_issuer or known.audience,
            jwks_url=settings.auth_jwks_url or known.jwks_url,
        )

    def load_machine_key(self) -> MachineKey | None:
        """Load this machine's key, None if there is none; KeyNotAccepted if it is damaged."""
        from neontodo.accounts import machine_keys

        try:
            return machine_keys.load_machine_key(self.folder)
        except KeyNotAccepted as error:
            raise self.suggest_adoption(error, self.store_path) from None

    def load_or_create_machine_key(self, now: datetime) -> MachineKey:
        """Load this machine's key; where there is neither key nor store, create it.

        A store whose key is missing or damaged raises KeyNotAccepted.
        """
        from neontodo.accounts import machine_keys

        if self._machine_key is None:
            machine_key = self.load_machine_key()
            if machine_key is None:
                self.require_key_of_store()
                name = machine_keys.find_os_user_name()
                machine_key = machine_keys.create_machine_key(self.folder, name=name, now=now)
            elif not machine_key.had_store and self.store_path.exists():
                # A first command was killed before it was done.
                self._remember_store()
            self._machine_key = machine_key
        return self._machine_key

    def require_key_of_store(self) -> None:
        """Raise KeyNotAccepted if there is an embedded store whose key is missing."""
        from neontodo.accounts.machine_keys import KEY_FILE

        if self.store_path.exists() and self.load_machine_key() is None:
            error = KeyNotAccepted(
                f"the key of the store {self.folder / STORE} is missing: `{KEY_FILE}` beside it"
            )
            raise self.suggest_adoption(error, self.store_path)

    def suggest_adoption(self, error: KeyNotAccepted, path: Path) -> KeyNotAccepted:
        """Return an error with the way for this machine to become a user of the store at `path`."""
        from neontodo.accounts.embedded_users import suggest_adoption

        return suggest_adoption(error, path, self.store_path)

    def has_lost_store(self, path: Path) -> bool:
        """Return whether the store at `path` is missing, though it was made by this key."""
        from neontodo.accounts import machine_keys

        if path != self.store_path:
            return False
        machine_key = self._machine_key or machine_keys.load_machine_key(self.folder)
        # Looked at last: another first command may have made the store by now.
        return machine_key is not None and machine_key.had_store and not path.exists()

    def make_first_user(self, target: Target, now: datetime) -> FirstUser:
        """Return the first user of a store without users: the account, else this machine's user.

        The embedded store is the machine's own in any case: it is there when nobody is signed in.
        """
        import socket

        from neontodo.accounts.machine_keys import encode_public_key
        from neontodo.db.schema import FirstKey, FirstUser

        if target.engine == "postgresql" and self.account is not None:
            return FirstUser(self.account.user_id, self.account.name, at=now)
        machine_key = self.load_or_create_machine_key(now)
        key = FirstKey(
            machine_key.key_id,
            encode_public_key(machine_key.private_key.public_key()),
            socket.gethostname(),
        )
        first_user = FirstUser(machine_key.user_id, machine_key.name, at=now, key=key)
        if target.display != str(self.store_path):
            return first_user
        return replace(
            first_user,
            has_lost_store=self.has_lost_store(self.store_path),
            remember_store=self._remember_store,
        )

    def _remember_store(self) -> None:
        from neontodo.accounts import machine_keys
        from neontodo.filesystem import clear_temporary_folders

        # As long as other commands build the store, they may be killed.
        if clear_temporary_folders(self.folder, STORE):
            machine_keys.note_store_made(self.folder)


def require_trusted_links(path: Path) -> None:
    """Raise Refused if a path leads through a link that another user has made."""
    from neontodo.filesystem import follow_links

    # Whether there is anything behind the links is found out where it is opened.
    with suppress(OSError, RuntimeError):
        follow_links(path)
