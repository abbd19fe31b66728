"""The words of `todo add` that set fields: `+tag`, `project:work`, `due:fri`, `p:high`.

Only a word of its own counts, never a part of a longer argument, so that quotes keep a text as it
is. What is not a key with a value is text: `re:`, `10:30`, `http://…`, `+1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from neontodo.cli.field_values import check_update, parse_fields
from neontodo.cli.strict_parsing import LiteralWord
from neontodo.errors import BadValue
from neontodo.fields import BY_NAME, FIELDS, Field, Kind

if TYPE_CHECKING:
    from neontodo.app import App

KEYS = {field.singular: field for field in FIELDS if field.option and field.kind is not Kind.TEXT}
KEYS["p"] = BY_NAME["priority"]

SHORTEST_START = 3
"""Letters of the start of a key that are taken for a misspelt key, as those of `proj:work`."""

_WORD = re.compile(r"([A-Za-z]+):(?!//)(\S.*)?", re.DOTALL)
_TAG = re.compile(r"\+([^\W\d_]\S*)")
_QUOTED = re.compile('"([^"]+)"')
_PART = re.compile(r'[A-Za-z]+:"[^"]+"|\S+')
_KEPT_IN_QUOTES = "quote the whole title to keep it as text"
_KEPT_WITHOUT_INLINE = "without `--inline` it is text"


class InlineWord(NamedTuple):
    """A word that sets a field: as it was typed, the field, and the value."""

    text: str
    field: Field
    value: str


@dataclass(frozen=True)
class Words:
    """The words of a new task: its title, its words, and those that set fields.

    `way_out` says how such a word is kept as text.
    """

    title: str
    text: tuple[str, ...]
    inline: tuple[InlineWord, ...]
    way_out: str


def divide_title(words: Sequence[str], *, in_quotes: bool) -> Words:
    """Return what the arguments of `todo add` mean.

    The only one is text if it has spaces, as it was quoted. With `in_quotes` the words within
    arguments count too, and a value with spaces stands in quotes of its own: `due:"next week"`.
    """
    parts = [part for word in words for part in _split(word)] if in_quotes else words
    is_quoted = len(words) == 1 and len(words[0].split()) > 1 and not in_quotes
    found = [(part, None if is_quoted else read_word(part)) for part in parts]
    inline = tuple(word for _, word in found if word is not None)
    text = tuple(part for part, word in found if word is None)
    title = " ".join(text if inline else words)
    return Words(title, text, inline, _KEPT_WITHOUT_INLINE if in_quotes else _KEPT_IN_QUOTES)


def _split(word: str) -> list[str]:
    return [word] if isinstance(word, LiteralWord) else _PART.findall(word)


def find_quoted(words: Sequence[str]) -> list[str]:
    """Return the words inside arguments with spaces that would set fields outside of them."""
    texts = (word for word in words if " " in word and read_word(word) is None)
    return [part for text in texts for part in _split(text) if read_word(part)]


def read_word(word: str) -> InlineWord | None:
    """Return what a word sets; None if it is text."""
    if isinstance(word, LiteralWord):
        return None
    if tag := _TAG.fullmatch(word):
        return InlineWord(word, BY_NAME["tags"], tag[1])
    found = _WORD.fullmatch(word)
    field = KEYS.get(found[1].lower()) if found else None
    if not (found and found[2] and field):
        return None
    quoted = _QUOTED.fullmatch(found[2])
    return InlineWord(word, field, quoted[1] if quoted else found[2])


def parse_words(app: App, words: Words, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the title, and the other fields by words and options, which are parsed already.

    Raises:
        BadValue: a value cannot be used, there is no title, or a field is set twice.
    """
    if words.inline and not words.title.strip():
        raise BadValue(
            f"there is no title beside `{words.inline[0].text}`",
            hint="write `--` before what is no more than text",
        )
    fields = {**options, "title": words.title}
    given = set(options)
    try:
        for word in words.inline:
            name, value = word.field.name, _parse_word(app, word)
            if word.field.kind is Kind.TAGS:
                fields[name] = (*fields.get(name, ()), *value)
            elif name in given:
                raise BadValue(f"the {name} is given twice", hint="give it once")
            else:
                fields[name] = value
                given.add(name)
    except BadValue as refusal:
        hint = f"{refusal.hint}; {words.way_out}" if refusal.hint else words.way_out
        message = f"`{word.text}`: {refusal.message}"
        raise BadValue(message, hint=hint, details=refusal.details) from None
    return fields


def _parse_word(app: App, word: InlineWord) -> Any:
    """Return the value of the field; BadValue if a task cannot have it."""
    value = (word.value,) if word.field.kind is Kind.TAGS else word.value
    fields = parse_fields(app, {word.field.name: value})
    check_update(fields)
    return fields[word.field.name]


def list_warnings(app: App, words: Words) -> list[str]:
    """Return a warning for each word of the title that was probably meant to set a field."""
    return [warning for word in words.text for warning in _check_text(app, word)]


def _check_text(app: App, word: str) -> Iterator[str]:
    """Yield a warning if a word that is text looks like one that sets a field."""
    found = None if isinstance(word, LiteralWord) else _WORD.fullmatch(word)
    if found is None or " " in word:
        return
    name, value = found[1].lower(), found[2]
    if not value and name in KEYS:
        yield f"`{word}` has no value and is part of the title; is a shell variable empty?"
    elif value and (meant := _find_meant_key(app, name, value)):
        yield f"`{word}` is part of the title; did you mean `{meant}:{value}`?"


def _find_meant_key(app: App, name: str, value: str) -> str | None:
    """Return the key that looks like a name, and that takes the value."""
    for key, field in KEYS.items():
        if _looks_like(name, key):
            try:
                _parse_word(app, InlineWord(value, field, value))
            except BadValue:
                continue
            return key
    return None


def _looks_like(name: str, key: str) -> bool:
    """Return whether a name begins a key, or has a letter missing, extra, other or moved."""
    if len(key) == 1:
        return False
    if len(name) >= SHORTEST_START and key.startswith(name):
        return True
    places = range(max(len(name), len(key)))
    return any(
        _drop(name, place) in (key, _drop(key, place))
        or name in (_drop(key, place), _swap(key, place))
        for place in places
    )


def _drop(text: str, place: int) -> str:
    return text[:place] + text[place + 1 :]


def _swap(text: str, place: int) -> str:
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
