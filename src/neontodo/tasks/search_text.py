"""Text as search sees it: accents and case gone, words and signs apart, the same on both engines.

Stored rows hold folded text: whoever changes `fold` must fold them again, in a migration.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from neontodo.models import CUT, read_whole_text

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_SIGNS = re.compile(r"([^\w\s]+)")
_KEPT = frozenset({"title", "description", "annotations"})
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
) -> str:
    """Fold title, description, project and tags: a line each, each between two spaces.

    Where `extra` has annotations, or the rest of a title or description that was cut, these are a
    line more. It is cut where the check `search_text` of `models.Task` wants it. Rows from before
    have no such line: migration 0003 folds them again.
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
        return text
    if not (further := " ".join(_list_kept_texts(title, description, extra))):
        return text
    visible = title, description or "", project or "", f" {' '.join(tags)} " if tags else ""
    most = 20 + 20 * sum(len(column.encode()) for column in visible)
    line = fold(further).encode()[: max(0, most - len(f"{text}\n  ".encode()))]
    return f"{text}\n {line.decode(errors='ignore')} "


def _list_kept_texts(title: str, description: str | None, extra: dict[str, Any]) -> Iterator[str]:
    """Yield what `extra` keeps of a task's text: what was cut, from a whole word on, and notes."""
    for name, text in (("title", title), ("description", description)):
        whole = read_whole_text(name, text, extra)
        if whole and text and whole != text and text.endswith(CUT):
            whole = whole.strip() if name == "title" else whole
            yield whole[whole.rfind(" ", 0, len(text)) + 1 :]
    notes = extra.get("annotations")
    for note in notes if isinstance(notes, list) else ():
        if isinstance(note, dict) and isinstance(note.get("description"), str):
            yield note["description"]


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
