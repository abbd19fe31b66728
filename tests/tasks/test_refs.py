"""References as people type them."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.errors import BadValue
from neontodo.models import NUMBER_MAX
from neontodo.tasks.references import NO_NUMBER, Last, Number, Prefix, Range, Ref, Refs, parse_refs

WHOLE = UUID("a1b2c3d4-e5f6-4789-8abc-def012345678")


def refs(*words: str) -> tuple[Ref, ...]:
    return parse_refs(words).parts


def only_prefix(text: str) -> Prefix:
    (part,) = refs(text)
    assert isinstance(part, Prefix)
    return part


def refusal(*words: str) -> BadValue:
    with pytest.raises(BadValue) as caught:
        parse_refs(words)
    return caught.value


def test_every_number_that_a_task_can_have_can_be_typed() -> None:
    assert NO_NUMBER == NUMBER_MAX + 1


def test_digits_are_always_a_number() -> None:
    assert refs("12") == (Number("12", 12),)
    assert refs("12345678") == (Number("12345678", 12345678),)
    assert refs("007") == (Number("007", 7),)
    assert refs("1" * 32) == (Number("1" * 32, NO_NUMBER),)


def test_two_numbers_and_a_dash_are_a_range() -> None:
    assert refs("3-5") == (Range("3-5", 3, 5),)
    assert refs("4-4") == (Range("4-4", 4, 4),)


def test_a_range_that_runs_backwards_is_refused() -> None:
    error = refusal("5-3")
    assert error.message == "the range `5-3` runs backwards"
    assert error.hint == "write the smaller number first: `3-5`"


def test_commas_part_references() -> None:
    expected = (Number("3", 3), Range("5-6", 5, 6), Last(), Number("9", 9))
    assert refs("3,5-6,@last", "9") == expected
    assert refs("3,", "5-6,", "@LAST,", "9") == expected


def test_order_is_kept_and_repetitions_are_dropped() -> None:
    assert refs("9", "3", "9") == (Number("9", 9), Number("3", 3))


@pytest.mark.parametrize("text", ["9" * 17, "9" * 20, "9" * 5000, str(NO_NUMBER)])
def test_a_number_that_no_task_can_have_is_kept_with_its_text(text: str) -> None:
    assert refs(text) == (Number(text, NO_NUMBER),)
    assert refs(f"1-{text}") == (Range(f"1-{text}", 1, NO_NUMBER),)


def test_the_largest_number_a_task_can_have_is_itself() -> None:
    assert refs(str(2**53)) == (Number(str(2**53), 2**53),)
    assert refs("0" * 5000 + "7")[0] == Number("0" * 5000 + "7", 7)


def test_the_start_of_a_uuid_has_bounds() -> None:
    assert only_prefix("A1B2") == Prefix(
        "a1b2",
        UUID("a1b20000-0000-0000-0000-000000000000"),
        UUID("a1b2ffff-ffff-ffff-ffff-ffffffffffff"),
    )


@pytest.mark.parametrize("text", [str(WHOLE), WHOLE.hex, str(WHOLE).upper()])
def test_a_whole_uuid_bounds_itself(text: str) -> None:
    prefix = only_prefix(text)
    assert prefix.low == prefix.high == WHOLE


def test_a_whole_uuid_with_dashes_may_be_all_digits() -> None:
    text = "12345678-1234-1234-1234-123456789012"
    assert only_prefix(text).low == UUID(text)


@given(st.uuids(), st.integers(4, 36))
def test_any_start_of_a_uuid_with_a_letter_covers_it(whole: UUID, length: int) -> None:
    text = str(whole)[:length]
    if length < 36 and not set(text) & set("abcdef"):
        return
    prefix = only_prefix(text)
    assert prefix.low <= whole <= prefix.high
    assert only_prefix(text.replace("-", "")).low == prefix.low or text.replace("-", "").isdigit()


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "3,,4", ",3", "milk", "-3", "3-", "3-5-7", "3..5", "#3", "3.0", "+3", "3 5"),
        *("last", "@first", "@", "a1b2-", "a1-b2", "a1b2c3d4e5f6-4789", "a1b2c3d4-e5f64"),
        *(f"{WHOLE}0", f"{WHOLE}-", f"{{{WHOLE}}}", "12345678-", "٣", "a1b٢", "\0"),
    ],
)
def test_anything_else_is_refused_by_name_with_examples(text: str) -> None:
    error = refusal("1", text)
    assert error.message == f"`{text}` does not name a task"
    assert "`3-5`" in (error.hint or "")


def test_too_short_a_start_of_a_uuid_says_so() -> None:
    error = refusal("a1b")
    assert error.message == "`a1b` is too short for the start of a UUID"
    assert "at least 4 characters" in (error.hint or "")


def test_no_words_name_no_task() -> None:
    assert refusal().message == "no task was named"


def test_numbers_are_those_given_one_by_one() -> None:
    assert parse_refs(["3", "5,03"]).numbers == (3, 5)
    assert parse_refs(["3", "5-9", "a1b2", "@last"]).numbers == (3,)


def refs_or_refusal(words: list[str]) -> Refs | BadValue:
    try:
        return parse_refs(words)
    except BadValue as refusal:
        return refusal


@given(st.lists(st.one_of(st.text(), st.text("0123456789abcdef-,@last"))))
def test_any_words_are_references_or_a_refusal_with_a_hint(words: list[str]) -> None:
    found = refs_or_refusal(words)
    if isinstance(found, BadValue):
        assert found.hint
        return
    assert found.parts
    assert all(0 <= number <= NO_NUMBER for number in found.numbers)
