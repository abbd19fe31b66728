"""`todotxt`: one task per line, by the rules of github.com/todotxt/todo.txt.

Read: `(A)`, `(B)`, `(C)` are high, medium and low, other letters none; the first `+project` is the
project, every `@context` a tag, `due:2026-11-20` the due day. Such words are taken off both ends of
the text to give the title; in the middle of a sentence they stay in it as well. The whole line is
kept in `extra`, so that a task that was not changed here is written as the same line, and of a
changed one only the changed parts are new.

Written: what the format has no place for is left out, namely the description, a time of day, the
number and the id. Line breaks in a title become spaces, spaces in a project `_`. A word ` @so`,
` +so` or `due:…` in the title of a task made here is to every todo.txt program, this one too, what
it is in the format. Where a project is taken away, a second `+project` of the line takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, tzinfo
from typing import Any, BinaryIO

from neontodo.fields import Priority
from neontodo.formats import dates, record, todotxt_line
from neontodo.formats.record import BadRecord, Record, open_text
from neontodo.formats.todotxt_line import LETTERS, PRIORITIES, Line
from neontodo.models import TaskPublic, format_instant
from neontodo.tasks.dates import local_day


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per line that is not blank."""
    with open_text(stream) as text:
        for number, ended in enumerate(text, 1):
            line = ended.rstrip("\r\n")
            if line.strip():
                yield _read_line(f"line {number}", line, tz, now)


def _read_line(where: str, text: str, tz: tzinfo, now: datetime) -> Record:
    line = todotxt_line.parse_line(text)
    kept = {"line": text}
    values: dict[str, Any] = {
        "title": line.title,
        "priority": PRIORITIES.get(line.priority, Priority.NONE),
        "project": line.project,
        "tags": tuple(line.tags),
        "due": line.due and date.fromisoformat(line.due),
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
    return Record(where, task, key=text)


def write(tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]:
    """Yield one line per task; days are those in `tz`."""
    for task in tasks:
        yield f"{_format_line(task, tz)}\n"


def _format_line(task: TaskPublic, tz: tzinfo) -> str:
    kept = record.read_section(task, "todotxt")
    text = kept.get("line")
    if isinstance(text, str) and text.strip() and not set("\r\n") & set(text):
        old, line = todotxt_line.parse_line(text), todotxt_line.parse_line(text)
    else:
        old = Line(False, "", None, None, [])
        line = Line(False, "", None, local_day(task.created_at, tz), [])
    _set_title(line, task)
    _set_marks(line, old, task)
    _set_priority(line, old, task)
    _set_completion(line, old, task, kept.get("completed_at"), tz)
    if todotxt_line.parse_line(str(line)) != line:
        # The text begins like a mark or a date, which it may do right behind a creation date only.
        line.created_on = line.created_on or local_day(task.created_at, tz)
        line.completed_on = line.completed_on or _completion_day(task, tz)
    return str(line)


def _set_title(line: Line, task: TaskPublic) -> None:
    title = record.restore_title(task).replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    if title != line.title:
        start, end = line.span
        line.words[start:end] = title.split(" ")


def _set_marks(line: Line, old: Line, task: TaskPublic) -> None:
    project = task.project and "_".join(task.project.split())
    _set_mark(line, "+", todotxt_line.read_project, old.project, project)
    due_on = task.due_on.isoformat() if task.due_on else None
    _set_mark(line, "due:", todotxt_line.read_due, old.due, due_on)
    for tag in old.tags.difference(task.tags):
        while f"@{tag}" in line.words:
            _drop_mark(line, line.words.index(f"@{tag}"))
    for tag in task.tags:
        if tag not in line.tags:
            _append_word(line, f"@{tag}")


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
    if PRIORITIES.get(letter, Priority.NONE) != task.priority:
        letter = LETTERS.get(task.priority, "")
    if letter == line.priority and task.completed == old.done:
        return
    for word in filter(todotxt_line.read_priority, old.words):
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
