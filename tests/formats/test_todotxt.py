"""The format's own rules and examples, and lines that stay as their owner wrote them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from neontodo.fields import Priority
from neontodo.models import TaskCreate
from tests.formats.samples import NOW, TZ, again, made, problem, records, stored, tasks, text_of

SPEC = """\
(A) Thank Mom for the meatballs @phone \n\
(B) Schedule Goodwill pickup +GarageSale @phone
Post signs around the neighborhood +GarageSale
@GroceryStore Eskimo pies
(A) Call Mom
Really gotta call Mom (A) @phone @someday
(b) Get back to the boss
(B)->Submit TPS report
2011-03-02 Document +TodoTxt task format
(A) 2011-03-02 Call Mom
(A) Call Mom 2011-03-02
Email SoAndSo at soandso@example.com
Learn how to add 2+2
x 2011-03-03 Call Mom
xylophone lesson
X 2012-01-01 Make resolutions
(A) x Find ticket prices
x 2011-03-02 2011-03-01 Review Tim's pull request +TodoTxtTouch @github
x (A) 2016-05-20 2016-04-30 measure space for +chapelShelving @chapel due:2016-05-30
"""


def one(line: str) -> TaskCreate:
    (task,) = tasks(line, "todotxt")
    return task


def midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), TZ)


def test_the_examples_of_the_format_come_back_byte_for_byte() -> None:
    assert again(SPEC, "todotxt") == SPEC


def test_and_in_another_time_zone_too() -> None:
    written = [stored(task) for task in tasks(SPEC, "todotxt")]
    assert text_of(written, "todotxt", tz=ZoneInfo("America/New_York")) == SPEC


@pytest.mark.parametrize(
    ("line", "title", "priority"),
    [
        ("(A) Call Mom", "Call Mom", Priority.HIGH),
        ("(B) Call Mom", "Call Mom", Priority.MEDIUM),
        ("(C) Call Mom", "Call Mom", Priority.LOW),
        ("(D) Call Mom", "Call Mom", Priority.NONE),
        ("x 2011-03-03 Call Mom pri:A", "Call Mom", Priority.HIGH),
        ("x (A) 2011-03-03 Call Mom", "Call Mom", Priority.HIGH),
        ("Really gotta call Mom (A) @phone", "Really gotta call Mom (A)", Priority.NONE),
        ("(b) Get back to the boss", "(b) Get back to the boss", Priority.NONE),
        ("(B)->Submit TPS report", "(B)->Submit TPS report", Priority.NONE),
        ("(A)", "(A)", Priority.NONE),
    ],
)
def test_priority_stands_first(line: str, title: str, priority: Priority) -> None:
    assert (one(line).title, one(line).priority) == (title, priority)


@pytest.mark.parametrize(
    ("line", "title", "created"),
    [
        ("2011-03-02 Document it", "Document it", "2011-03-02"),
        ("(A) 2011-03-02 Call Mom", "Call Mom", "2011-03-02"),
        ("(A) Call Mom 2011-03-02", "Call Mom 2011-03-02", None),
        ("2011-13-02 Call Mom", "2011-13-02 Call Mom", None),
        ("2011-03-02 2011-03-01 Call Mom", "2011-03-01 Call Mom", "2011-03-02"),
    ],
)
def test_creation_date_follows_the_priority(line: str, title: str, created: str | None) -> None:
    assert one(line).title == title
    assert one(line).created_at == (created and midnight(created))


@pytest.mark.parametrize(
    ("line", "completed", "created"),
    [
        ("x 2011-03-03 Call Mom", "2011-03-03", None),
        ("x 2011-03-03 2011-03-01 Call Mom", "2011-03-03", "2011-03-01"),
    ],
)
def test_completion_date_follows_the_x(line: str, completed: str, created: str | None) -> None:
    task = one(line)
    assert (task.title, task.completed) == ("Call Mom", True)
    assert task.completed_at == midnight(completed)
    assert task.created_at == (created and midnight(created))


@pytest.mark.parametrize(
    "line", ["xylophone lesson", "X 2012-01-01 Make resolutions", "(A) x Find tickets", "x"]
)
def test_what_is_no_x_completes_nothing(line: str) -> None:
    assert not one(line).completed


def test_a_completed_task_without_a_date_was_completed_when_made_or_now() -> None:
    assert one("x Call Mom").completed_at == NOW


@pytest.mark.parametrize(
    ("line", "title", "project", "tags"),
    [
        ("Call Mom +Family @phone @home", "Call Mom", "Family", ("home", "phone")),
        ("@GroceryStore Eskimo pies", "Eskimo pies", None, ("GroceryStore",)),
        ("Document +TodoTxt task format", "Document +TodoTxt task format", "TodoTxt", ()),
        ("+a Call @b Mom +c", "Call @b Mom", "a", ("b", "c")),
        ("buy nails +garage +home +a,b", "buy nails", "garage", ("home",)),
        ("buy +a @b +a +b", "buy", "a", ("b",)),
        ("@home +a", "@home +a", "a", ("home",)),
        ("Email me@example.com about 2+2", "Email me@example.com about 2+2", None, ()),
        ("Nothing @ + here", "Nothing @ + here", None, ()),
        ("No tag @a,b", "No tag @a,b", None, ()),
        ("Long " + "+" + "p" * 101, "Long " + "+" + "p" * 101, None, ()),
    ],
)
def test_projects_and_contexts(
    line: str, title: str, project: str | None, tags: tuple[str, ...]
) -> None:
    assert (one(line).title, one(line).project, one(line).tags) == (title, project, tags)


@pytest.mark.parametrize(
    ("line", "title", "due"),
    [
        ("Pay due:2026-12-01 t:2026-11-01", "Pay", date(2026, 12, 1)),
        ("Pay due:tomorrow", "Pay due:tomorrow", None),
        ("Pay at 10:30 re:Invent", "Pay at 10:30 re:Invent", None),
    ],
)
def test_known_pairs_leave_the_title_and_others_stay(
    line: str, title: str, due: date | None
) -> None:
    assert (one(line).title, one(line).due) == (title, due)


@pytest.mark.parametrize(
    ("line", "changes", "expected"),
    [
        ("(A) Call  Mom @phone ", {"title": "Call Dad"}, "(A) Call Dad @phone "),
        ("See +a now @b", {"title": "Later"}, "Later @b +a"),
        ("@home", {"title": "Call"}, "Call @home"),
        ("Call Mom +a @b +c", {"project": "new name"}, "Call Mom +new_name @b +c"),
        ("Call Mom @b", {"project": "a"}, "Call Mom @b +a"),
        ("(A) buy +a +b @c", {"priority": Priority.LOW}, "(C) buy +a +b @c"),
        ("buy +a +b @c", {"title": "sell"}, "sell +a +b @c"),
        ("buy +a +b @c", {"project": None}, "buy @b @c"),
        ("buy +a +b @c", {"project": "None"}, "buy +None +b @c"),
        ("buy +a +b @c", {"tags": ("c",)}, "buy +a @c"),
        ("buy +a +b +d", {"tags": ("a", "b", "d", "e"), "project": None}, "buy @b @d @a @e"),
        ("Call Mom +a @b", {"project": None}, "Call Mom @b"),
        ("See +a now", {"project": None}, "See a now"),
        ("Call @b at @c @d", {"tags": ("d", "e")}, "Call b at @d @e"),
        ("@home", {"tags": ()}, "home"),
        ("Pay due:2026-12-01 +a", {"due_on": date(2026, 12, 2)}, "Pay due:2026-12-02 +a"),
        ("Pay due:2026-12-01 +a", {"due_on": None}, "Pay +a"),
        ("Pay ", {"due_on": date(2026, 12, 2)}, "Pay due:2026-12-02"),
        ("Pay t:2026-12-01 +a", {"start_on": date(2026, 12, 2)}, "Pay t:2026-12-02 +a"),
        ("Pay t:2026-12-01 +a", {"start_on": None}, "Pay +a"),
        ("Pay t:soon", {"start_on": date(2026, 12, 2)}, "Pay t:soon t:2026-12-02"),
        ("(D) Call", {"priority": Priority.HIGH}, "(A) Call"),
        ("(A) Call", {"priority": Priority.NONE}, "Call"),
        ("x 2011-03-03 Call pri:A", {"priority": Priority.LOW}, "x 2011-03-03 Call pri:C"),
        (
            "(D) 2011-03-02 Call @b",
            {"completed": True, "completed_at": NOW},
            "x 2026-11-20 2011-03-02 Call @b pri:D",
        ),
        (
            "x 2011-03-03 2011-03-02 Call @b pri:D",
            {"completed": False, "completed_at": None},
            "(D) 2011-03-02 Call @b",
        ),
        ("x 2011-03-03 Call", {"completed_at": NOW}, "x 2026-11-20 Call"),
        ("x Call", {"completed_at": NOW}, "x Call"),
        ("Call", {"title": "x marks it"}, "2026-11-20 x marks it"),
    ],
)
def test_only_what_changed_is_written_anew(
    line: str, changes: dict[str, Any], expected: str
) -> None:
    assert again(line, "todotxt", **changes) == f"{expected}\n"


def test_a_task_made_here_becomes_a_line() -> None:
    task = made(
        title="Buy\r\nmilk",
        due=NOW,
        priority=Priority.MEDIUM,
        project="my  home",
        tags=["shop", "errand"],
    )
    line = "2026-11-20 Buy milk +my_home due:2026-11-20 @errand @shop"
    assert text_of([task], "todotxt") == f"(B) {line}\n"
    done = task.model_copy(update={"completed": True, "completed_at": NOW})
    assert text_of([done], "todotxt") == f"x 2026-11-20 {line} pri:B\n"


@pytest.mark.parametrize("title", ["x marks the spot", "(A) grade", "2011-03-02 was a day", "x"])
@pytest.mark.parametrize("completed_at", [None, NOW], ids=["pending", "completed"])
def test_a_title_like_a_mark_stays_a_title(title: str, completed_at: datetime | None) -> None:
    task = made(title=title, completed=completed_at is not None, completed_at=completed_at)
    back = one(text_of([task], "todotxt"))
    assert (back.title, back.completed) == (title, task.completed)
    assert back.priority == Priority.NONE


def test_a_word_of_the_title_is_no_project_if_the_task_has_another() -> None:
    assert one(text_of([made(title="learn +x now", project="p")], "todotxt")).project == "p"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Pay due:2026-12-01 +a @b pri:A", ()),
        ("(D) Pay t:2026-11-01 rec:1w wait:2026-11-02", ("priority", "wait")),
        ("Pay at 10:30 re:Invent h:1 t:soon", ("h", "t")),
    ],
)
def test_what_has_no_effect_is_said_by_name(line: str, names: tuple[str, ...]) -> None:
    (record,) = records(line, "todotxt")
    assert record.not_understood == names


def test_a_long_line_keeps_its_text() -> None:
    line = "Call " + "m" * 300
    assert one(line).title == line[:199] + "…"
    assert again(line, "todotxt") == f"{line}\n"
    assert again(line, "todotxt", title="Call") == "Call\n"


def test_blank_lines_are_passed_over_and_line_ends_do_not_matter() -> None:
    found = records("\ufeffone\r\n\r\n  \ntwo", "todotxt")
    assert [(record.where, record.key) for record in found] == [
        ("line 1", "one"),
        ("line 4", "two"),
    ]


@pytest.mark.parametrize("kept", ["two\nlines", " ", 5, None])
def test_a_kept_line_that_is_none_is_not_used(kept: object) -> None:
    task = made(extra={"todotxt": {"line": kept}})
    assert text_of([task], "todotxt") == "2026-11-20 Buy milk\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"fine\ncaf\xe9\nfine", "line 2: text: is not valid UTF-8"),
        (b"a\0b\n", "line 1: text: holds a NUL character"),
        (b"x 2026-11-20 \n", "line 1: text: empty"),
        (b"a @\xff b\n", "line 1: text: is not valid UTF-8"),
        (b"w " * 9000, "line 1: more than 16384 bytes have no field of their own"),
    ],
)
def test_a_bad_line_names_its_number_and_the_reason(content: bytes, expected: str) -> None:
    assert problem(content, "todotxt") == expected
