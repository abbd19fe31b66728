"""What 1,000,000 tasks of others, and 100,000 of one's own, cost on Postgres.

`python -m tests.benchmarks.bench_million` prints Markdown tables, and whether DESIGN's budgets are
kept. Each command runs within this process on a connection that is open: a start takes as long
whatever the store holds, and would drown the difference. The people take turns, and what is shown
are medians of one run; on a busy machine only the ratios mean something, and the milliseconds of
`search` do not.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import keyring
from keyring.backends import fail

from tests.benchmarks.million import EACH, MANY, fill, shared_database
from tests.benchmarks.output import say
from tests.benchmarks.warm import Warm
from tests.databases import Postgres
from tests.harness import Todo
from tests.postgres import PostgresServer
from tests.postgres_bin import wheel
from tests.sharing.people import OWNER, PASSWORD, Shared

FEW = 20
FACTOR, SEARCH_MORE, ISOLATION = 2.0, 0.05, 1.1
Times = dict[str, list[float]]


def warm(person: Todo, **env: str) -> Warm:
    return Warm(person.home, {**person.env, **env}, person.now)


@contextmanager
def people(server: Postgres, folder: Path, users: int) -> Iterator[dict[str, Warm]]:
    """Who is measured: `empty` has a few tasks in a store of her own, the others share one."""
    with ExitStack() as stack:
        little = stack.enter_context(shared_database(server, folder / "little"))
        large = stack.enter_context(shared_database(server, folder / "large"))
        empty = little.member("empty")
        empty.ok("add", "-", stdin="\n".join(f"task {number}" for number in range(FEW)))
        few, many = large.member("few"), large.member("many")
        fill(large, {"few": EACH, "many": MANY}, users=users)
        found = {
            "empty": warm(empty),
            "few": warm(few),
            "many": warm(many),
            "few as owner": warm(few, TODO_DATABASE_URL=as_owner(large)),
            "many as owner": warm(many, TODO_DATABASE_URL=as_owner(large)),
        }
        for name in ("empty", "few", "many"):
            found[name].ok("add", "a needle in the hay")
        yield found
        for person in found.values():
            person.close()


def as_owner(shared: Shared) -> str:
    """The way to the database on which row level security asks nothing."""
    return shared.server.url(shared.database, OWNER, PASSWORD)


def rounds(number: int, measure: Callable[[], Mapping[str, float]]) -> dict[str, float]:
    """The medians of so many rounds, after a few that are not counted."""
    times: Times = {}
    for turn in range(number + 3):
        for what, seconds in measure().items():
            if turn >= 3:
                times.setdefault(what, []).append(seconds)
    return {what: median(values) for what, values in times.items()}


def commands(person: Warm) -> dict[str, float]:
    """One round of what has a budget; the task that is added is the one that is done."""
    found = {"list": person.seconds("list")}
    person.later(seconds=1)
    found["add"] = person.seconds("add", "one more", "--due", "2026-11-21")
    found["done"] = person.seconds("done", "@last")
    found["search, one has it"] = person.seconds("search", "needle", "hay")
    found["search, every fifth has it"] = person.seconds("search", "dentist")
    return found


def of_size(found: Mapping[str, Warm], number: int) -> None:
    names = ("empty", "few", "many")
    medians = rounds(
        number,
        lambda: {f"{n} {w}": s for n in names for w, s in commands(found[n]).items()},
    )
    say(f"| command | {FEW} tasks, alone: ms | {EACH} of 1,100,000: ms | {MANY:,} of them: ms | |")
    say("|---|---:|---:|---:|---|")
    for what in ("list", "add", "done", "search, one has it", "search, every fifth has it"):
        base, few, many = (medians[f"{name} {what}"] for name in names)
        if what.startswith("search"):
            kept = max(few, many) <= base + SEARCH_MORE
            text = f"+ {(many - base) * 1000:.0f} ms; {verdict(kept)} (+ {SEARCH_MORE * 1000:.0f})"
        else:
            kept = max(few, many) <= FACTOR * base
            text = f"{few / base:.2f} ×, {many / base:.2f} ×; {verdict(kept)} ({FACTOR:.0f} ×)"
        say(f"| {what} | {ms(base)} | {ms(few)} | {ms(many)} | {text} |")


def of_isolation(found: Mapping[str, Warm], number: int) -> None:
    names = ("few", "many")
    medians = rounds(
        number,
        lambda: {
            f"{name}{way}": found[f"{name}{way}"].seconds("list")
            for name in names
            for way in ("", " as owner")
        },
    )
    say("| `list` of somebody with | as owner: ms | as member: ms | |")
    say("|---|---:|---:|---|")
    for name, tasks in (("few", EACH), ("many", MANY)):
        owner, member = medians[f"{name} as owner"], medians[name]
        kept = verdict(member <= ISOLATION * owner)
        say(f"| {tasks:,} tasks | {ms(owner)} | {ms(member)} | {member / owner:.3f} ×; {kept} |")


def verdict(kept: bool) -> str:
    return "kept" if kept else "MISSED"


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--users", type=int, default=10_000)
    given = parser.parse_args()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    server = PostgresServer.start(bin_dir=next(wheel()))
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            people(server, Path(folder), given.users) as found,
        ):
            of_size(found, given.rounds)
            say("")
            of_isolation(found, 4 * given.rounds)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
