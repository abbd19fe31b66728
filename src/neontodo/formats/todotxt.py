"""`todotxt`: one task per line, by the rules of github.com/todotxt/todo.txt.

Read: `(A)`, `(B)`, `(C)` are high, medium and low, other letters none; the first `+project` is the
project, every other one and every `@context` a tag, `due:2026-11-20` the due day, and
`t:2026-11-20` the day on which it starts. Such words are taken off both ends of the text to give
the title; in the middle of a sentence they stay in it as well. The whole line is kept in `extra`,
so that a task that was not changed here is written as the same line, and of a changed one only the
changed parts are new.

Written: what the format has no place for is left out, namely the description, a time of day, the
number and the id. Line breaks in a title become spaces, spaces in a project `_`. A word ` @so`,
` +so` or `due:…` in the title of a task made here is to every todo.txt program, this one too, what
it is in the format. Where a project is taken away, what was a tag as a second `+project` of the
line becomes an `@context`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, BinaryIO

from neontodo.fields import Priority
from neontodo.formats import dates, record
from neontodo.formats.record import BadRecord, open_text
from neontodo.models import PROJECT_MAX, TAG_MAX, Record, TaskPublic, format_instant
from neontodo.tasks.dates import local_day

_LETTERS = {Priority.HIGH: "A", Priority.MEDIUM: "B", Priority.LOW: "C"}
_PRIORITIES = {letter: priority for priority, letter in _LETTERS.items()}

_KEYS = {"due", "pri", "t", "rec", "h", "id", "uuid", "p", "dep", "wait"}
"""The keys of `key:value` words that other programs are known to add to a text."""


@dataclass(slots=True)
class Line:
    """The parts of a line; `str()` of them is the line again, character by character.

    x (A) 2026-11-20 2026-11-01 words of the text +project @context due:2026-12-01
    │  │       │          └ created
    │  │       └ completed (one date alone is this one if there is an `x`, else the other)
    │  └ priority (most programs write `pri:A` instead once a task is completed)
    └ completed
    """

    done: bool
    letter: str
    completed_on: date | None
    created_on: date | None
    words: list[str]

    def __str__(self) -> str:
        marks = ["x"] if self.done else []
        marks += [f"({self.letter})"] if self.letter else []
        marks += [day.isoformat() for day in (self.completed_on, self.created_on) if day]
        return " ".join(marks + self.words)

    @property
    def span(self) -> tuple[int, int]:
        """Where the title begins and ends in `words`: between the marks at both ends."""
        plain = [at for at, word in enumerate(self.words) if word and not is_mark(word)]
        return (plain[0], plain[-1] + 1) if plain else (0, 0)

    @property
    def title(self) -> str:
        """The text without the marks at its ends; all of it if it is marks only."""
        start, end = self.span
        return " ".join(self.words[start:end] if end else self.words)

    @property
    def priority(self) -> str:
        """The letter of the priority, wherever it stands; empty if there is none."""
        return self.letter or _read_first(self.words, read_priority) or ""

    @property
    def project(self) -> str | None:
        return _read_first(self.words, read_project)

    @property
    def tags(self) -> set[str]:
        """The contexts, and the projects but the first, of which a task has one only."""
        contexts = {tag for word in self.words if (tag := read_tag(word))}
        return contexts | ({*filter(None, map(_read_further_project, self.words))} - {self.project})

    @property
    def due(self) -> str | None:
        return _read_first(self.words, read_due)

    @property
    def start(self) -> str | None:
        return _read_first(self.words, read_start)


def parse_line(text: str) -> Line:
    """Return the parts of a line; the last word is always text."""
    words = text.split(" ")
    last = len(words) - 1
    at = 0
    if done := words[0] == "x" and last > 0:
        at = 1
    letter = _parse_letter(words[at]) if at < last else ""
    at += bool(letter)
    first = _parse_date(words[at]) if at < last else None
    at += first is not None
    second = _parse_date(words[at]) if done and first and at < last else None
    at += second is not None
    return Line(done, letter, first if done else None, second if done else first, words[at:])


def is_mark(word: str) -> bool:
    """Return whether a word says something of the task rather than being part of its text."""
    if word[:1] not in ("+", "@") and ":" not in word:
        return False
    if read_project(word) or read_tag(word) or read_due(word) or read_priority(word):
        return True
    key, _, value = word.partition(":")
    return key in _KEYS - {"due", "pri"} and bool(value) and ":" not in value


def read_project(word: str) -> str | None:
    """Return the project that a `+word` names."""
    name = word[1:] if word[:1] == "+" else ""
    return name if 0 < len(name) <= PROJECT_MAX and _is_one_word(name) else None


def read_tag(word: str) -> str | None:
    """Return the tag that an `@word` names, None if it cannot be a tag here."""
    name = word[1:] if word[:1] == "@" else ""
    return name if 0 < len(name) <= TAG_MAX and "," not in name and _is_one_word(name) else None


def _read_further_project(word: str) -> str | None:
    """Return the tag that a `+word` is, behind one that is the project."""
    return read_tag(f"@{name}") if (name := read_project(word)) else None


def read_due(word: str) -> str | None:
    """Return the day of `due:2026-11-20`, as text."""
    return word[4:] if word[:4] == "due:" and _parse_date(word[4:]) else None


def read_start(word: str) -> str | None:
    """Return the day of `t:2026-11-20`, as text."""
    return word[2:] if word[:2] == "t:" and _parse_date(word[2:]) else None


def read_priority(word: str) -> str | None:
    """Return the letter of `pri:A`."""
    return word[4] if word[:4] == "pri:" and _parse_letter(f"({word[4:]})") else None


def _read_first(words: list[str], meaning: Callable[[str], str | None]) -> str | None:
    return next((found for word in words if (found := meaning(word))), None)


def _is_one_word(name: str) -> bool:
    return name.split() == [name]


def _parse_letter(word: str) -> str:
    is_priority = len(word) == 3 and word[0] == "(" and "A" <= word[1] <= "Z" and word[2] == ")"
    return word[1] if is_priority else ""


def _parse_date(word: str) -> date | None:
    if len(word) != 10 or word[4] != "-" or word[7] != "-":
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per line that is not blank."""
    with open_text(stream) as text:
        for number, ended in enumerate(text, 1):
            line = ended.rstrip("\r\n")
            if line.strip():
                yield _read_line(f"line {number}", line, tz, now)


