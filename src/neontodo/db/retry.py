"""Retries: which failures are worth one, how long to wait, and when to give up."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from neontodo.errors import NotSignedIn, OutcomeUnknown, Retry, SchemaMismatch, StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True)
class TimeLimits:
    """How many seconds to wait for what.

    A client that vanished while it held its user's row must not block its own retry. The server
    ends its transaction if it is `idle`, but waits forever for the rest of a statement that was
    half sent; such a session is ended by the retry, once it is `stuck`. That comes before the wait
    for the row is given up (`lock`), and that before the server counts as dead (`answer`).

    Attributes:
        patience: for retries, if the server has answered before.
        brief: for retries, if there may be no server.
        pause: before the first retry; it doubles with each, up to `longest_pause`.
        idle: by the server, for the next statement of a transaction.
        stuck: for the rest of a statement that another session of ours is sending.
        lock: by the server, for a row that another session holds.
        answer: for the server's answer to a statement.
    """

    patience: float = 30.0
    brief: float = 3.0
    pause: float = 0.2
    longest_pause: float = 5.0
    idle: float = 10.0
    stuck: float = 15.0
    lock: float = 20.0
    answer: float = 30.0


class RetryTimer:
    """The deadline that all retries of one piece of work share, whatever fails in them."""

    def __init__(
        self,
        limits: TimeLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.limits = limits
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self.restart()

    @property
    def has_failed(self) -> bool:
        """Whether an attempt has failed since the work began."""
        return self._failures > 0

    def restart(self) -> None:
        """Forget the failures of the work before."""
        self._failures = 0
        self._since = 0.0
        self._worth = Retry.NEVER

    async def wait_or_raise(self, failure: StoreUnavailable) -> None:
        """Wait until the next attempt; raise the failure if none is worth it, or time is up."""
        now = self._clock()
        if not self._failures:
            self._since = now
        wait = min(self.limits.pause * 2**self._failures, self.limits.longest_pause)
        # Those who failed together must not come back together.
        wait *= (1 + self._jitter()) / 2
        self._failures += 1
        # A server that has answered before is there, even if it refuses connections while it
        # restarts.
        self._worth = max(self._worth, failure.retry)
        is_brief = self._worth is Retry.BRIEFLY
        patience = self.limits.brief if is_brief else self.limits.patience
        if failure.retry is Retry.NEVER or now + wait > self._since + patience:
            raise failure
        await self._sleep(wait)


async def run_with_retries(attempt: Callable[[], Awaitable[T]], timer: RetryTimer) -> T:
    """Make attempts until one succeeds, or fails for good.

    Raises:
        OutcomeUnknown: one attempt may have been saved, and none since could find out. It is the
            cause of an interrupt that comes then.
    """
    timer.restart()
    unknown: OutcomeUnknown | None = None
    try:
        while True:
            try:
                return await attempt()
            except StoreUnavailable as failure:
                if isinstance(failure, OutcomeUnknown):
                    unknown = failure
                await timer.wait_or_raise(unknown or failure)
    except (NotSignedIn, SchemaMismatch) as failure:
        # Whatever else the rules refuse has looked first whether an attempt was saved.
        if unknown is None:
            raise
        raise OutcomeUnknown(
            f"{unknown.message}; then {failure.message}",
            hint="; then ".join(filter(None, (failure.hint, unknown.hint))),
        ) from failure
    except asyncio.CancelledError as interrupt:
        if unknown is None:
            raise
        raise interrupt from unknown
