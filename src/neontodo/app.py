"""The composition root: everything one command needs, each made when it is first asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from neontodo.errors import BadValue, NotSignedIn, TaskNotFound
from neontodo.resources import Resources
from neontodo.streams import Notice, Streams

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.db.database import Database
    from neontodo.db.founding import Founder
    from neontodo.db.retry import Limits
    from neontodo.db.url import Target
    from neontodo.identity.connection import Connection
    from neontodo.identity.current import Identity
    from neontodo.identity.machine import Machine
    from neontodo.identity.secrets import SecretStore
    from neontodo.settings import Settings
    from neontodo.tasks.unit import Unit

T = TypeVar("T")

STORE = "tasks.db"


def utc_now() -> datetime:
    """What the machine's clock says."""
    return datetime.now(UTC)


class App:
    """One run of `todo`: its streams, environment and clock, and what follows from them."""

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
        self._colour_given = False
        self._resources = resources or Resources()

    @classmethod
    def from_process(
        cls, resources: Resources | None = None, clock: Callable[[], datetime] = utc_now
    ) -> App:
        """The app of this process: its own streams, environment and place."""
        env = dict(os.environ)  # noqa: TID251
        return cls(_process_streams(), env, _process_folder(), clock, resources)

    def use_colour(self, when: str) -> None:
        """Let a command's `--color` overrule the settings: auto, always or never."""
        if when != "auto":
            self._colour_given = True
            self.streams = replace(self.streams, colour=when == "always")

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
        from zoneinfo import ZoneInfo

        if name := self.env.get("TZ", "").removeprefix(":"):
            try:
                if name.startswith("/"):
                    with open(name, "rb") as file:
                        return ZoneInfo.from_file(file)
                return ZoneInfo(name)
            except (ValueError, OSError, KeyError):
                raise BadValue(
                    "the time zone in TZ is not known", hint="such as TZ=Europe/Berlin"
                ) from None
        import tzlocal

        return tzlocal.get_localzone()

    @cached_property
    def _loaded_settings(self) -> tuple[Settings, dict[str, str]]:
        from neontodo import settings

        loaded = settings.load(self.env)
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
        """Of the embedded store and this machine's identity."""
        return self.settings.data_dir.expanduser()

    @cached_property
    def target(self) -> Target:
        from neontodo.db.url import SqliteTarget, parse_url

        if url := self.settings.database_url:
            target = parse_url(url.get_secret_value())
            if isinstance(target, SqliteTarget):
                return SqliteTarget((self.cwd / target.path).absolute())
            return target
        if (connection := self.connection) is not None:
            return parse_url(connection.url)
        return SqliteTarget(self.folder.absolute() / STORE)

    @cached_property
    def connection(self) -> Connection | None:
        """What `todo connect` stored of the store in use; None for the embedded one."""
        from neontodo.identity import connection

        if url := self.settings.database_url:
            from neontodo.db.url import PostgresTarget, parse_url

            target = parse_url(url.get_secret_value())
            if isinstance(target, PostgresTarget):
                return connection.kept(self.secrets, target.key)
            return None
        return connection.remembered(self.folder, self.secrets)

    @cached_property
    def limits(self) -> Limits:
        """How long is waited for a server."""
        from neontodo.db.retry import Limits

        return Limits()

    @cached_property
    def database(self) -> Database:
        return self._resources.database(
            self.target, self.founder, self.limits, Notice(self.streams).show
        )

    @cached_property
    def secrets(self) -> SecretStore:
        from neontodo.identity.secrets import SecretStore

        return SecretStore(self.folder, lambda text: print("notice:", text, file=self.streams.err))

    @cached_property
    def machine(self) -> Machine | None:
        """This machine's identity; None if there is none and the embedded store has its user."""
        from neontodo.identity import machine

        found = machine.load(self.folder)
        if found is None and not (self.folder / STORE).exists():
            return machine.create(self.folder, name=machine.os_user_name(), now=self.now)
        return found

    def founder(self) -> Founder:
        """Who a store without users is given to: this machine's user."""
        import socket

        from neontodo.db.founding import Founder
        from neontodo.identity.keys import public_text

        mine = self._require_machine()
        return Founder(
            user_id=mine.user_id,
            name=mine.name,
            key_id=mine.key_id,
            public_key=public_text(mine.private_key.public_key()),
            label=socket.gethostname(),
            at=self.now,
        )

    def _require_machine(self) -> Machine:
        if self.machine is None:
            from neontodo.identity import machine

            raise NotSignedIn(
                f"the key of the store {self.folder / STORE} is missing: "
                f"`{machine.IDENTITY}` beside it",
                hint="restore it from a backup, or bring a token in TODO_TOKEN",
            )
        return self.machine

    async def identity(self) -> Identity:
        """The verified user of this run.

        Raises:
            NotSignedIn: there is no token, or it is not accepted.
        """
        if "_identity" not in self.__dict__:
            self._identity = await self._resolve_identity()
        return self._identity

    async def _resolve_identity(self) -> Identity:
        from neontodo.identity import current, machine

        token, origin = self.given_token()
        if token is None:
            if (connection := self.connection) is not None and connection.machine is not None:
                return current.of_connection(connection, self.secrets, self.now)
            return current.of_machine(self._require_machine(), self.folder, self.now)
        return await current.verified(
            token, origin, mine=machine.load(self.folder), database=self.database, now=self.now
        )

    def given_token(self) -> tuple[str | None, str]:
        """A token of a setting's, and where it came from."""
        if given := self.settings.token:
            return given.get_secret_value().strip(), self.setting_origins["token"]
        return None, ""

    async def read(self, query: Callable[[AsyncSession, Identity], Awaitable[T]]) -> T:
        """Run a query of the user's; who gets an empty answer must be known to the store.

        Raises:
            NotSignedIn: the store has no such user, so that nothing could be found.
        """
        from neontodo.tasks.queries import users

        identity = await self.identity()

        async def attempt() -> T:
            async with self.database.read(identity.user_id) as session:
                try:
                    answer = await query(session, identity)
                except TaskNotFound:
                    await users.require(session, identity.user_id)
                    raise
                if not answer:
                    await users.require(session, identity.user_id)
                return answer

        return await self.database.repeated(attempt)

    async def write(self, action: Callable[[Unit], Awaitable[T]], *, dry_run: bool = False) -> T:
        """Run an action in one transaction of the user's; a dry run rolls it back."""
        from neontodo.tasks.saving import saved
        from neontodo.tasks.unit import Command

        identity = await self.identity()
        command = Command(identity.user_id, identity.key_id, self.now)
        return await saved(self.database, command, action, dry_run=dry_run)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the app's one event loop, the only one its engine ever sees."""
        return self._resources.run(work)

    def close(self) -> None:
        """Let go of connections and of the event loop."""
        self._resources.close()


def _process_streams() -> Streams:
    import shutil

    out_is_terminal = sys.stdout.isatty()  # noqa: TID251
    return Streams(
        stdin=sys.stdin,
        out=sys.stdout,  # noqa: TID251
        err=sys.stderr,  # noqa: TID251
        in_is_terminal=sys.stdin is not None and sys.stdin.isatty(),
        out_is_terminal=out_is_terminal,
        err_is_terminal=sys.stderr.isatty(),  # noqa: TID251
        width=shutil.get_terminal_size().columns,
        colour=out_is_terminal and not os.environ.get("NO_COLOR"),  # noqa: TID251
    )


def _process_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # Somebody has removed it; what a name in it leads to is not there then.
        return Path()
