"""Folding: the same text for every way of writing it, and stable."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neontodo.tasks.search_text import build_search_text, fold, fold_query


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("  \t\n ", ""),
        ("Buy  Milk\n", "buy milk"),
        ("Milk, 2%", "milk , 2 %"),
        ("c++", "c ++"),
        ("snake_case-name", "snake_case - name"),
        ("Crème BRÛLÉE", "creme brulee"),
        ("Cre\u0300me", "creme"),
        ("Straße STRASSE", "strasse strasse"),
        ("Żółta łódź", "zolta lodz"),
        ("Ærøskøbing", "aeroskobing"),
        ("İSPARTA Isparta ısparta", "isparta isparta isparta"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("ﬁne ½", "fine 1 ⁄ 2"),
        ("don’t “quote”", 'don \' t " quote "'),
        ("no\u00a0break", "no break"),
        ("co\u00adop", "coop"),
        ("\u2764\ufe0f love", "\u2764 love"),
        ("牛乳を買う、パン", "牛乳を買う 、 ハン"),
        ("कक्षा में", "ककषा में"),
    ],
)
def test_accents_and_case_go_and_words_stand_apart_from_signs(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_every_character_folds_to_what_stays_and_as_its_other_case_does() -> None:
    chars = map(chr, range(sys.maxunicode + 1))
    for char in (char for char in chars if unicodedata.category(char) not in ("Cn", "Co", "Cs")):
        folded = fold(char)
        assert {fold(form) for form in (folded, char.upper(), char.casefold())} == {folded}, char


@given(st.text())
@example("İß\u0345ᾳ\u0301")
@example("a\u1e9b\u0323 \u2764\ufe0f-")
def test_folding_twice_changes_nothing(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert " ".join(folded.split()) == folded


@given(st.text(st.characters(codec="ascii")))
def test_the_fast_path_agrees_with_the_long_one(text: str) -> None:
    assert fold(f"{text} ж") == f"{fold(text)} ж".strip()


def test_each_section_is_a_line_between_two_spaces_title_first() -> None:
    found = build_search_text("Buy milk", "from\nthe shop", "Errands", ("home", "urgent"))
    assert found == " buy milk \n from the shop \n errands \n home urgent "


@given(*[st.text()] * 3, st.lists(st.text()))
def test_search_text_has_four_lines_whatever_the_text(
    title: str, description: str, project: str, tags: list[str]
) -> None:
    lines = build_search_text(title, description, project, tags).split("\n")
    assert len(lines) == 4
    assert all(line[0] == line[-1] == " " for line in lines)


def test_missing_sections_stay_in_their_place() -> None:
    assert build_search_text("Buy", None, None, ()) == " buy \n  \n  \n  "


def test_query_words_are_folded_and_each_once() -> None:
    assert fold_query(" Milk  C++ MILK milch \u00ad crème") == ("milk", "c ++", "milch", "creme")
    assert fold_query("  ") == ()


@given(st.text(), st.text())
def test_every_word_of_a_title_is_found_in_its_search_text(title: str, description: str) -> None:
    stored = build_search_text(title, description, None, ())
    assert all(word in stored for word in fold_query(f"{title} {description}"))
