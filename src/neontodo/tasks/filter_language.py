"""The language of filters: `+home due:week`, `"(project:work or +urgent) not is:overdue"`.

    or   = and {"or" and}    and = not {["and"] not}    not = "not" not | "(" or ")" | term
    term = "+"TAG | KEY":"VALUE{","VALUE} | "view:"NAME | WORD | "quoted words"

An argument of the command line is one term or one of the three words; only one that begins with a
parenthesis is an expression of its own. So nothing else needs quotes in a shell, and no value can
be taken for an operator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import NamedTuple
from uuid import UUID

from neontodo.errors import BadValue
from neontodo.fields import FILTERED, Kind
from neontodo.tasks.date_spans import parse_past_span, parse_span
from neontodo.tasks.dates import local_day
from neontodo.tasks.filters import (
    EVERY,
    AllOf,
    AnyOf,
    Between,
    Condition,
    Contains,
    Equals,
    IdBetween,
    Includes,
    IsEmpty,
    IsWithin,
    Not,
    ParsedFilter,
    build_waiting,
    find_similar_name,
    parse_priority,
)
from neontodo.tasks.references import parse_number, parse_prefix
from neontodo.tasks.search_text import fold, fold_query
from neontodo.wording import find_similar

TERMS_MAX = 2000
DEPTH_MAX = 50
TEXT_MAX = 100_000
VIEW_DEPTH_MAX = 10
_SHOWN = 60
_EXAMPLE = "for example `project:work due:week` or `(+home or +errand) not is:overdue`"
_UNSET = "write it after the colon; is a shell variable empty?"
_TOKEN = re.compile(r'\s*(?:([()])|((?:"[^"]*"|[^\s()"])+)|(.))', re.DOTALL)
_VALUE = re.compile(r'((?:"[^"]*"|[^,"]|")*)(,|$)', re.DOTALL)
_KEY = re.compile("([A-Za-z]+):(?!//)")
_OPERATORS = ("and", "or", "not")
STATES = ("pending", "done", "overdue", "today", "week", "waiting", "ready")
STATUSES = ("pending", "waiting", "done", "any")
_STATUSES = ("pending", "done", "any", "all")
_WAITING = ("waiting", "ready")


@dataclass(frozen=True)
class Moment:
    """When and where a filter is read: what `today` means."""

    now: datetime
    tz: tzinfo


class _Value(NamedTuple):
    """What follows a key; in quotes it stands for itself alone."""

    text: str
    is_quoted: bool


_Reader = Callable[[_Value, Moment], Condition]

Views = Callable[[], Mapping[str, str]]
"""Fetches the user's views, expressions by their names; called only where a filter has one."""


@dataclass(frozen=True)
class _Token:
    """A parenthesis, an operator or a term, and where in the whole text it begins."""

    kind: str
    text: str
    start: int


def is_filter(word: str) -> bool:
    """Return whether an argument can only be meant as part of a filter: it is no reference."""
    if word.lower() in _OPERATORS or word.startswith(("+", "(")):
        return True
    return re.match(_KEY, word) is not None


def parse_filter(words: Sequence[str], moment: Moment, views: Views = dict) -> ParsedFilter:
    """Return what the arguments of a command line say; BadValue shows the place that is wrong."""
    return _Parser(" ".join(words), _split_arguments(words), moment, views).parse()


def parse_expression(text: str, moment: Moment, views: Views = dict) -> ParsedFilter:
    """Return what a whole expression in one text says, as `--filter` and views have it."""
    return _Parser(text, _split_expression(text, 0), moment, views).parse()


def write_expression(words: Sequence[str]) -> str:
    """Return the expression that says the same as the arguments of a command line.

    There is none for some that hold quotes: what they then become must be compared.
    """
    return " ".join(_write_argument(word, is_alone=len(words) == 1) for word in words)


