"""Lists, filters, orders, pages and search, alike on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from neontodo.fields import Priority
from neontodo.models import TaskCreate, TaskUpdate
from neontodo.tasks import service
from neontodo.tasks.filter_language import Moment, parse_filter
from neontodo.tasks.filters import SortKey, TaskFilter, build_waiting
from neontodo.tasks.queries import counts, tasks
from neontodo.tasks.references import parse_refs
from neontodo.tasks.results import Count
from neontodo.tasks.search_text import fold_query
from tests.contract.conftest import Store
from tests.harness import FRIDAY_NOON

TODAY = FRIDAY_NOON.date()


def noon(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=UTC)


@pytest.fixture
def busy(store: Store) -> Store:
    """Six tasks that differ in everything one can filter or sort by."""
    store.write(
        service.add,
        [
            TaskCreate(title="pay rent", due=date(2026, 11, 19), project="home"),
            TaskCreate(title="Écrire à Zoë", due=noon(20), tags=("mail", "friends")),
            TaskCreate(title="call the bank", due=date(2026, 11, 20), priority=Priority.HIGH),
            TaskCreate(title="no hurry", priority=Priority.LOW, tags=("mail",)),
            TaskCreate(title="plan 100% of it_all", priority=Priority.HIGH, project="Work"),
            TaskCreate(title="water plants", due=date(2026, 11, 26), description="rent a can"),
        ],
    )
    store.write(service.complete, parse_refs(["6"]), True)
    return store


def test_the_default_order_is_due_then_priority_then_number(busy: Store) -> None:
    assert [task.number for task in busy.tasks(completed=False)] == [1, 2, 3, 5, 4]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(TaskFilter(limit=1), ([1], 4, 1), id="part"),
        pytest.param(TaskFilter(limit=1, offset=9), ([], 4, 1), id="beyond"),
        pytest.param(TaskFilter(), ([1, 2, 5, 4], 4, 1), id="all"),
        pytest.param(TaskFilter(words=("bank",), limit=5), ([], 0, 1), id="words-none"),
        pytest.param(TaskFilter(words=("t",), limit=1), ([5], 2, 1), id="words"),
    ],
)
def test_what_is_hidden_is_counted_beside_the_others(
    busy: Store, wanted: TaskFilter, found: tuple[list[int], int, int]
) -> None:
    start = service.Edit(TaskUpdate(start=date(2026, 11, 21)))
    busy.write(service.edit, parse_refs(["3", "6"]), start)
    wanted = replace(wanted, hidden=build_waiting(FRIDAY_NOON))
    page = busy.read(tasks.fetch_page, wanted, counts_hidden=True)

    assert ([task.number for task in page.tasks], page.total, page.hidden) == found


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        pytest.param("number", [1, 2, 3, 4, 5, 6], id="number"),
        pytest.param("-number", [6, 5, 4, 3, 2, 1], id="number-descending"),
        pytest.param("title", [3, 2, 4, 1, 5, 6], id="title-without-accents"),
        pytest.param("priority", [3, 5, 4, 1, 2, 6], id="priority-is-high-first"),
        pytest.param("-priority,-number", [6, 2, 1, 4, 5, 3], id="two-keys-reversed"),
        pytest.param("-due", [4, 5, 6, 3, 2, 1], id="due-descending"),
        pytest.param("project", [2, 3, 4, 6, 5, 1], id="project"),
        pytest.param("completed", [6, 1, 2, 3, 4, 5], id="completed"),
    ],
)
def test_orders(busy: Store, sort: str, numbers: list[int]) -> None:
    keys = tuple(SortKey(k.removeprefix("-"), k.startswith("-")) for k in sort.split(","))

    assert [task.number for task in busy.tasks(sort=keys)] == numbers


def numbers(busy: Store, *words: str) -> list[int]:
    condition = parse_filter(words, Moment(FRIDAY_NOON, UTC)).condition
    return [task.number for task in busy.tasks(condition=condition)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("project:home", [1]),
        ("project:none", [2, 3, 6, 4]),
        ("project:home,none", [1, 2, 3, 6, 4]),
        ("project:Home", []),
        ("project:any", [1, 5]),
        ("+mail", [2, 4]),
        ("+mail +friends", [2]),
        ("tag:friends,none", [1, 2, 3, 6, 5]),
        ("+mai", []),
        ("+%", []),
        ("p:high", [3, 5]),
        ("p:low..medium", [4]),
        ("not project:home", [2, 3, 6, 5, 4]),
        ("not due:any", [5, 4]),
        ("not due:..today", [6, 5, 4]),
        ("rent", [1, 6]),
        ("title:rent", [1]),
        ("title:pay,water", [1, 6]),
        ("is:done or number:1", [1, 6]),
        ("done:today", [6]),
        ("done:none", [1, 2, 3, 5, 4]),
        ("created:yesterday", []),
        ("due:today", [2, 3]),
        ("due:overdue", [1]),
        ("due:week", [2, 3, 6]),
        ("due:none", [5, 4]),
        ("due:2026-11-19", [1]),
        ("is:today", [1, 2, 3]),
    ],
)
def test_filters(busy: Store, words: str, found: list[int]) -> None:
    assert numbers(busy, *words.split()) == found


def test_a_project_has_what_is_below_it(store: Store) -> None:
    for project in ("work", "work.api", "work/api", "workshop", "work-api", "Work.api"):
        store.add(project, project=project)

    assert numbers(store, "project:work") == [1, 2, 3]
    assert numbers(store, "project:=work") == [1]


def test_pending_tasks_and_done_ones(busy: Store) -> None:
    assert [task.number for task in busy.tasks(completed=False)] == [1, 2, 3, 5, 4]
    assert [task.number for task in busy.tasks(completed=True)] == [6]


def test_a_task_with_a_time_is_overdue_the_minute_after(busy: Store) -> None:
    moment = datetime(2026, 11, 20, 12, 1, tzinfo=UTC)
    late = parse_filter(["due:overdue"], Moment(moment, UTC)).condition

    assert [task.number for task in busy.tasks(condition=late)] == [1, 2]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param("RENT", [1, 6], id="title-before-description"),
        pytest.param("zoe ecrire", [2], id="any-order-without-accents"),
        pytest.param("an", [5, 3, 6], id="parts"),
        pytest.param("plan", [5, 6], id="whole-word-before-part"),
        pytest.param("100%", [5], id="percent-is-no-wildcard"),
        pytest.param("it_all", [5], id="underscore-is-no-wildcard"),
        pytest.param("friends", [2], id="tag"),
        pytest.param("work", [5], id="project"),
        pytest.param("rent nothing", [], id="every-word-counts"),
    ],
)
def test_search(busy: Store, query: str, numbers: list[int]) -> None:
    assert [task.number for task in busy.tasks(words=fold_query(query))] == numbers


def test_a_page_knows_the_total(busy: Store) -> None:
    page = busy.read(tasks.fetch_page, TaskFilter(completed=None, limit=2, offset=2))

    assert [task.number for task in page.tasks] == [3, 6]
    assert page.total == 6


def test_a_page_beyond_the_last_is_empty_and_knows_the_total(busy: Store) -> None:
    page = busy.read(tasks.fetch_page, TaskFilter(completed=None, limit=2, offset=20))

    assert (page.tasks, page.total) == ((), 6)


def test_tags_and_projects_are_counted(busy: Store) -> None:
    assert busy.read(counts.count_tags) == [Count("friends", 1, 0), Count("mail", 2, 0)]
    assert busy.read(counts.count_projects) == [Count("Work", 1, 0), Count("home", 1, 0)]


def test_stats_count_days_where_the_user_is(busy: Store) -> None:
    stats = busy.read(counts.fetch_stats, FRIDAY_NOON, UTC)

    assert (stats.pending, stats.overdue, stats.due_today, stats.done) == (5, 1, 2, 1)
    assert stats.done_per_day[-1] == (TODAY, 1)
    assert sum(number for _, number in stats.done_per_day) == 1
    assert dict(stats.by_priority) == {"high": 2, "medium": 0, "low": 1, "none": 2}


def test_a_stream_answers_what_a_list_does(busy: Store) -> None:
    async def collect() -> list[int]:
        async with busy.database.snapshot(busy.user) as session:
            wanted = TaskFilter(completed=None)
            return [task.number async for task in tasks.stream_tasks(session, busy.user, wanted)]

    assert busy.runner.run(collect()) == [task.number for task in busy.tasks()]
