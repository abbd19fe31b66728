"""The language of filters: what is read as what, and which place is wrong in what cannot be."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.errors import BadValue
from neontodo.tasks.filter_language import (
    DEPTH_MAX,
    TERMS_MAX,
    VIEW_DEPTH_MAX,
    Moment,
    parse_expression,
    parse_filter,
    write_expression,
)
from neontodo.tasks.filters import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Contains,
    Equals,
    Includes,
    IsEmpty,
    IsWithin,
    Not,
    ParsedFilter,
    find_status,
)

NOW = datetime(2026, 11, 18, 12, 34, tzinfo=UTC)  # a Wednesday
MOMENT = Moment(NOW, UTC)
A, B, C = (Includes("tags", tag) for tag in "abc")
DONE, PENDING = Equals("completed", True), Equals("completed", False)


def midnight(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)


def read(*words: str) -> Condition:
    return parse_filter(words, MOMENT).condition


def refuse(*words: str) -> BadValue:
    with pytest.raises(BadValue) as caught:
        parse_filter(words, MOMENT)
    return caught.value


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("+a", A),
        ("+a +b", AllOf((A, B))),
        ("+a and +b", AllOf((A, B))),
        ("+a or +b +c", AnyOf((A, AllOf((B, C))))),
        ("not +a +b", AllOf((Not(A), B))),
        ("+a and not +b", AllOf((A, Not(B)))),
        ("not not +a", A),
        ("NOT +a OR +b", AnyOf((Not(A), B))),
        ("tag:a,b", AnyOf((A, B))),
        ("tag:none", IsEmpty("tags")),
        ("tag:any", Not(IsEmpty("tags"))),
        ("project:work", IsWithin("project", "work")),
        ("project:=work", Equals("project", "work")),
        ("PROJECT:none", IsEmpty("project")),
        ("p:h", Equals("priority", 3)),
        ("priority:low..", Between("priority", 1, None)),
        ("priority:low..medium", Between("priority", 1, 2)),
        ("number:12", Equals("number", 12)),
        ("number:3-5", Between("number", 3, 5)),
        ("number:..5", Between("number", None, 5)),
        ("due:today", Between("due", date(2026, 11, 18), date(2026, 11, 18))),
        ("due:..fri", Between("due", None, date(2026, 11, 20))),
        ("due:overdue", Between("due", None, NOW)),
        ("is:done", DONE),
        ("is:overdue", AllOf((PENDING, Between("due", None, NOW)))),
        ("status:any", AllOf()),
        ("done:yesterday", Between("completed_at", midnight(17), midnight(18))),
        ("Écrire", Contains("ecrire")),
        ("title:a,b", AnyOf((Contains("a", True), Contains("b", True)))),
        ("http://x", Contains("http :// x")),
        ("10:30", Contains("10 : 30")),
    ],
)  # fmt: skip
def test_words_of_a_command_line(words: str, condition: Condition) -> None:
    assert read(*words.split()) == condition


def test_an_argument_is_one_term_whatever_is_in_it() -> None:
    assert read("project:Food and more") == IsWithin("project", "Food and more")
    assert read("buy milk") == AllOf((Contains("buy"), Contains("milk")))
    assert read("(+a or +b)", "+c") == AllOf((AnyOf((A, B)), C))
    assert read("(+a) or +b", "+c") == AllOf((AnyOf((A, B)), C))


def test_quotes_hold_together_what_they_hold() -> None:
    assert read('project:"a,b",c') == AnyOf((IsWithin("project", "a,b"), IsWithin("project", "c")))
    assert read('project:"none"') == IsWithin("project", "none")
    assert read('("buy milk" or project:"Food (all)")') == AnyOf(
        (Contains("buy milk"), IsWithin("project", "Food (all)"))
    )


def test_an_expression_is_read_as_the_same_words_are() -> None:
    text = "not +a or (+b due:week)"
    assert parse_expression(text, MOMENT) == parse_filter([f"({text})"], MOMENT)


@pytest.mark.parametrize(
    "words",
    ["is:done", "is:pending", "status:any", "done:week", "not is:pending", "+a or status:done"],
)
def test_some_terms_ask_for_done_tasks_themselves(words: str) -> None:
    assert parse_filter(words.split(), MOMENT).chooses_status


@pytest.mark.parametrize("words", ["is:overdue", "+done", "done", "not is:today"])
def test_others_leave_it_to_the_command(words: str) -> None:
    assert not parse_filter(words.split(), MOMENT).chooses_status


@pytest.mark.parametrize(
    ("words", "message", "caret"),
    [
        ("(+a or +b", "this parenthesis is not closed", 0),
        ("(+a))", "this parenthesis was not opened", 4),
        ("() +a", "a term is missing before `)`", 1),
        ("+a or", "a term is missing here", 5),
        ("or +a", "a term is missing before `or`", 0),
        ("+a not", "a term is missing here", 6),
        ('(+a "b)', "this quote is not closed", 4),
        ("+a prio:high", "`prio:` is not a key of filters", 3),
        ("+a project:", "`project:` has no value", 3),
        ("project:a,,b", "`project:` has no value", 0),
        ('project:""', "`project:` has no value", 0),
        ("+a due:someday", "`someday` is not a date", 3),
        ("due:fri..thu", "`fri..thu` ends before it begins", 0),
        ("number:5..3", "`5..3` ends before it begins", 0),
        ("number:x", "`x` is not a number", 0),
        ("number:..", "`..` has nothing on either side", 0),
        ("priority:urgent", "`urgent` is not a priority", 0),
        ("is:late", "`late` is not a state", 0),
        ("status:late", "`late` is not a status", 0),
        ("text: ", "`text:` has no value", 0),
        ("+a not +", "a tag is missing after `+`", 7),
        ("id:123", "`123` is not the start of a UUID", 0),
        ("number:-2", "`-2` is not a number", 0),
    ],
)  # fmt: skip
def test_the_place_that_is_wrong_is_marked(words: str, message: str, caret: int) -> None:
    refusal = refuse(*([words] if words.startswith("(") else words.split(" ")))

    assert refusal.message == message
    assert refusal.details[1] == " " * caret + "^"
    assert refusal.hint


def test_only_the_part_around_the_place_is_shown() -> None:
    refusal = refuse(*["+a"] * 100, "prio:high", *["+b"] * 100)

    shown, caret = refusal.details
    assert shown[caret.index("^") :].startswith("prio:high")
    assert len(shown) <= 60


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the filter is empty"),
        ([""], "`` has nothing to look for"),
        (["+a"] * (TERMS_MAX + 1), f"the filter has more than {TERMS_MAX:,} terms"),
        (["tag:" + "a," * TERMS_MAX + "a"], f"the filter has more than {TERMS_MAX:,} terms"),
        (["(" * (DEPTH_MAX + 1)], f"more than {DEPTH_MAX} parentheses are open here"),
        (["x" * 1_000_000], "the filter has more than 100,000 characters"),
    ],
)
def test_a_filter_without_measure_is_refused(words: list[str], message: str) -> None:
    assert refuse(*words).message == message


def test_as_many_negations_as_one_likes() -> None:
    assert read(*["not"] * 4_001, "+a") == Not(A)


PIECES = st.sampled_from(
    [
        "+a",
        "project:a",
        "due:week",
        "and",
        "or",
        "not",
        "(",
        ")",
        '"',
        ":",
        "..",
        ",",
        " ",
        "=",
        "x",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map(" ".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadValue):
        assert isinstance(parse_filter([text], MOMENT), ParsedFilter)
    with suppress(BadValue):
        assert isinstance(parse_expression(text, MOMENT), ParsedFilter)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("is:done", True),
        ("+a done:week", True),
        ("done:any (b or c)", True),
        ("is:done or done:..today", True),
        ("is:overdue", False),
        ("+a done:none", False),
        ("is:done or +a", None),
        ("is:done or is:pending", None),
        ("is:done is:pending", None),
        ("not is:done", None),
        ("status:any", None),
    ],
)
def test_a_filter_may_be_for_done_tasks_alone_or_pending_ones(
    text: str, status: bool | None
) -> None:
    assert find_status(parse_expression(text, MOMENT).condition) is status


VIEWS = {
    "work": "project:work not +a",
    "both": "view:work or +b",
    "done": "is:done",
    "all": "",
    "wrong": "+a prject:x",
    "circle": "+a (view:round)",
    "round": "view:circle",
    "lost": "due:week view:gone",
} | {f"deep{n}": f"view:deep{n + 1}" for n in range(11)}  # fmt: skip
WORK = AllOf((IsWithin("project", "work"), Not(A)))


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("view:work", WORK),
        ("+c not view:both", AllOf((C, Not(AnyOf((WORK, B)))))),
        ("VIEW:all,work", AllOf()),
        ("(view:work or view:done) +c", AllOf((AnyOf((WORK, DONE)), C))),
    ],
)
def test_a_view_stands_for_its_filter(words: str, condition: Condition) -> None:
    assert parse_expression(words, MOMENT, lambda: VIEWS).condition == condition


def test_a_view_that_asks_for_done_tasks_does_so_for_the_whole_filter() -> None:
    assert parse_filter(["view:done"], MOMENT, lambda: VIEWS).chooses_status
    assert not parse_filter(["view:work"], MOMENT, lambda: VIEWS).chooses_status


@pytest.mark.parametrize(
    ("words", "message", "lines"),
    [
        ("+a view:wrok", "there is no view `wrok`", ["+a view:wrok", "   ^"]),
        (
            "+a view:wrong",
            "view `wrong`: `prject:` is not a key of filters",
            ["+a view:wrong", "   ^", "+a prject:x", "   ^"],
        ),
        (
            "view:circle",
            "view `round`: view `circle` uses `round`, which uses `circle`",
            ["view:circle", "^", "+a (view:round)", "    ^", "view:circle", "^"],
        ),
        (
            "view:lost",
            "view `lost`: there is no view `gone`",
            ["view:lost", "^", "due:week view:gone", "         ^"],
        ),
    ],
)
def test_what_is_wrong_with_a_view_is_shown_in_its_own_text(
    words: str, message: str, lines: list[str]
) -> None:
    with pytest.raises(BadValue) as caught:
        parse_filter(words.split(), MOMENT, lambda: VIEWS)
    assert (caught.value.message, [*caught.value.details]) == (message, lines)


def test_views_cannot_hold_more_than_a_filter_may() -> None:
    wide = {"a": " ".join(["view:b"] * 50), "b": " ".join(["+x"] * 50)}
    for views, name, problem in (
        (wide, "a", f"more than {TERMS_MAX:,} terms"),
        (VIEWS, "deep0", f"more than {VIEW_DEPTH_MAX} views"),
    ):
        with pytest.raises(BadValue, match=problem):
            parse_filter([f"view:{name}"], MOMENT, lambda views=views: views)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["buy milk", "+home"], "(buy milk) +home"),
        (["(+a or +b)", "not", "+c"], "(+a or +b) not +c"),
        (["(+a) or +b", "+c"], "((+a) or +b) +c"),
        (["project:=Food (all),b", "due:next week"], 'project:="Food (all)",b due:"next week"'),
        (["milk or due:fri"], '(milk "or" "due:fri")'),
        (["title:a b,c"], "((title:a title:b) or title:c)"),
    ],
)
def test_arguments_are_written_as_one_expression(words: list[str], text: str) -> None:
    assert write_expression(words) == text


FRAGMENTS = (
    "milk", "Milk", "two words", "or", "NOT", "and", "+a", "p:high", "due:", "next week", "none",
    "(", ")", ",", "=", "title:", "text:", "project:", " ", "a (b)", "view:work", "-", "..",
)  # fmt: skip
ARGUMENTS = st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=4).map("".join), max_size=5)


@given(words=ARGUMENTS)
def test_an_expression_says_what_the_arguments_said(words: list[str]) -> None:
    with suppress(BadValue):
        said = parse_filter(words, MOMENT, lambda: VIEWS)
        try:
            again = parse_expression(write_expression(words), MOMENT, lambda: VIEWS)
        except BadValue as error:
            raise AssertionError(words) from error
        assert again == said