def parse_options(
    given: Mapping[str, Sequence[str] | None], moment: Moment
) -> tuple[Condition, ...]:
    """Return what the options of a command say, by the names of the fields that they are for."""
    conditions: list[Condition] = []
    for field in FILTERED:
        read = _KEYS[field.singular]
        texts = given.get(field.name) or ()
        found = tuple(read(_Value(text.strip(), is_quoted=False), moment) for text in texts)
        conditions += found if field.kind is Kind.TAGS or not found else [_join_any(found)]
    return tuple(conditions)


def _split_arguments(words: Sequence[str]) -> Iterator[_Token]:
    start = 0
    for word in words:
        if word.lstrip().startswith("("):
            # What stands in one argument belongs together, as if it stood in parentheses.
            yield _Token("(", "", start)
            yield from _split_expression(word, start)
            yield _Token(")", "", start + len(word))
        else:
            yield _make_token(word, start)
        start += len(word) + 1


def _split_expression(text: str, start: int) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text.rstrip()):
        parenthesis, term, rest = found.groups()
        if parenthesis:
            yield _Token(parenthesis, parenthesis, start + found.start(1))
        elif term:
            yield _make_token(term, start + found.start(2))
        elif rest:
            yield _Token('"', rest, start + found.start(3))


def _make_token(text: str, start: int) -> _Token:
    word = text.lower()
    return _Token(word if word in _OPERATORS else "term", text, start)


def _write_argument(word: str, *, is_alone: bool) -> str:
    if word.lstrip().startswith("("):
        return word.strip() if is_alone or _is_one_group(word.strip()) else f"({word.strip()})"
    if _is_one_token(word):
        return word
    if word.startswith("+"):
        return f'tag:"{word[1:]}"'
    found = re.match(_KEY, word)
    if found is None:
        return _write_words("", word)
    values = [*_split_values(word[found.end() :])]
    if found[1].lower() not in ("text", "title"):
        return found[0] + ",".join(map(_write_value, values))
    # Each word by itself: in quotes they would have to stand side by side.
    parts = [
        f'{found[0]}"{value.text}"' if value.is_quoted else _write_words(found[0], value.text)
        for value in values
    ]
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _write_words(key: str, text: str) -> str:
    words = {fold(word): word for word in text.split()}
    parts = [
        f"{key}{word}" if _is_one_token(word) and (key or not is_filter(word)) else f'{key}"{word}"'
        for folded, word in words.items()
        if folded
    ]
    return parts[0] if len(parts) == 1 else f"({' '.join(parts)})"


def _write_value(value: _Value) -> str:
    exactly = "=" if value.text.startswith("=") and not value.is_quoted else ""
    text = value.text.removeprefix(exactly)
    is_plain = not value.is_quoted and _is_one_token(text)
    return f"{exactly}{text}" if is_plain else f'{exactly}"{text}"'


def _is_one_token(text: str) -> bool:
    tokens = [*_split_expression(text, 0)]
    return len(tokens) == 1 and tokens[0].text == text and tokens[0].kind not in ("(", ")", '"')


def _is_one_group(text: str) -> bool:
    """Return whether the parenthesis that a text begins with is closed by its last one."""
    depth = 0
    for token in _split_expression(text, 0):
        if token.start and not depth:
            return False
        depth += (token.kind == "(") - (token.kind == ")")
    return True


