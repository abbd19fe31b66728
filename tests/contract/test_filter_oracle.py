"""Random filters find on each engine what the same filters, written in Python, find."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neontodo.fields import Priority
from neontodo.models import TaskCreate, TaskPublic
from neontodo.tasks import service
from neontodo.tasks.filter_language import Moment, parse_expression
from neontodo.tasks.references import parse_refs
from tests.contract.conftest import Store
from tests.harness import FRIDAY_NOON

TODAY = FRIDAY_NOON.date()
WORDS = ("rent", "Écrire", "100%", "plan", "it_all")
PROJECTS = (None, "work", "work.api", "work/web", "workshop", "Home")
TAGS = ("a", "ab", "urgent", "ärger")
DAYS = (-400, -7, -1, 0, 1, 6, 7, 30)
STARTS = (
    TODAY,
    TODAY + timedelta(days=1),
    TODAY - timedelta(days=1),
    *(FRIDAY_NOON + timedelta(minutes=minutes) for minutes in (-1, 0, 1)),
)


class Filter(NamedTuple):
    """An expression, and the same in Python."""

    text: str
    admits: Callable[[TaskPublic], bool]


def make_tasks(number: int) -> list[TaskCreate]:
    """Return tasks that have every mix of values, the same in each run."""
    choose = random.Random(7)
    tasks = []
    for _ in range(number):
        day = TODAY + timedelta(days=choose.choice(DAYS))
        hour = datetime(day.year, day.month, day.day, choose.choice((0, 11, 12, 23)), tzinfo=UTC)
        tasks.append(
            TaskCreate(
                title=" ".join(choose.sample(WORDS, 2)),
                description=choose.choice((None, "", *WORDS)),
                due=choose.choice((None, day, hour)),
                start=choose.choice((None, *STARTS)),
                priority=choose.choice(list(Priority)),
                project=choose.choice(PROJECTS),
                tags=tuple(choose.sample(TAGS, choose.choice((0, 0, 1, 2)))),
            )
        )
    return tasks


def due_day(task: TaskPublic) -> date | None:
    return task.due.date() if isinstance(task.due, datetime) else task.due


def is_overdue(task: TaskPublic) -> bool:
    if isinstance(task.due, datetime):
        return task.due < FRIDAY_NOON
    return task.due is not None and task.due < TODAY


def is_waiting(task: TaskPublic) -> bool:
    if task.start is None or task.completed:
        return False
    if isinstance(task.start, datetime):
        return task.start > FRIDAY_NOON
    return task.start > TODAY


def is_due_between(first: int | None, last: int | None) -> Callable[[TaskPublic], bool]:
    def admits(task: TaskPublic) -> bool:
        if (day := due_day(task)) is None:
            return False
        away = (day - TODAY).days
        return (first is None or first <= away) and (last is None or away <= last)

    return admits


def is_in_project(name: str) -> Callable[[TaskPublic], bool]:
    below = (f"{name}.", f"{name}/")
    return lambda task: task.project == name or (task.project or "").startswith(below)


def has_text(task: TaskPublic, word: str) -> bool:
    values = (task.title, task.description or "", task.project or "", " ".join(task.tags))
    return any(word in value for value in values)


def has_tag(tag: str) -> Callable[[TaskPublic], bool]:
    return lambda task: tag in task.tags


def has_priority(level: Priority) -> Callable[[TaskPublic], bool]:
    return lambda task: task.priority == level


TERMS = [
    *(Filter(f"+{tag}", has_tag(tag)) for tag in TAGS),
    Filter("tag:a,urgent", lambda task: "a" in task.tags or "urgent" in task.tags),
    Filter("tag:none", lambda task: not task.tags),
    Filter("project:any", lambda task: task.project is not None),
    Filter("project:none", lambda task: task.project is None),
    *(Filter(f"project:{name}", is_in_project(name)) for name in PROJECTS if name),
    Filter("project:=work", lambda task: task.project == "work"),
    Filter("project:=work,Home", lambda task: task.project in ("work", "Home")),
    *(Filter(f"p:{level.label}", has_priority(level)) for level in Priority),
    Filter("p:low..medium", lambda task: task.priority in (Priority.LOW, Priority.MEDIUM)),
    Filter("p:medium..", lambda task: task.priority >= Priority.MEDIUM),
    Filter("due:none", lambda task: task.due is None),
    Filter("due:any", lambda task: task.due is not None),
    Filter("due:overdue", is_overdue),
    Filter("due:today", is_due_between(0, 0)),
    Filter("due:week", is_due_between(0, 6)),
    Filter("due:..tomorrow", is_due_between(None, 1)),
    Filter("due:+7d..", is_due_between(7, None)),
    Filter("due:yesterday..+6d", is_due_between(-1, 6)),
    Filter("is:done", lambda task: task.completed),
    Filter("is:pending", lambda task: not task.completed),
    Filter("is:overdue", lambda task: not task.completed and is_overdue(task)),
    Filter("is:today", lambda task: not task.completed and is_due_between(None, 0)(task)),
    Filter("start:none", lambda task: task.start is None),
    Filter("start:today", lambda task: task.start_on == TODAY),
    Filter("start:tomorrow..", lambda task: task.start_on is not None and task.start_on > TODAY),
    Filter("is:waiting", is_waiting),
    Filter("status:waiting,done", lambda task: task.completed or is_waiting(task)),
    Filter("is:ready", lambda task: not (task.completed or is_waiting(task))),
    Filter("status:any", lambda task: True),
    Filter("done:today", lambda task: task.completed),
    Filter("created:..yesterday", lambda task: False),
    Filter("number:3..20", lambda task: 3 <= task.number <= 20),
    Filter("number:7,9", lambda task: task.number in (7, 9)),
    Filter("rent", lambda task: has_text(task, "rent")),
    Filter("100%", lambda task: has_text(task, "100%")),
    Filter("ECRIRE", lambda task: has_text(task, "Écrire")),
    Filter("title:plan", lambda task: "plan" in task.title),
    Filter("title:rent,it_all", lambda task: "rent" in task.title or "it_all" in task.title),
    Filter('"rent plan"', lambda task: has_text(task, "rent plan")),
]  # fmt: skip


def negate(wanted: Filter) -> Filter:
    return Filter(f"not ({wanted.text})", lambda task: not wanted.admits(task))


def join_all(parts: list[Filter]) -> Filter:
    text = " ".join(f"({part.text})" for part in parts)
    return Filter(text, lambda task: all(part.admits(task) for part in parts))


def join_any(parts: list[Filter]) -> Filter:
    text = " or ".join(f"({part.text})" for part in parts)
    return Filter(text, lambda task: any(part.admits(task) for part in parts))


def combine(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(parts, min_size=2, max_size=4)
    return st.one_of(parts.map(negate), several.map(join_all), several.map(join_any))


FILTERS = st.recursive(st.sampled_from(TERMS), combine, max_leaves=8)


@pytest.fixture
def mixed(store: Store) -> Store:
    store.write(service.add, make_tasks(60))
    store.write(service.complete, parse_refs(["1-20"]), True)
    return store


def compare(mixed: Store, tasks: list[TaskPublic], wanted: Filter) -> None:
    parsed = parse_expression(wanted.text, Moment(FRIDAY_NOON, UTC))
    found = {task.number for task in mixed.tasks(condition=parsed.condition)}

    assert found == {task.number for task in tasks if wanted.admits(task)}, wanted.text


def test_each_term_finds_what_it_says_and_its_negation_the_rest(mixed: Store) -> None:
    tasks = mixed.tasks()

    for term in TERMS:
        compare(mixed, tasks, term)
        compare(mixed, tasks, negate(term))


@pytest.mark.slow
def test_random_expressions_find_what_they_say(mixed: Store) -> None:
    tasks = mixed.tasks()

    @settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(FILTERS)
    def check(wanted: Filter) -> None:
        compare(mixed, tasks, wanted)

    check()
