"""The composition root: everything one command needs, each made when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from neontodo.clock import utc_now
from neontodo.environment import Environment
from neontodo.errors import SchemaMismatch, TaskNotFound, TodoError
from neontodo.resources import Resources
from neontodo.streams import Notice, Streams, streams_of_process

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from neontodo.accounts.identity import Identity
    from neontodo.accounts.signed_in import Account
    from neontodo.db.database import Database
    from neontodo.db.retry import Limits
    from neontodo.db.url import Target
    from neontodo.tasks.unit_of_work import UnitOfWork

T = TypeVar("T")


class App(Environment):
    """One run of `todo`: what it finds here, and what it does in the store as whom."""

    def __init__(
        self,
        streams: Streams,
        env: Mapping[str, str],
        cwd: Path,
        clock: Callable[[], datetime] = utc_now,
        resources: Resources | None = None,
    ) -> None:
        super().__init__(streams, env, cwd, clock)
        self._resources = resources or Resources()
        self._identity: Identity | None = None
        self._is_renamed = False

    @classmethod
    def from_process(
        cls, resources: Resources | None = None, clock: Callable[[], datetime] = utc_now
    ) -> App:
        """The app of this process: its own streams, environment and place."""
        env = dict(os.environ)  # noqa: TID251
        return cls(streams_of_process(), env, _process_folder(), clock, resources)

    @cached_property
    def limits(self) -> Limits:
        """How long is waited for a server."""
        from neontodo.db.retry import Limits

        return Limits()

    @cached_property
    def database(self) -> Database:
        return self._resources.database(
            self.target,
            self.founder_of(self.target),
            self.limits,
            Notice(self.streams).show,
            self.notify,
        )

    def database_at(self, target: Target) -> Database:
        """Another store than the one in use, by its name; whoever opens it closes it."""
        from neontodo.db.database import Database

        return Database(
            target,
            self.founder_of(target),
            limits=self.limits,
            announce=Notice(self.streams).show,
            notify=self.notify,
        )

    async def identity(self) -> Identity:
        """The verified user of this run.

        Raises:
            NotSignedIn: there is no token, or it is not accepted.
        """
        if self._identity is None:
            self._identity = await self._resolve_identity()
        return self._identity

    async def _resolve_identity(self) -> Identity:
        from neontodo.accounts import identity, machine_key, tokens

        token, origin = self.given_token()
        if token is None:
            if self.account is not None:
                return await self._identity_of(self.account)
            if (connection := self.connection) is not None and connection.machine is not None:
                return identity.of_connection(connection, self.secrets, self.now)
            return identity.of_machine(self.require_machine(), self.folder, self.now)
        if tokens.issuer_of(token) != tokens.ISSUER and self.issuer is not None:
            import socket

            from neontodo.accounts import account

            # The keys of the account's own issuer are kept for when that cannot be reached.
            is_same = self.account is None or self.account.issuer == self.issuer
            folder = self.folder if is_same else self.folder / "given"
            claims = await account.verified(token, folder, self.issuer, self.http, self.now)
            return identity.Identity(claims, origin, socket.gethostname())
        return await identity.verified(
            token, origin, mine=machine_key.load(self.folder), database=self.database, now=self.now
        )

    async def _identity_of(self, signed_in: Account) -> Identity:
        """The account's user, by a token of the issuer's that is fetched anew if need be."""
        from neontodo.accounts import account
        from neontodo.accounts.identity import Identity

        claims = await account.current_claims(
            self.folder, self.secrets, signed_in, self.http, self.now
        )
        self._is_renamed = (claims.email, claims.name) != (signed_in.email, signed_in.name)
        return Identity(claims, signed_in.issuer.url, signed_in.machine)

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
                    await users.require_user(session, identity.user_id)
                    raise
                if not answer:
                    await users.require_user(session, identity.user_id)
                return answer

        return await self._admitted(identity, lambda: self.database.repeated(attempt))

    async def write(
        self, action: Callable[[UnitOfWork], Awaitable[T]], *, dry_run: bool = False
    ) -> T:
        """Run an action in one transaction of the user's; a dry run rolls it back."""
        from neontodo.tasks.unit_of_work import WriteContext, save_exactly_once

        identity = await self.identity()
        command = WriteContext(
            identity.user_id, identity.key_id, self.now, needs_key=not identity.by_issuer
        )
        return await self._admitted(
            identity, lambda: save_exactly_once(self.database, command, action, dry_run=dry_run)
        )

    async def _admitted(self, identity: Identity, work: Callable[[], Awaitable[T]]) -> T:
        """Do work; whom an issuer vouches for is made known to the store on first sight.

        Raises:
            Refused: the store's tables are another program's.
        """
        from neontodo.tasks.queries.users import UnknownUser

        try:
            answer = await work()
        except UnknownUser:
            if not identity.by_issuer:
                raise UnknownUser(embedded=self.target.engine == "sqlite") from None
        except SchemaMismatch:
            await self._require_ours()
            raise
        else:
            if self._is_renamed:
                # `todo whoami` does it again, should it fail.
                with suppress(TodoError):
                    await self._admit(identity)
            return answer
        await self._admit(identity)
        return await work()

    async def _require_ours(self) -> None:
        """Make sure that tables which a server complains of are not another program's.

        Raises:
            Refused: they are.
        """
        from neontodo.db.probe import Probe, attempt

        answer = await attempt(self.database) if self.target.engine == "postgresql" else None
        if isinstance(answer, Probe):
            answer.require_ours(self.target.display)

    async def _admit(self, identity: Identity) -> None:
        await self.admit(identity, self.database)
        self._is_renamed = False

    async def admit(self, identity: Identity, database: Database) -> None:
        """Let a database know a user whom an issuer vouches for.

        Raises:
            NotSignedIn: the login role is a member's, and another one's.
        """
        from neontodo.accounts import admission

        is_given = self.given_token()[0] is not None
        machine = None if is_given or self.account is None else self.account.machine
        await admission.admit(database, identity.claims, machine, self.now)

    async def introduce(self) -> None:
        """Make sure that the store knows the user, by the name that the issuer knows.

        Raises:
            NotSignedIn: it does not.
        """
        from neontodo.tasks.queries import users

        told = await self.read(
            lambda session, who: users.fetch_email_and_name(session, who.user_id)
        )
        identity = await self.identity()
        if identity.by_issuer and told != (identity.claims.email, identity.claims.name):
            await self._admit(identity)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the app's one event loop, the only one its engine ever sees."""
        return self._resources.run(work)

    def close(self) -> None:
        """Let go of connections and of the event loop."""
        self._resources.close()


def _process_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # Somebody has removed it; what a name in it leads to is not there then.
        return Path()