class _Parser:
    def __init__(
        self,
        source: str,
        tokens: Iterator[_Token],
        moment: Moment,
        views: Views,
        path: tuple[str, ...] = (),
    ) -> None:
        if len(source) > TEXT_MAX:
            raise BadValue(f"the filter has more than {TEXT_MAX:,} characters", hint=_EXAMPLE)
        self.source = source
        self.tokens = list(tokens)
        self.moment = moment
        self.views = views
        self.path = path
        self.position = 0
        self.depth = 0
        self.terms = 0
        self.chooses_status = False
        self.chooses_waiting = False

    def parse(self) -> ParsedFilter:
        if not self.tokens:
            raise BadValue("the filter is empty", hint=_EXAMPLE)
        if quotes := [token for token in self.tokens if token.kind == '"']:
            raise self._refuse(quotes[0], "this quote is not closed")
        condition = self._parse_or()
        if self.position < len(self.tokens):
            token = self.tokens[self.position]
            not_opened = "this parenthesis was not opened"
            problem = not_opened if token.kind == ")" else f"`{token.text}` is not expected here"
            raise self._refuse(token, problem)
        return ParsedFilter(condition, self.chooses_status, self.chooses_waiting)

    def _parse_or(self) -> Condition:
        parts = [self._parse_and()]
        while self._take("or"):
            parts.append(self._parse_and())
        return _join_any(parts)

    def _parse_and(self) -> Condition:
        parts = [self._parse_not()]
        while self._take("and") or self._next_kind() in ("term", "not", "("):
            parts.append(self._parse_not())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _parse_not(self) -> Condition:
        negations = 0
        while self._take("not"):
            negations += 1
        condition = self._parse_group() if self._next_kind() == "(" else self._parse_term()
        return Not(condition) if negations % 2 else condition

    def _parse_group(self) -> Condition:
        opening = self.tokens[self.position]
        self.position += 1
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self._refuse(opening, f"more than {DEPTH_MAX} parentheses are open here")
        condition = self._parse_or()
        closing = self.tokens[self.position] if self._next_kind() == ")" else None
        if closing is None or (opening.text and not closing.text):
            raise self._refuse(opening, "this parenthesis is not closed")
        if closing.text and not opening.text:
            raise self._refuse(closing, "this parenthesis was not opened")
        self.position += 1
        self.depth -= 1
        return condition

    def _parse_term(self) -> Condition:
        if self.position >= len(self.tokens):
            raise self._refuse(_Token("end", "", len(self.source)), "a term is missing here")
        token = self.tokens[self.position]
        if token.kind != "term":
            before = f"before `{token.text}`" if token.text else "here"
            raise self._refuse(token, f"a term is missing {before}")
        self.position += 1
        try:
            found = _read_term(token.text, self.moment, self._read_view)
        except BadValue as refusal:
            raise self._refuse(token, refusal.message, refusal.hint, refusal.details) from None
        self.chooses_status |= found.chooses_status
        self.chooses_waiting |= found.chooses_waiting
        self.terms += len(found.conditions)
        if self.terms > TERMS_MAX:
            raise BadValue(f"the filter has more than {TERMS_MAX:,} terms", hint=_EXAMPLE)
        return _join_any(found.conditions)

    def _read_view(self, value: _Value, moment: Moment) -> Condition:
        """Return what the expression of a view says, as if it stood here in parentheses."""
        name, views = value.text, self.views()
        if name not in views:
            near = find_similar_name(name, views)
            hint = f"did you mean `view:{near}`?" if near else "`todo view list` lists the views"
            raise BadValue(f"there is no view `{name}`", hint=hint)
        path = (*self.path, name)
        if name in self.path:
            uses = ", which uses ".join(f"`{each}`" for each in path[path.index(name) + 1 :])
            raise BadValue(f"view `{name}` uses {uses}", hint="`todo view save` changes a view")
        if len(path) > VIEW_DEPTH_MAX:
            raise BadValue(
                f"more than {VIEW_DEPTH_MAX} views use each other", hint="use fewer of them"
            )
        text = views[name]
        if not text.strip():
            return EVERY
        inner = _Parser(text, _split_expression(text, 0), moment, self.views, path)
        inner.depth, inner.terms = self.depth, self.terms
        parsed = inner.parse()
        self.terms = inner.terms
        self.chooses_status |= parsed.chooses_status
        self.chooses_waiting |= parsed.chooses_waiting
        return parsed.condition

    def _take(self, kind: str) -> bool:
        found = self._next_kind() == kind
        self.position += found
        return found

    def _next_kind(self) -> str | None:
        return self.tokens[self.position].kind if self.position < len(self.tokens) else None

    def _refuse(
        self, token: _Token, problem: str, hint: str | None = None, within: tuple[str, ...] = ()
    ) -> BadValue:
        """Return the refusal with the part of the filter around the place, and a caret below it.

        `within` are the same lines of the view that the token names; it has its name in `problem`.
        """
        first = max(0, token.start - _SHOWN // 2)
        part = self.source[first : first + _SHOWN]
        shown = "".join(char if char.isprintable() else " " for char in part)
        caret = " " * (token.start - first) + "^"
        if self.path and not within:
            problem = f"view `{self.path[-1]}`: {problem}"
        return BadValue(problem, details=(shown, caret, *within), hint=hint or _EXAMPLE)


def _join_any(parts: Sequence[Condition]) -> Condition:
    if EVERY in parts:
        return EVERY
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


class _Term(NamedTuple):
    """A condition for each value of a term, and whether it asks itself for done or waiting ones."""

    conditions: tuple[Condition, ...]
    chooses_status: bool = False
    chooses_waiting: bool = False


def _read_term(text: str, moment: Moment, read_view: _Reader) -> _Term:
    if text.startswith("+"):
        return _Term((_make_tag(text[1:]),))
    found = re.match(_KEY, text)
    if found is None:
        return _Term((_read_text(_unquote(text), moment),))
    name = found[1].lower()
    key = read_view if name == "view" else _KEYS.get(name)
    if key is None:
        raise BadValue(f"`{found[1]}:` is not a key of filters", hint=_suggest_key(name, text))
    values = tuple(_split_values(text[found.end() :]))
    if not all(value.text for value in values):
        raise BadValue(f"`{found[1]}:` has no value", hint=_UNSET)
    states = {value.text.lower() for value in values} if name in ("is", "status") else set()
    return _Term(
        tuple(key(value, moment) for value in values),
        chooses_status=name == "done" or not states.isdisjoint(_STATUSES),
        chooses_waiting=name == "start" or not states.isdisjoint((*_STATUSES, *_WAITING)),
    )


def _split_values(text: str) -> Iterator[_Value]:
    """Yield the values between commas; one in quotes may hold some."""
    for found in _VALUE.finditer(text):
        yield _unquote(found[1].strip())
        if not found[2]:
            return


def _unquote(text: str) -> _Value:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _Value(text[1:-1], is_quoted=True)
    return _Value(text, is_quoted=False)


def _suggest_key(name: str, text: str) -> str:
    known = (*_KEYS, "view")
    near = find_similar(name, known, alike=0.6)
    keys = f"did you mean `{near}:`?" if near else f"the keys are {', '.join(known)};"
    return f"{keys} `text:{text}` looks for it as text"


def _read_text(value: _Value, moment: Moment, in_title: bool = False) -> Condition:
    """Return tasks that have the words of a text in any order, or one in quotes as it is."""
    texts = (fold(value.text),) if value.is_quoted else fold_query(value.text)
    if not all(texts) or not texts:
        raise BadValue(f"`{value.text}` has nothing to look for")
    parts = tuple(Contains(text, in_title) for text in texts)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _read_presence(field: str, value: _Value) -> Condition | None:
    match value:
        case ("none" | "None" | "NONE", False):
            return IsEmpty(field)
        case ("any" | "Any" | "ANY", False):
            return Not(IsEmpty(field))
    return None


def _read_project(value: _Value, moment: Moment) -> Condition:
    if value.text.startswith("=") and not value.is_quoted:
        name = _unquote(value.text[1:]).text
        if not name.strip():
            raise BadValue("`project:=` has no value", hint=_UNSET)
        return Equals("project", name)
    return _read_presence("project", value) or IsWithin("project", value.text)


def _read_tag(value: _Value, moment: Moment) -> Condition:
    return _read_presence("tags", value) or _make_tag(value.text)


def _make_tag(tag: str) -> Condition:
    if not tag:
        raise BadValue("a tag is missing after `+`", hint="`text:+` looks for the sign")
    if "," in tag or tag.split() != [tag]:
        raise BadValue(
            f"`{tag}` is not a tag: a tag has no space or comma",
            hint="put a whole filter in parentheses, or after `--filter`",
        )
    return Includes("tags", tag)


def _read_priority(value: _Value, moment: Moment) -> Condition:
    if presence := _read_presence("priority", value):
        return presence
    first, separator, last = value.text.partition("..")
    if not separator:
        return Equals("priority", int(parse_priority(value.text)))
    levels = (int(parse_priority(text)) if text else None for text in (first, last))
    return _make_range("priority", value.text, *levels)


def _read_number(value: _Value, moment: Moment) -> Condition:
    found = re.fullmatch(r"([0-9]+)|(?!-)([0-9]*)(?:\.\.|-(?!$))([0-9]*)", value.text)
    if found is None:
        raise BadValue(f"`{value.text}` is not a number", hint="write `number:12` or `number:3..5`")
    if found[1]:
        return Equals("number", parse_number(found[1]))
    numbers = (parse_number(digits) if digits else None for digits in found.group(2, 3))
    return _make_range("number", value.text, *numbers)


def _make_range(field: str, text: str, start: int | None, end: int | None) -> Condition:
    if start is None and end is None:
        raise BadValue(f"`{text}` has nothing on either side")
    if start is not None and end is not None and end < start:
        raise BadValue(f"`{text}` ends before it begins", hint="write the smaller one first")
    return Between(field, start, end)


def _read_id(value: _Value, moment: Moment) -> Condition:
    digits = value.text if re.fullmatch("[0-9]{4,32}", value.text) else ""
    if digits:
        return IdBetween(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))
    prefix = parse_prefix(value.text.lower())
    if prefix is None:
        raise BadValue(
            f"`{value.text}` is not the start of a UUID", hint="write at least 4 characters of one"
        )
    return IdBetween(prefix.low, prefix.high)


