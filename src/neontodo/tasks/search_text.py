"""Text as search sees it: accents and case gone, words and signs apart, the same on both engines.

Stored rows hold folded text: whoever changes `fold` must fold them again, in a migration.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from neontodo.models import Note, list_whole_notes, read_whole_title

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_SIGNS = re.compile(r"([^\w\s]+)")
_KEPT = frozenset({"title", "description", "notes"})
# What Unicode does not take apart, though people write it either way.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
    | {"‘": "'", "’": "'", "“": '"', "”": '"', "‐": "-", "–": "-", "—": "-"}
)


def fold(text: str) -> str:
    """Return text without accents and case, with single spaces between words and signs."""
    text = text.lower()
    if not text.isascii():
        text = _FOREIGN.sub(lambda run: "".join(map(_fold_char, run[0])), text)
    if not text.isascii():
        return " ".join("".join(run) for kind, run in groupby(text, _classify) if kind)
    if text.replace(" ", "").isalnum():
        return " ".join(text.split())
    return " ".join(" ".join(_SIGNS.split(text)).split())


def build_search_text(
    title: str,
    description: str | None,
    project: str | None,
    tags: Sequence[str],
    extra: dict[str, Any] | None = None,
    notes: tuple[Note, ...] = (),
) -> str:
    """Fold title, description, project and tags: a line each, each between two spaces.

    Notes, and what `extra` keeps of a text that was cut, are a line more.
    """
    sections = (
        fold(title),
        fold(description) if description else "",
        _fold_name(project) if project else "",
        _fold_name(" ".join(tags)) if tags else "",
    )
    text = "\n".join([f" {section} " for section in sections])
    # Plain SQL may have put anything there.
    if not isinstance(extra, dict) or _KEPT.isdisjoint(extra):
        extra = None
    if not (notes or extra):
        return text
    further = [note["text"] for note in list_whole_notes(notes, extra)]
    if (whole := read_whole_title(title, extra).strip()) != title.strip():
        # From a whole word on.
        further.insert(0, whole[whole.rfind(" ", 0, len(title)) + 1 :])
    return f"{text}\n {fold(' '.join(further))} " if further else text


# Many tasks share few projects and tags.
_fold_name = lru_cache(maxsize=1024)(fold)


def fold_query(query: str) -> tuple[str, ...]:
    """Return the words of a query, folded and each once; signs in one stand between spaces."""
    folded = (fold(word) for word in query.split())
    return tuple(dict.fromkeys(word for word in folded if word))


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    """Return what one character becomes; taken apart again until nothing changes."""
    folded = "".join(
        part
        for part in unicodedata.normalize("NFKD", char).casefold().translate(_PLAIN)
        if not _is_dropped(part)
    )
    return folded if folded == char else "".join(map(_fold_char, folded))


def _is_dropped(char: str) -> bool:
    """Return whether a character is an accent, or is not seen, as joiners and soft hyphens."""
    return (
        unicodedata.combining(char) != 0
        or unicodedata.category(char) == "Cf"
        or "\ufe00" <= char <= "\ufe0f"
    )


@lru_cache(maxsize=4096)
def _classify(char: str) -> str:
    """Return `word` or `sign` for what a character belongs to; empty for a space.

    Vowel signs of Indic scripts do, although Python's regular expressions say otherwise.
    """
    if char.isspace():
        return ""
    is_word = char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"
    return "word" if is_word else "sign"
