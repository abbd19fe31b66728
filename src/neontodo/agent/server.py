"""The agent: answers launchers, and has their commands run by workers.

It has neither threads nor an event loop of asyncio's: a process with either cannot be forked.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from neontodo import __version__
from neontodo.agent.claim import Claim
from neontodo.agent.conversation import PATIENCE, Clients, Conversation, Gone, Stage
from neontodo.agent.crew import MOST, Crew, Member
from neontodo.launcher import protocol
from neontodo.launcher.client import is_ours
from neontodo.launcher.protocol import Command, Garbage

IDLE_EXIT = 600.0
"""Seconds without a command after which the agent ends."""

UNUSED_EXIT = 60.0
"""The same for one that nobody has ever used: many come and go with temporary stores."""

ROUND = 10.0
"""Seconds between two looks at whether the agent is still wanted."""

QUEUE = 1.0
"""Seconds that a client waits for a free worker before it is told to run the command itself."""

MOST_CLIENTS = 100
"""Clients at a time; the descriptors that a process may have are few."""


class Server:
    """Everything between the socket and the workers.

    Args:
        claim: the place that it is at, where launchers come in.
        crew: the workers.
        like: a command whose environment the first worker makes itself ready for.
        is_outdated: whether the program on disk is another one by now.
    """

    def __init__(
        self, claim: Claim, crew: Crew, like: Command, is_outdated: Callable[[], bool]
    ) -> None:
        self._claim = claim
        self._listener = claim.listen()
        self._is_outdated = is_outdated
        self._crew = crew
        self._like = like
        self._clients = Clients()
        self._selector = selectors.PollSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._started = self._used = self._looked = time.monotonic()
        self._served = 0
        self._is_leaving = False

    def serve(self) -> None:
        """Work until nobody needs this agent any more, and every command has ended."""
        self._replace()
        while not (self._is_leaving and not self._crew.busy):
            for key, _ in self._selector.select(self._clients.patience(ROUND)):
                handle: Callable[[], None] = key.data
                handle()
            self._look_around()

    def leave(self) -> None:
        """Take no more commands; those that run may end."""
        if self._is_leaving:
            return
        self._is_leaving = True
        self._claim.release()
        self._selector.unregister(self._listener)
        self._listener.close()
        for client in self._clients.pending():
            self._refuse(client, protocol.LEAVING)
        for member in [m for m in self._crew.members if m.client is None]:
            self._dismiss(member)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if not is_ours(connection):
            connection.close()
            return
        client = Conversation(connection)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, partial(self._hear, client))
        if len(self._clients) > MOST_CLIENTS:
            self._refuse(client, protocol.BUSY)
        else:
            self._hear(client)

    def _hear(self, client: Conversation) -> None:
        if client not in self._clients:
            return
        try:
            if client.stage is Stage.ASKING:
                client.receive()
                if client.is_complete:
                    self._answer(client)
            else:
                self._obey(client, client.words())
        except (Gone, Garbage):
            self._lose(client)

    def _answer(self, client: Conversation) -> None:
        if client.kind == protocol.STATUS:
            # A command that has ended for its launcher has ended for the figures, too.
            for member in self._crew.busy:
                self._listen(member)
            self._refuse(client, json.dumps(self._status()).encode())
        elif client.kind == protocol.STOP:
            self._refuse(client, str(os.getpid()).encode())
            self.leave()
        elif self._is_outdated():
            self.leave()
        else:
            client.command = Command.decode(client.body)
            client.wait(Stage.WAITING, QUEUE)
            self._promise()

    def _promise(self) -> None:
        """Let clients say GO, as many as there are workers for, in the order in which they came."""
        waiting = self._clients.at(Stage.WAITING)
        taken = len(self._clients.at(Stage.PROMISED, Stage.RUNNING))
        for client in waiting[: max(0, MOST - taken)]:
            client.wait(Stage.PROMISED, PATIENCE)
            client.say(protocol.READY)

    def _obey(self, client: Conversation, words: bytes) -> None:
        if words == protocol.GO and client.stage is Stage.PROMISED:
            client.stage = Stage.RUNNING
            self._used = time.monotonic()
            try:
                member = self._crew.idle() or self._add_worker(None)
            except OSError:
                self._refuse(client, protocol.UNBEGUN)
            else:
                member.give(client)
        elif client.stage is Stage.RUNNING and set(words) == set(protocol.INTERRUPT):
            for member in self._crew.busy:
                if member.client is client:
                    member.signal(signal.SIGINT)
        elif words:
            raise Garbage

    def _lose(self, client: Conversation) -> None:
        """A client has gone, or makes no sense: its command goes with it, as it would have."""
        for member in self._crew.busy:
            if member.client is client:
                # Perhaps the command has ended, and its launcher only has been faster than we.
                self._listen(member)
                if member.client is client:
                    member.signal(signal.SIGKILL)
                return
        self._end(client)
        self._promise()

    def _refuse(self, client: Conversation, word: bytes) -> None:
        # One who may have said GO already must know that nothing was begun.
        client.say(protocol.UNBEGUN if client.stage is Stage.PROMISED else word)
        self._end(client)

    def _end(self, client: Conversation) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client.connection)
            client.close()

    def _add_worker(self, like: Command | None) -> Member:
        member = self._crew.fork(like)
        self._selector.register(member.control, selectors.EVENT_READ, partial(self._listen, member))
        return member

    def _replace(self) -> None:
        with suppress(OSError):
            self._add_worker(self._like)

    def _listen(self, member: Member) -> None:
        if member not in self._crew.members:
            return
        try:
            has_ended = False
            if member.listen():
                self._finish(member)
        except EOFError:
            has_ended = True
        if has_ended or (member.client is None and (member.is_retiring or self._is_leaving)):
            self._dismiss(member)
            # One that could not even get ready would be followed by the next, and so on.
            if member.is_ready and not self._is_leaving and self._crew.idle() is None:
                self._replace()

    def _finish(self, member: Member) -> None:
        client, member.client = member.client, None
        if client is None:
            return
        self._served += 1
        self._used = time.monotonic()
        self._like = client.command or self._like
        self._end(client)
        self._promise()

    def _dismiss(self, member: Member) -> None:
        self._finish(member)
        self._selector.unregister(member.control)
        self._crew.dismiss(member)

    def _look_around(self) -> None:
        now = time.monotonic()
        for client in self._clients.overdue():
            self._refuse(client, protocol.BUSY if client.stage is Stage.WAITING else b"")
        if self._is_leaving or now < self._looked + ROUND:
            return
        self._looked = now
        self._crew.reap()
        for member in list(self._crew.surplus()):
            self._dismiss(member)
        patience = IDLE_EXIT if self._served else UNUSED_EXIT
        is_idle = now > self._used + patience and not self._crew.busy
        if is_idle or not self._claim.is_held() or self._is_outdated():
            self.leave()

    def _status(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "version": __version__,
            "uptime": round(time.monotonic() - self._started, 1),
            "commands": self._served,
            **self._crew.figures(),
        }