def _read_line(where: str, text: str, tz: tzinfo, now: datetime) -> Record:
    line = parse_line(text)
    kept = {"line": text}
    values: dict[str, Any] = {
        "title": line.title,
        "priority": _PRIORITIES.get(line.priority, Priority.NONE),
        "project": line.project,
        "tags": tuple(line.tags),
        "due": line.due and date.fromisoformat(line.due),
        "start": line.start and date.fromisoformat(line.start),
        "completed": line.done,
        "created_at": line.created_on and dates.start_of_day(line.created_on, tz),
    }
    if line.completed_on:
        values["completed_at"] = dates.start_of_day(line.completed_on, tz)
        # The day of this instant is another one in another time zone.
        kept["completed_at"] = format_instant(values["completed_at"])
    try:
        task = record.build_task(values, {"todotxt": kept}, now=now, names={"title": "text"})
    except BadRecord as error:
        return Record(where, problem=str(error))
    return Record(
        where,
        task,
        key=text,
        not_understood=tuple(_list_unused(line)),
        schedule=_read_schedule(line),
    )


def _list_unused(line: Line) -> Iterator[str]:
    """Yield the names of what the line says and the task does not."""
    if line.priority and line.priority not in _PRIORITIES:
        yield "priority"
    keys = {word.partition(":")[0] for word in line.words if is_mark(word)}
    keys -= {"t"} if line.start else set()
    yield from sorted(keys & _KEYS - {"due", "pri", "rec"})


def _read_schedule(line: Line) -> str | None:
    """Return whether a pending task repeats."""
    is_repeating = not line.done and any(word.startswith("rec:") for word in line.words)
    return "repeating" if is_repeating else None


def write(tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]:
    """Yield one line per task; days are those in `tz`."""
    for task in tasks:
        yield f"{_format_line(task, tz)}\n"


