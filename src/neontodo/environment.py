"""What one run of `todo` finds on its machine: streams, environment, clock, settings, who is known.

Nothing here asks a store or an issuer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.clock import utc_now, zone_of
from neontodo.errors import BadValue, NotSignedIn
from neontodo.streams import Streams

if TYPE_CHECKING:
    from neontodo.accounts.connection import Connection
    from neontodo.accounts.issuers.http import Http
    from neontodo.accounts.issuers.issuer import Issuer
    from neontodo.accounts.machine_key import Machine
    from neontodo.accounts.secrets.store import SecretStore
    from neontodo.accounts.signed_in import Account
    from neontodo.db.founding import Founder
    from neontodo.db.url import SqliteTarget, Target
    from neontodo.settings import Settings

STORE = "tasks.db"


class Environment:
    """Each thing is made when it is first asked for."""

    def __init__(
        self,
        streams: Streams,
        env: Mapping[str, str],
        cwd: Path,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.streams = streams
        self.env = env
        self.cwd = cwd
        self._clock = clock
        self._colour_given = False
        self._makes_profile = False
        self.options: dict[str, str] = {}

    def use_colour(self, when: str) -> None:
        """Let a command's `--color` overrule the settings: auto, always or never."""
        if when != "auto":
            self._colour_given = True
            self.streams = replace(self.streams, colour=when == "always")

    def use_profile(self, name: str) -> None:
        """Let a command's `--profile` overrule the settings."""
        self.options["profile"] = name
        self.__dict__.pop("_loaded_settings", None)

    def make_profile(self) -> None:
        """Let the profile be one that does not exist yet."""
        self._makes_profile = True

    @cached_property
    def now(self) -> datetime:
        """When the command began, in UTC and whole seconds."""
        return self._clock().astimezone(UTC).replace(microsecond=0)

    def renew_clock(self) -> None:
        """Let it be as late as it is, after a person took their time."""
        self.__dict__.pop("now", None)

    @cached_property
    def tz(self) -> tzinfo:
        """The user's own time zone: `TZ`, else the system's."""
        return zone_of(self.env)

    @cached_property
    def _loaded_settings(self) -> tuple[Settings, dict[str, str]]:
        from neontodo import settings

        loaded = settings.load(self.env, self.options)
        if loaded[0].color != "auto" and not self._colour_given:
            self.streams = replace(self.streams, colour=loaded[0].color == "always")
        return loaded

    @property
    def settings(self) -> Settings:
        return self._loaded_settings[0]

    @property
    def setting_origins(self) -> dict[str, str]:
        """Where each setting that was set came from."""
        return self._loaded_settings[1]

    @property
    def folder(self) -> Path:
        """Of the profile's embedded store, and of what is known of its user.

        Raises:
            BadValue: there is no such profile.
            Refused: it lies behind a link that somebody else has put there.
        """
        from neontodo.accounts import profiles

        name = self.settings.profile
        folder = profiles.folder_of(self.settings.data_dir, name)
        if not (self._makes_profile or profiles.exists(folder, name)):
            raise BadValue(
                f"there is no profile `{name}`",
                hint="`todo profiles` lists them; `todo login`, `connect` and `join` make one",
            )
        _require_own_links(folder)
        return folder

    @cached_property
    def target(self) -> Target:
        from neontodo.db.url import SqliteTarget, parse_url

        if url := self.settings.database_url:
            target = parse_url(url.get_secret_value())
            if isinstance(target, SqliteTarget):
                return _store_at((self.cwd / target.path).absolute())
            return target
        if (connection := self.connection) is not None:
            return parse_url(connection.url)
        return _store_at(self.folder.absolute() / STORE)

    @cached_property
    def connection(self) -> Connection | None:
        """What `todo connect` stored of the store in use; None for the embedded one."""
        from neontodo.accounts import connection

        if url := self.settings.database_url:
            from neontodo.db.url import PostgresTarget, parse_url

            target = parse_url(url.get_secret_value())
            if isinstance(target, PostgresTarget):
                return connection.kept(self.secrets, target.key)
            return None
        return connection.remembered(self.folder, self.secrets)

    def given_token(self) -> tuple[str | None, str]:
        """A token of a setting's, and where it came from."""
        if given := self.settings.token:
            return given.get_secret_value().strip(), self.setting_origins["token"]
        return None, ""

    @cached_property
    def secrets(self) -> SecretStore:
        from neontodo.accounts.secrets.store import SecretStore

        return SecretStore(self.folder, self.notify)

    @cached_property
    def account(self) -> Account | None:
        """Who signed in here; None if nobody did."""
        from neontodo.accounts import signed_in

        return signed_in.remembered(self.folder)

    def use_account(self, account: Account | None) -> None:
        """Go on as somebody who has just signed in, or as if nobody had."""
        self.__dict__["account"] = account

    @cached_property
    def issuer(self) -> Issuer | None:
        """Who else than this store's machines may vouch for somebody."""
        if self.settings.auth_url is not None:
            return self.issuer_at(self.settings.auth_url)
        return self._as_set(self.account.issuer) if self.account is not None else None

    def issuer_at(self, url: str) -> Issuer:
        """The issuer at an address, with what the settings say of it, if it is theirs."""
        from neontodo.accounts.issuers.issuer import issuer_at

        set_url, plain = self.settings.auth_url, issuer_at(url)
        if set_url is not None and issuer_at(set_url).url != plain.url:
            return plain
        return self._as_set(plain)

    def _as_set(self, known: Issuer) -> Issuer:
        from neontodo.accounts.issuers.issuer import issuer_at

        settings = self.settings
        return issuer_at(
            known.url,
            issuer=settings.auth_issuer or known.issuer,
            audience=settings.auth_audience or settings.auth_issuer or known.audience,
            jwks_url=settings.auth_jwks_url or known.jwks_url,
        )

    def http(self) -> Http:
        """A client for the issuer."""
        from neontodo.accounts.issuers.http import Http

        return Http(self.env)

    @cached_property
    def machine(self) -> Machine | None:
        """This machine's identity; None if there is none and the embedded store has its user."""
        from neontodo.accounts import machine_key

        found = machine_key.load(self.folder)
        if found is None and not (self.folder / STORE).exists():
            return machine_key.create(self.folder, name=machine_key.os_user_name(), now=self.now)
        if found is not None and not found.had_store and (self.folder / STORE).exists():
            # A first command was killed before it was done.
            self._remember_store()
        return found

    def founder_of(self, target: Target) -> Callable[[], Founder]:
        """Who a store without users is given to: this machine's user, or whoever has signed in.

        The embedded store is the machine's own in any case: it is there when nobody is signed in.
        """

        def founder() -> Founder:
            from neontodo.db.founding import Founder

            if self.account is not None and target.engine == "postgresql":
                return Founder(self.account.user_id, self.account.name, at=self.now)
            mine = self._own_founder()
            if target.display != str(self.folder.absolute() / STORE):
                return mine
            return replace(
                mine,
                had_store=self.require_machine().had_store,
                remember_store=self._remember_store,
            )

        return founder

    def _remember_store(self) -> None:
        from neontodo.accounts import machine_key
        from neontodo.db.new_files import clear_temporary_folders

        # As long as others are at work, they may be killed.
        if clear_temporary_folders(self.folder, STORE):
            machine_key.remember_store(self.folder)

    def notify(self, text: str) -> None:
        """Say what was done that the user should know of."""
        print("notice:", text, file=self.streams.err)

    def _own_founder(self) -> Founder:
        import socket

        from neontodo.accounts.key_text import public_text
        from neontodo.db.founding import FirstKey, Founder

        mine = self.require_machine()
        key = FirstKey(
            mine.key_id, public_text(mine.private_key.public_key()), socket.gethostname()
        )
        return Founder(mine.user_id, mine.name, at=self.now, key=key)

    def require_machine(self) -> Machine:
        """This machine's identity.

        Raises:
            NotSignedIn: there is none, and the embedded store has its user.
        """
        if self.machine is None:
            from neontodo.accounts import machine_key

            raise NotSignedIn(
                f"the key of the store {self.folder / STORE} is missing: "
                f"`{machine_key.IDENTITY}` beside it",
                hint="restore it from a backup, or bring a token in TODO_TOKEN",
            )
        return self.machine


def _store_at(path: Path) -> SqliteTarget:
    from neontodo.db.url import SqliteTarget

    _require_own_links(path)
    return SqliteTarget(path)


def _require_own_links(path: Path) -> None:
    from neontodo.links import follow_links

    # Whether there is anything behind them is told by whoever opens it.
    with suppress(OSError, RuntimeError):
        follow_links(path)
