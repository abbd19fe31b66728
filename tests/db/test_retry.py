"""When a failed try is followed by another: tried with a clock of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from neontodo.db.retry import RetryTimer, TimeLimits, run_with_retries
from neontodo.errors import (
    NotSignedIn,
    OutcomeUnknown,
    Refused,
    Retry,
    SchemaMismatch,
    StoreUnavailable,
    TodoError,
    iterate_causes,
)

LIMITS = TimeLimits(patience=30, brief=3, pause=0.2, longest_pause=5)


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds

    def timer(self, jitter: float = 1.0) -> RetryTimer:
        return RetryTimer(LIMITS, clock=lambda: self.now, sleep=self.sleep, jitter=lambda: jitter)


def failure(retry: Retry) -> StoreUnavailable:
    return StoreUnavailable(retry.name.lower(), retry=retry)


def attempts(*answers: Exception | str) -> Callable[[], Awaitable[str]]:
    """Attempts that end like this, one after the other; the last one again and again."""
    left = list(answers)

    async def attempt() -> str:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return attempt


def run(clock: Clock, *answers: Exception | str, jitter: float = 1.0) -> str:
    return asyncio.run(run_with_retries(attempts(*answers), clock.timer(jitter)))


def test_what_succeeds_is_not_repeated() -> None:
    clock = Clock()
    assert run(clock, "done") == "done"
    assert clock.slept == []


def test_pauses_double_up_to_the_longest() -> None:
    clock = Clock()
    lost = failure(Retry.PATIENTLY)
    assert run(clock, *[lost] * 7, "done") == "done"
    assert clock.slept == [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]


def test_jitter_takes_up_to_half_of_a_pause() -> None:
    clock = Clock()
    run(clock, *[failure(Retry.PATIENTLY)] * 3, "done", jitter=0.0)
    assert clock.slept == [0.1, 0.2, 0.4]


def test_a_failure_that_will_not_pass_is_final() -> None:
    clock = Clock()
    with pytest.raises(StoreUnavailable, match="never"):
        run(clock, failure(Retry.NEVER), "done")
    assert clock.slept == []


def test_a_refusal_of_the_rules_is_final() -> None:
    with pytest.raises(Refused):
        run(Clock(), Refused("no"), "done")


@pytest.mark.parametrize(("retry", "longest"), [(Retry.BRIEFLY, 3), (Retry.PATIENTLY, 30)])
def test_patience_ends(retry: Retry, longest: float) -> None:
    clock = Clock()
    with pytest.raises(StoreUnavailable, match=retry.name.lower()):
        run(clock, failure(retry))
    assert longest / 2 < clock.now <= longest


def test_a_server_that_was_there_is_waited_for_while_it_refuses_connections() -> None:
    clock = Clock()
    with pytest.raises(StoreUnavailable, match="briefly"):
        run(clock, failure(Retry.PATIENTLY), failure(Retry.BRIEFLY))
    assert 15 < clock.now <= 30


def test_a_write_that_may_be_saved_stays_unknown_whatever_fails_afterwards() -> None:
    clock = Clock()
    unknown = OutcomeUnknown("not known", retry=Retry.PATIENTLY)
    with pytest.raises(OutcomeUnknown, match="not known"):
        run(clock, unknown, failure(Retry.BRIEFLY), failure(Retry.NEVER))
    assert 15 < clock.now <= 30


def test_the_time_of_a_try_counts_and_the_time_before_the_first_failure_does_not() -> None:
    clock = Clock(now=1000)
    timer = clock.timer()
    lasted: list[float] = []

    async def slow() -> str:
        clock.now += 20
        lasted.append(clock.now)
        raise failure(Retry.PATIENTLY)

    with pytest.raises(StoreUnavailable):
        asyncio.run(run_with_retries(slow, timer))
    assert [round(moment) for moment in lasted] == [1020, 1040, 1061]


def test_work_after_failed_work_has_its_own_time() -> None:
    clock = Clock()
    timer = clock.timer()
    with pytest.raises(StoreUnavailable):
        asyncio.run(run_with_retries(attempts(failure(Retry.BRIEFLY)), timer))
    clock.now += 100
    assert asyncio.run(run_with_retries(attempts(failure(Retry.BRIEFLY), "done"), timer)) == "done"
    assert timer.has_failed


@pytest.mark.parametrize("kind", [SchemaMismatch, NotSignedIn])
def test_a_write_that_may_be_saved_stays_unknown_if_the_store_is_another_then(
    kind: type[TodoError],
) -> None:
    unknown = OutcomeUnknown("not known", hint="look", retry=Retry.PATIENTLY)
    with pytest.raises(OutcomeUnknown, match=r"^not known; then it is locked$") as raised:
        run(Clock(), unknown, kind("it is locked", hint="unlock it"))
    assert raised.value.hint == "unlock it; then look"
    with pytest.raises(kind, match=r"^it is locked$"):
        run(Clock(), failure(Retry.PATIENTLY), kind("it is locked"))


def test_an_interrupt_is_caused_by_a_write_that_may_be_saved() -> None:
    unknown = OutcomeUnknown("not known", retry=Retry.PATIENTLY)
    first = attempts(unknown, "done")

    async def interrupt() -> None:
        is_repeated = asyncio.Event()

        async def attempt() -> None:
            if await first() == "done":
                is_repeated.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(run_with_retries(attempt, Clock().timer()))
        await is_repeated.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError) as raised:
        asyncio.run(interrupt())
    assert unknown in iterate_causes(raised.value)
