"""A compute that sleeps, wakes, is disabled, over its quota or behind a closed door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from neontodo.db.connector import announce_if_slow
from tests.databases import TemplateDatabases
from tests.faults import wire
from tests.faults.scene import STEADY, Hurried
from tests.faults.sleeper import Sleeper
from tests.harness import Todo
from tests.neon import DIRECT, Neon

WAKING = "Couldn't connect to compute node"
Asleep = Callable[..., tuple[Sleeper, Hurried]]


@pytest.fixture
def asleep(templates: TemplateDatabases, tmp_path: Path) -> Iterator[Asleep]:
    """Makes a compute that sleeps, and somebody who has tasks on it."""
    started: list[Sleeper] = []
    with templates.cloned() as url:
        port = templates.server.port
        Hurried(tmp_path, {"TODO_DATABASE_URL": url}).ok("db", "upgrade")

        def make(*refusals: str, code: str = "XX000", pause: float = 0) -> tuple[Sleeper, Hurried]:
            said = tuple(wire.error(text, code) for text in refusals)
            sleeper = Sleeper(port, refusals=said, pause=pause)
            started.append(sleeper)
            through = url.replace(f":{port}/", f":{sleeper.port}/") + "?sslmode=disable"
            return sleeper, Hurried(tmp_path, {"TODO_DATABASE_URL": through}, limits=STEADY)

        yield make
    for sleeper in started:
        sleeper.close()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (WAKING, "XX000"),
        ("endpoint is idle, retry request", "XX000"),
        ("timed out while waiting for endpoint to become active", "XX000"),
        ("Control plane request failed", "XX000"),
        ("Too many connections to this endpoint. Please try again later.", "XX000"),
        ("the database system is starting up", "57P03"),
        ("no more connections allowed (max_client_conn)", "08P01"),
    ],
)
@pytest.mark.parametrize("argv", [("list",), ("add", "a task"), ("db", "current")])
def test_a_compute_that_wakes_is_waited_for(
    asleep: Asleep, text: str, code: str, argv: tuple[str, ...]
) -> None:
    sleeper, person = asleep(text, text, text, code=code)
    result = person(*argv)

    assert result.code == 0, result
    assert sleeper.connections == 4
    assert "error" not in result.err


def test_one_that_does_not_wake_is_given_up(asleep: Asleep) -> None:
    sleeper, person = asleep(*[WAKING] * 1000)
    person.limits = replace(STEADY, patience=0.3)
    result = person("add", "a task")

    assert sleeper.connections > 3
    assert (result.code, result.out, result.err) == (
        5,
        "",
        f"error: {shown(person)} could not be woken in time\nhint: try again later\n",
    )


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            "password authentication failed for user 'postgres'",
            "refused the user or the password",
            "check the database URL; the login may also have expired or been removed",
        ),
        (
            "Control plane request failed: endpoint is disabled",
            "has its endpoint disabled",
            "enable it in Neon's console",
        ),
        (
            "Control plane request failed: endpoint cannot be found",
            "has no such endpoint",
            "copy the database URL from Neon's console again",
        ),
        (
            "Control plane request failed: endpoint is temporarily unavailable. "
            "Check your quotas and/or contact our support.",
            "is not available: over a quota, or in maintenance",
            "look at the project in Neon's console",
        ),
        (
            "This IP address 203.0.113.7 is not allowed to connect to this endpoint.",
            "does not let this machine's network in",
            "add its IP address to IP Allow in Neon's console",
        ),
        (
            "You have exceeded the limit of concurrently active endpoints.",
            "cannot start: too many computes of its project are running",
            "suspend one in Neon's console",
        ),
    ],
)
def test_what_will_not_pass_is_said_at_once(
    asleep: Asleep, text: str, what: str, hint: str
) -> None:
    sleeper, person = asleep(text, text)
    result = person("list")

    assert sleeper.connections == 1
    assert (result.code, result.out, result.err) == (
        5,
        "",
        f"error: {shown(person)} {what}\nhint: {hint}\n",
    )


def test_a_long_wait_is_announced_on_a_terminal_and_leaves_no_trace(asleep: Asleep) -> None:
    _, person = asleep(pause=0.8)
    result = person("add", "a task", terminal=True)

    blank = " " * len("connecting…")
    assert result.written == f"connecting…\r{blank}\radded 1: a task\n"


def test_a_short_wait_is_not_announced() -> None:
    announcements: list[str] = []

    async def wait() -> None:
        with announce_if_slow(announcements.append, "waiting…"):
            pass

    asyncio.run(wait())
    assert announcements == [""]


def test_nothing_is_announced_in_a_pipe(asleep: Asleep) -> None:
    _, person = asleep(pause=0.8)
    assert person("add", "a task").written == "added 1: a task\n"


def test_neon_is_said_to_wake(neon: Neon, tmp_path: Path) -> None:
    sleeper = Sleeper(neon.server.port, pause=0.8)
    url = neon.url("postgres", host=DIRECT, port=sleeper.port)
    result = Hurried(tmp_path, {"TODO_DATABASE_URL": url})("db", "current", terminal=True)
    sleeper.close()

    blank = " " * len("waking Neon…")
    assert result.written.startswith(f"waking Neon…\r{blank}\r")


def shown(person: Todo) -> str:
    """The store as errors name it, without the password."""
    login, _, place = person.env["TODO_DATABASE_URL"].partition("@")
    return f"{login.rpartition(':')[0]}@{place.partition('?')[0]}"