def _read_due(value: _Value, moment: Moment) -> Condition:
    return (
        _is_overdue(moment) if value.text.lower() == "overdue" else _read_when("due", value, moment)
    )


def _read_when(field: str, value: _Value, moment: Moment) -> Condition:
    if presence := _read_presence(field, value):
        return presence
    return Between(field, *parse_span(value.text, now=moment.now, tz=moment.tz))


def _is_overdue(moment: Moment) -> Condition:
    return Between("due", None, moment.now.astimezone(moment.tz))


def _read_instant(field: str, value: _Value, moment: Moment) -> Condition:
    if presence := _read_presence(field, value):
        return presence
    return Between(field, *parse_past_span(value.text, now=moment.now, tz=moment.tz))


def _read_status(value: _Value, moment: Moment) -> Condition:
    word = value.text.lower()
    if word in ("any", "all"):
        return EVERY
    if word in ("pending", "done", "waiting"):
        return _read_state(value, moment)
    raise BadValue(
        f"`{value.text}` is not a status",
        hint="choose from `pending`, `waiting`, `done` and `any`",
    )


def _read_state(value: _Value, moment: Moment) -> Condition:
    today, pending = local_day(moment.now, moment.tz), Equals("completed", False)
    waiting = build_waiting(moment.now.astimezone(moment.tz))
    states: dict[str, Condition] = {
        "pending": pending,
        "done": Equals("completed", True),
        "overdue": AllOf((pending, _is_overdue(moment))),
        "today": AllOf((pending, Between("due", None, today))),
        "week": AllOf((pending, Between("due", None, today + timedelta(days=6)))),
        "waiting": AllOf((pending, waiting)),
        "ready": AllOf((pending, Not(waiting))),
    }
    if state := states.get(value.text.lower()):
        return state
    raise BadValue(f"`{value.text}` is not a state", hint=f"choose from {', '.join(STATES)}")


_KEYS: dict[str, _Reader] = {
    "project": _read_project,
    "tag": _read_tag,
    "priority": _read_priority,
    "p": _read_priority,
    "due": _read_due,
    "start": partial(_read_when, "start"),
    "created": partial(_read_instant, "created_at"),
    "updated": partial(_read_instant, "updated_at"),
    "done": partial(_read_instant, "completed_at"),
    "number": _read_number,
    "id": _read_id,
    "title": partial(_read_text, in_title=True),
    "text": _read_text,
    "status": _read_status,
    "is": _read_state,
}
