"""The composition root: what a run finds, what it keeps open, and whom it acts as.

Its attributes only read; each part is made when it is first asked for, so that `--help` imports
none of them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from neontodo.clock import find_zone, utc_now
from neontodo.errors import KeyNotAccepted, SchemaMismatch, TaskNotFound, TodoError
from neontodo.profile import Profile, require_trusted_links
from neontodo.resources import Resources
from neontodo.streams import Notice, Streams, open_process_streams

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.account_file import Account
    from neontodo.accounts.identity import Identity
    from neontodo.accounts.issuers.http import HttpClient
    from neontodo.accounts.secrets.named_secrets import NamedSecrets
    from neontodo.db.database import Database
    from neontodo.db.retry import TimeLimits
    from neontodo.db.url import Target
    from neontodo.settings import Settings
    from neontodo.tasks.results import SavedView
    from neontodo.tasks.unit_of_work import UnitOfWork

T = TypeVar("T")


class App:
    """One run of `todo`.

    Attributes:
        streams: where the run reads and writes; `--color` and the settings decide on its colour.
        words: the command line as it was typed, and `list` where it names no command.
        has_written: whether what the command changes was saved.
        now: when the command began, in UTC and whole seconds; `renew_clock` sets it again.
        options: the settings that the command line gave, such as `profile`.
        limits: how long a server is waited for; None for as long as usual.
        settings: every setting; there are none, and no `profile`, before `load_settings`.
        setting_origins: where each setting that was set came from.
        profile: what this machine stores of the profile in use.
    """

    settings: Settings
    setting_origins: dict[str, str]
    profile: Profile

    def __init__(
        self,
        streams: Streams,
        env: Mapping[str, str],
        cwd: Path,
        clock: Callable[[], datetime] = utc_now,
        resources: Resources | None = None,
    ) -> None:
        self.streams = streams
        self.env = env
        self.cwd = cwd
        self._clock = clock
        self.renew_clock()
        self.words: list[str] = []
        self.options: dict[str, str] = {}
        self.limits: TimeLimits | None = None
        self.has_written = False
        self._resources = resources or Resources()
        self._has_settings = False
        self._is_colour_given = False
        self._identity: Identity | None = None
        self._views: dict[str, SavedView] | None = None
        self._is_renamed = False

    @classmethod
    def from_process(
        cls, resources: Resources | None = None, clock: Callable[[], datetime] = utc_now
    ) -> App:
        """Return the app of this process: its own streams, variables and working folder."""
        env = dict(os.environ)  # noqa: TID251
        try:
            cwd = Path.cwd()
        except OSError:
            # The folder was removed, so no relative name leads anywhere.
            cwd = Path()
        return cls(open_process_streams(), env, cwd, clock, resources)

    def choose_colour(self, when: str) -> None:
        """Let the command line decide on colour: auto, always or never."""
        if when != "auto":
            self._is_colour_given = True
            self.streams = replace(self.streams, colour=when == "always")

    def draw_tables(self) -> None:
        """Print what a terminal would get, even into a pipe."""
        self.streams = replace(self.streams, is_table_wanted=True)

    def silence_messages(self) -> None:
        """Show no messages but questions, warnings and errors from now on."""
        self.streams = replace(self.streams, is_quiet=True)

    def load_settings(self) -> None:
        """Read the settings, once; BadValue if one cannot have its value."""
        if self._has_settings:
            return
        from neontodo.settings import load_settings

        self.settings, self.setting_origins = load_settings(self.env, self.options)
        if self.settings.color != "auto" and not self._is_colour_given:
            self.streams = replace(self.streams, colour=self.settings.color == "always")
        self.profile = Profile(self.settings, self.notify)
        self._has_settings = True

    def renew_clock(self) -> None:
        """Set `now` to the present, in UTC and whole seconds; again after a person took time."""
        self.now = self._clock().astimezone(UTC).replace(microsecond=0)

    def notify(self, text: str) -> None:
        """Say what was done that the user should know of."""
        print("notice:", text, file=self.streams.err)

    @cached_property
    def tz(self) -> tzinfo:
        """The user's own time zone: `TZ`, else the system's."""
        return find_zone(self.env)

    @property
    def folder(self) -> Path:
        """The folder of the profile in use."""
        return self.profile.folder

    @property
    def secrets(self) -> NamedSecrets:
        """The secrets of the profile in use."""
        return self.profile.secrets

    @property
    def account(self) -> Account | None:
        """The account that is signed in, None if there is none.

        It raises NotSignedIn if somebody has signed out, or if that is damaged.
        """
        return self.profile.account

    def read_given_token(self) -> tuple[str | None, str]:
        """Return the token that a setting supplies, and where it came from."""
        if given := self.settings.token:
            return given.get_secret_value().strip(), self.setting_origins["token"]
        return None, ""

    def http(self) -> HttpClient:
        """Return a client for the issuer."""
        from neontodo.accounts.issuers.http import HttpClient

        return HttpClient(self.env)

    @cached_property
    def target(self) -> Target:
        """The store in use: what the settings name, else what is connected, else the embedded."""
        from neontodo.db.url import SqliteTarget, parse_url

        if url := self.settings.database_url:
            target = parse_url(url.get_secret_value())
            if not isinstance(target, SqliteTarget):
                return target
            path = (self.cwd / target.path).absolute()
        elif (connected := self.profile.connected_database) is not None:
            return parse_url(connected.url)
        else:
            path = self.profile.store_path
        require_trusted_links(path)
        return SqliteTarget(path)

    @cached_property
    def database(self) -> Database:
        """The store in use; its sessions open it."""
        return self._resources.database(
            self.target,
            lambda: self.profile.make_first_user(self.target, self.now),
            self.limits,
            Notice(self.streams).show,
            self.notify,
        )

    def database_at(self, target: Target) -> Database:
        """Return another store than the one in use; whoever opens it closes it."""
        from neontodo.db.database import Database

        return Database(
            target,
            lambda: self.profile.make_first_user(target, self.now),
            limits=self.limits,
            announce=Notice(self.streams).show,
            notify=self.notify,
        )

    async def identify_user(self) -> Identity:
        """Return the verified user of this run.

        The first of these decides: a token in TODO_TOKEN or the settings; the account that is
        signed in; the key that `todo connect` or `join` stored with the database; the key of this
        machine's embedded store, which is made if there is neither key nor store.

        Raises:
            NotSignedIn: there is no token, or it is not accepted.
        """
        if self._identity is None:
            self._identity = await self._resolve_identity()
        return self._identity

    async def _resolve_identity(self) -> Identity:
        from neontodo.accounts import identity

        token, origin = self.read_given_token()
        if token is not None:
            return await self._verify_given_token(token, origin)
        profile = self.profile
        if profile.account is not None:
            from neontodo.accounts.account import fetch_claims

            account = profile.account
            claims = await fetch_claims(self.folder, self.secrets, account, self.http, self.now)
            self._is_renamed = (claims.email, claims.name) != (account.email, account.name)
            return identity.Identity(claims, account.issuer.url, account.machine)
        connected = profile.connected_database
        if connected is not None and connected.machine_key is not None:
            return identity.identify_database_user(connected, profile.secrets, self.now)
        machine_key = profile.load_or_create_machine_key(self.now)
        return identity.identify_machine_user(machine_key, profile.folder, self.now)

    async def _verify_given_token(self, token: str, origin: str) -> Identity:
        from neontodo.accounts import identity, machine_keys, tokens

        if tokens.read_issuer(token) == tokens.ISSUER or self.profile.issuer is None:
            machine_key = machine_keys.find_machine_key(self.folder)
            return await identity.verify_self_signed_token(
                token, origin, machine_key=machine_key, database=self.database, now=self.now
            )
        import socket

        from neontodo.accounts.issuers import jwks

        # The keys of the account's own issuer are kept for when that cannot be reached.
        account = self.profile.last_account
        is_same = account is None or account.issuer == self.profile.issuer
        folder = self.folder if is_same else self.folder / "given"
        claims = await jwks.verify_token(token, folder, self.profile.issuer, self.http, self.now)
        return identity.Identity(claims, origin, socket.gethostname())

    async def read(
        self,
        query: Callable[[AsyncSession, Identity], Awaitable[T]],
        *,
        is_empty: Callable[[T], bool] = lambda _: False,
    ) -> T:
        """Run a query of the user's.

        An answer is one statement. Only if it is empty, or no task was found, does another one
        ask whether the store knows the user at all.

        Args:
            is_empty: whether the answer could be that of a user whom the store does not know; a
                query that always finds something, or raises TaskNotFound, needs none.

        Raises:
            NotSignedIn: the store has no such user, so that nothing could be found.
        """
        from neontodo.tasks.queries import users

        identity = await self.identify_user()

        async def attempt() -> T:
            async with self.database.read(identity.user_id) as session:
                try:
                    answer = await query(session, identity)
                except TaskNotFound:
                    await users.require_user(session, identity.user_id)
                    raise
                if is_empty(answer):
                    await users.require_user(session, identity.user_id)
                return answer

        return await self._run_as_known_user(
            identity, partial(self.database.run_with_retries, attempt)
        )

    def load_views(self) -> dict[str, SavedView]:
        """Return the user's views by name; the store is asked the first time only."""
        if self._views is None:
            from neontodo.tasks.queries.views import fetch_views

            self._views = self.run(
                self.read(
                    lambda session, me: fetch_views(session, me.user_id),
                    is_empty=lambda found: not found,
                )
            )
        return self._views

    async def write(
        self, action: Callable[[UnitOfWork], Awaitable[T]], *, dry_run: bool = False
    ) -> T:
        """Run an action in one transaction of the user's; a dry run rolls it back.

        Raises:
            NotSignedIn: the store does not know the user, or does not accept the key.
            OutcomeUnknown: the connection broke during COMMIT, and no later try could find out.
        """
        from neontodo.tasks.unit_of_work import WriteContext, save_exactly_once

        identity = await self.identify_user()
        context = WriteContext(
            identity.user_id, identity.key_id, self.now, needs_key=not identity.is_signed_by_issuer
        )
        save = partial(save_exactly_once, self.database, context, action, dry_run=dry_run)
        answer = await self._run_as_known_user(identity, save)
        self.has_written = not dry_run
        return answer

    async def _run_as_known_user(self, identity: Identity, work: Callable[[], Awaitable[T]]) -> T:
        """Do work; a user whom an issuer vouches for is made known to the store on first sight."""
        from neontodo.tasks.queries.users import UnknownUser

        try:
            answer = await work()
        except KeyNotAccepted as error:
            if not (identity.is_signed_by_issuer and isinstance(error, UnknownUser)):
                raise self.explain_refusal(error) from None
        except SchemaMismatch:
            from neontodo.db.probe import Probe, try_probe

            # What a server complains of may be the tables of another program.
            found = await try_probe(self.database) if self.target.engine == "postgresql" else None
            if isinstance(found, Probe):
                found.require_todo_tables(self.target.display)
            raise
        else:
            if self._is_renamed:
                # `todo whoami` does it again, should it fail.
                with suppress(TodoError):
                    await self.admit_user(identity)
            return answer
        await self.admit_user(identity)
        return await work()

    def explain_refusal(self, error: KeyNotAccepted) -> KeyNotAccepted:
        """Return the error with the way to become a user, if it is this machine's key that fails.

        That of Postgres, `todo connect`, is in the error.
        """
        from neontodo.db.url import SqliteTarget

        if self.settings.token is not None or not isinstance(self.target, SqliteTarget):
            return error
        return self.profile.suggest_adoption(error, self.target.path)

    async def admit_user(self, identity: Identity, database: Database | None = None) -> None:
        """Save a user whom an issuer vouches for in the store in use, or in another database.

        Raises:
            NotSignedIn: the login role is a member's, and another one's.
        """
        from neontodo.accounts.identity import admit_user

        is_given = self.read_given_token()[0] is not None
        machine_name = None if is_given or self.account is None else self.account.machine
        await admit_user(database or self.database, identity.claims, machine_name, self.now)
        if database is None:
            self._is_renamed = False

    async def ensure_user_known(self) -> None:
        """Keep in the store what the issuer calls the user, or raise NotSignedIn if it has none."""
        from neontodo.tasks.queries import users

        stored = await self.read(
            lambda session, me: users.fetch_email_and_name(session, me.user_id),
            is_empty=lambda found: found is None,
        )
        identity = await self.identify_user()
        if identity.is_signed_by_issuer and stored != (identity.claims.email, identity.claims.name):
            await self.admit_user(identity)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the app's one event loop, the only one its engine ever sees."""
        return self._resources.run(work)

    def close(self) -> None:
        """Let go of connections and of the event loop."""
        self._resources.close()
