"""`todotxt`: one task per line, by the rules of github.com/todotxt/todo.txt.

Read: `(A)`, `(B)`, `(C)` are high, medium and low, other letters none; the first `+project` is the
project, every `@context` a tag, `due:2026-11-20` the due day. Such words are taken off both ends of
the text to give the title; in the middle of a sentence they stay in it as well. The whole line is
kept in `extra`, so that a task that was not changed here is written as the same line, and of a
changed one only the changed parts are new.

Written: what the format has no place for is left out, namely the description, a time of day, second
projects that were never in the line, the number and the id. Line breaks in a title become spaces,
spaces in a project `_`. A title of a task made here that holds ` @word`, ` +word` or `due:…` means
to every todo.txt program what it means in the format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, tzinfo
from typing import BinaryIO

from neontodo.formats import dates, fitting, todotxt_line
from neontodo.formats.record import BadRecord, Record
from neontodo.formats.source import decoded
from neontodo.formats.todotxt_line import LETTERS, PRIORITIES, Line
from neontodo.models import Priority, TaskPublic, instant_text


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """One record per line that is not blank."""
    with decoded(stream) as text:
        for number, ended in enumerate(text, 1):
            line = ended.rstrip("\r\n")
            if line.strip():
                yield _record(f"line {number}", line, tz, now)


def _record(where: str, text: str, tz: tzinfo, now: datetime) -> Record:
    line = todotxt_line.parse(text)
    kept = {"line": text}
    values = {
        "title": line.title,
        "priority": PRIORITIES.get(line.priority, Priority.NONE),
        "project": line.project,
        "tags": tuple(line.tags),
        "due": line.due,
        "completed": line.done,
        "created_at": line.created_on and dates.midnight(line.created_on, tz),
    }
    if line.completed_on:
        values["completed_at"] = dates.midnight(line.completed_on, tz)
        # The day of this instant is another one in another time zone.
        kept["completed_at"] = instant_text(values["completed_at"])
    try:
        task = fitting.task(values, {"todotxt": kept}, now=now, names={"title": "text"})
    except BadRecord as error:
        return Record(where, problem=str(error))
    return Record(where, task, key=text)


def write(tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]:
    """One line per task; days are those in `tz`."""
    for task in tasks:
        yield f"{_line(task, tz)}\n"


def _line(task: TaskPublic, tz: tzinfo) -> str:
    kept = fitting.section(task, "todotxt").get("line")
    if isinstance(kept, str) and kept.strip() and kept.splitlines() == [kept]:
        line = todotxt_line.parse(kept)
    else:
        line = Line(False, "", None, dates.day_of(task.created_at, tz), [])
    _lay_title(line, task)
    _lay_words(line, task, tz)
    _lay_state(line, task, tz)
    if todotxt_line.parse(str(line)) != line:
        # The text begins like a date or a mark, which it cannot right behind a creation date.
        line.created_on = line.created_on or dates.day_of(task.created_at, tz)
        line.completed_on = line.completed_on or _completed_on(task, tz)
    return str(line)