def _format_line(task: TaskPublic, tz: tzinfo) -> str:
    kept = record.read_section(task, "todotxt")
    text = kept.get("line")
    if isinstance(text, str) and text.strip() and not set("\r\n") & set(text):
        old, line = parse_line(text), parse_line(text)
    else:
        old = Line(False, "", None, None, [])
        line = Line(False, "", None, local_day(task.created_at, tz), [])
    _set_title(line, task)
    _set_marks(line, old, task)
    _set_priority(line, old, task)
    _set_completion(line, old, task, kept.get("completed_at"), tz)
    if parse_line(str(line)) != line:
        # The text begins like a mark or a date, which it may do right behind a creation date only.
        line.created_on = line.created_on or local_day(task.created_at, tz)
        line.completed_on = line.completed_on or _completion_day(task, tz)
    return str(line)


def _set_title(line: Line, task: TaskPublic) -> None:
    whole = task.whole_title
    title = whole.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    if title != line.title:
        start, end = line.span
        line.words[start:end] = title.split(" ")


def _set_marks(line: Line, old: Line, task: TaskPublic) -> None:
    project = task.project and "_".join(task.project.split())
    _set_mark(line, "+", read_project, old.project, project)
    due_on = task.due_on.isoformat() if task.due_on else None
    _set_mark(line, "due:", read_due, old.due, due_on)
    start_on = task.start_on.isoformat() if task.start_on else None
    _set_mark(line, "t:", read_start, old.start, start_on)
    if old.project and not project:
        _make_contexts(line, task.tags)
    gone = {f"@{tag}" for tag in old.tags.difference(task.tags)}
    gone |= {f"+{name}" for name in {*old.tags, old.project} - {*task.tags, project} if name}
    for word in sorted(gone):
        while word in line.words:
            _drop_mark(line, line.words.index(word))
    for tag in task.tags:
        if tag not in line.tags:
            _append_word(line, f"@{tag}")


def _make_contexts(line: Line, tags: tuple[str, ...]) -> None:
    """Let no tag of a task without a project be the project."""
    for at, word in enumerate(line.words):
        if word[:1] == "+" and word[1:] in tags:
            line.words[at] = f"@{word[1:]}"


def _set_mark(
    line: Line, sign: str, meaning: Callable[[str], str | None], was: str | None, want: str | None
) -> None:
    """Let the first mark of a kind be `want`, changing the one that it `was`, and no other."""
    at = next((at for at, word in enumerate(line.words) if meaning(word)), None)
    found = None if at is None else meaning(line.words[at])
    if found == want:
        return
    if want is None:
        if at is not None and found == was:
            _drop_mark(line, at)
    elif at is None:
        _append_word(line, sign + want)
    elif found == was:
        line.words[at] = sign + want
    else:
        line.words.insert(0, sign + want)


def _append_word(line: Line, word: str) -> None:
    while line.words and not line.words[-1]:
        line.words.pop()
    line.words.append(word)


def _drop_mark(line: Line, at: int) -> None:
    """Take a mark away; inside a sentence only its sign."""
    start, end = line.span
    bare = line.words[at].lstrip("+@")
    if (start <= at < end or not end) and bare != line.words[at] and bare:
        line.words[at] = bare
    elif len(line.words) > 1:
        del line.words[at]


def _set_priority(line: Line, old: Line, task: TaskPublic) -> None:
    letter = old.priority
    if _PRIORITIES.get(letter, Priority.NONE) != task.priority:
        letter = _LETTERS.get(task.priority, "")
    if letter == line.priority and task.completed == old.done:
        return
    for word in filter(read_priority, old.words):
        if word in line.words:
            _drop_mark(line, line.words.index(word))
    line.letter = "" if task.completed else letter
    if task.completed and letter:
        _append_word(line, f"pri:{letter}")


def _set_completion(line: Line, old: Line, task: TaskPublic, kept: Any, tz: tzinfo) -> None:
    line.done = task.completed
    same = task.completed_at is not None and format_instant(task.completed_at) == kept
    if task.completed != old.done or (old.completed_on and not same):
        line.completed_on = _completion_day(task, tz)


def _completion_day(task: TaskPublic, tz: tzinfo) -> date | None:
    return local_day(task.completed_at or task.updated_at, tz) if task.completed else None
