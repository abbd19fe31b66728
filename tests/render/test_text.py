"""Text of tasks is shown, never obeyed."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given

from neontodo.render.text import escape_text, format_field, safe_write, spell_out_unencodable
from tests.render.support import HOSTILE, HOSTILE_SHOWN, odd_text, screen, unescaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Buy milk", "Buy milk", id="plain"),
        pytest.param("", "", id="empty"),
        pytest.param("[red]x[/red] :tada:", "[red]x[/red] :tada:", id="markup"),
        pytest.param("a\nb\tc\rd", r"a\nb\tc\rd", id="line-feed-tab-return"),
        pytest.param("\x1b]0;t\x07", r"\x1b]0;t\x07", id="c0"),
        pytest.param("\x7f\x85\x9b31m", r"\x7f\x85\x9b31m", id="c1"),
        pytest.param("\u202eabc\u2066\u200e\u061c", r"\u202eabc\u2066\u200e\u061c", id="bidi"),
        pytest.param("a\u2028b\u2029", r"a\u2028b\u2029", id="separators"),
        pytest.param("a\u200bb\ufeff\xad\u2060", r"a\u200bb\ufeff\xad\u2060", id="no-width"),
        pytest.param("a\udc80", r"a\udc80", id="lone-surrogate"),
        pytest.param("x\U000e0041", r"x\U000e0041", id="invisible-tag"),
        pytest.param("a\u200db \u200d👩", r"a\u200db \u200d👩", id="joiner-without-emoji"),
        pytest.param(r"C:\temp", r"C:\temp", id="backslash"),
    ],
)
def test_characters_that_act_or_hide_are_spelled_out(text: str, shown: str) -> None:
    assert escape_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Family 👨‍👩‍👧 day ❤️‍🔥", id="emoji-sequences"),
        pytest.param("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", id="flag"),
        pytest.param("می‌خواهم", id="persian"),
        pytest.param("क्‍ष", id="devanagari"),
        pytest.param("Ko\u0308ln 家\u3000事 naïve\xa0café", id="letters-and-blanks"),
    ],
)
def test_what_writing_needs_stays(text: str) -> None:
    assert escape_text(text) == text


@given(odd_text)
def test_nothing_escaped_controls_a_terminal(text: str) -> None:
    shown = escape_text(text)
    kept = {"\u200c", "\u200d"} | {chr(code) for code in range(0xE0020, 0xE0080)}
    acting = {"Cc", "Cs", "Zl", "Zp"}
    assert not {character for character in shown if unicodedata.category(character) in acting}
    assert not {c for c in shown if unicodedata.bidirectional(c) in {"RLO", "LRO", "RLI", "PDF"}}
    assert not {character for character in shown if character in "\u200b\u200e\u200f\ufeff"} - kept


@given(odd_text)
def test_escaping_twice_changes_nothing(text: str) -> None:
    assert escape_text(escape_text(text)) == escape_text(text)


@given(odd_text)
def test_a_field_reads_back(text: str) -> None:
    assert unescaped(format_field(text)) == text


@given(odd_text)
def test_a_field_reads_back_from_a_poorer_encoding(text: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "latin-1")
    assert unescaped(spell_out_unencodable(format_field(text), stream)) == text


def test_a_field_doubles_backslashes() -> None:
    assert format_field(HOSTILE) == HOSTILE_SHOWN.replace("\\end", "\\\\end")


def test_what_an_encoding_lacks_is_spelled_out() -> None:
    pipe = screen(encoding="ascii")
    safe_write(pipe.streams.err, "naïve 家\n")
    assert pipe.err == "na\\xefve \\u5bb6\n"
