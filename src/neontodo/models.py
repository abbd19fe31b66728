"""Rows of the store, and the shapes of a task on its way in and out.

Every primary key but that of `users` starts with `user_id`, and so does every index: one user's
ids can neither collide with another's nor tell of them. The columns mean the same on both engines.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Annotated, Any, ClassVar, NamedTuple

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from sqlmodel import Field, SQLModel

from neontodo.columns import (
    DAYS,
    EXTRA_MAX_BYTES,
    FIRST_DAY,
    FIRST_INSTANT,
    INSTANTS,
    LAST_DAY,
    LAST_INSTANT,
    LOGGED_MAX_BYTES,
    NOTES_MAX_BYTES,
    TAGS_MAX,
    BoundedText,
    Identifier,
    Instant,
    Json,
    Notes,
    Tags,
)
from neontodo.columns import Day as DayColumn
from neontodo.fields import FIELDS, PRIORITIES, Kind, Priority

TITLE_MAX = 200
DESCRIPTION_MAX = 20_000
PROJECT_MAX = 100
TAG_MAX = 100
NOTE_MAX = 2_000
NOTES_MAX = 100
CUT = "…"
"""What a title, description or note ends with that was imported, and is whole in `extra`."""
KEY_ID_MAX = 400
VIEW_NAME_MAX = 100
VIEW_FILTER_MAX = 10_000
NUMBER_MAX = 2**53
"""The largest that every reader of JSON takes exactly."""


def _make_ordered_text() -> sa.types.TypeEngine[str]:
    """Return text that sorts by code point on both engines, whatever the database's locale."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _check(condition: str, name: str) -> sa.CheckConstraint:
    """Return a rule that Postgres keeps: an SQLite store is its user's own, and its tables stay.

    Whoever changes one does it in a migration, too.
    """
    return sa.CheckConstraint(condition, name, info={"engine": "postgresql"})


_SPACES = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
SPACES = "E'" + "".join(f"\\u{ord(char):04X}" for char in _SPACES) + "'"
"""What `str.strip` takes off, as SQL has it."""
_IN_TIME = f"BETWEEN {FIRST_INSTANT} AND {LAST_INSTANT}"


SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def order_by_when(field: str) -> tuple[str, str]:
    """Return what orders tasks by a day and its instant, those without one last.

    Spelled once: an index on an expression serves only a query that repeats it to the letter.
    """
    return f"coalesce({field}_on, '9999-12-31')", f"coalesce({field}_at, '9999-12-31 00:00:00+00')"


class User(SQLModel, table=True):
    """A person, and the counters that every write of theirs takes its numbers from."""

    __tablename__ = "users"
    __table_args__: ClassVar[Any] = (
        _check("length(id) BETWEEN 1 AND 512", "id"),
        _check("length(email) <= 320 AND length(name) <= 320", "names"),
        _check(f"last_number BETWEEN 0 AND {NUMBER_MAX}", "last_number"),
        _check(f"last_seq BETWEEN 0 AND {NUMBER_MAX}", "last_seq"),
    )

    id: str = Field(sa_type=sa.Text, primary_key=True)
    email: str | None = Field(default=None, sa_type=sa.Text)
    name: str | None = Field(default=None, sa_type=sa.Text)
    last_number: int = Field(default=0, sa_type=sa.BigInteger)
    last_seq: int = Field(default=0, sa_type=sa.BigInteger)
    channel: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)


class Key(SQLModel, table=True):
    """The public half of an Ed25519 key that may sign this user's tokens."""

    __tablename__ = "keys"
    __table_args__: ClassVar[Any] = (
        _check("length(id) BETWEEN 1 AND 255", "id"),
        _check("length(public_key) <= 255 AND length(label) <= 400", "texts"),
    )

    user_id: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="users.id")
    id: str = Field(sa_type=sa.Text, primary_key=True)
    public_key: str = Field(sa_type=sa.Text)
    label: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


def _refuse_nul(text: str) -> str:
    # Pydantic itself refuses what is not valid UTF-8.
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


def _strip(text: Any) -> Any:
    # Pydantic's own idea of white space lacks four control characters.
    return text.strip() if isinstance(text, str) else text


_SURROGATE = re.compile("[\ud800-\udfff]")


def _check_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    unique = set(tags)
    for tag in unique:
        _refuse_nul(tag)
        # Pydantic looks only at texts that have limits of their own.
        if _SURROGATE.search(tag):
            raise ValueError("a tag is not valid UTF-8")
        if not tag or len(tag) > TAG_MAX:
            raise ValueError(f"a tag has 1 to {TAG_MAX} characters")
        if "," in tag or tag.split() != [tag]:
            raise ValueError(f"tag {tag!r} holds a space or a comma")
    if not has_room_for_tags(unique):
        raise ValueError(TOO_MANY_TAGS)
    return tuple(sorted(unique))


TOO_MANY_TAGS = f"all tags together have more than {TAGS_MAX:,} characters"


def has_room_for_tags(tags: Collection[str]) -> bool:
    """Return whether a task has room for so many tags."""
    return sum(map(len, tags)) + len(tags) < TAGS_MAX


def _check_extra(extra: dict[str, Any]) -> dict[str, Any] | None:
    """Return a task's extra, None if it is empty; raise ValueError for a part of another shape."""
    for field in ("title", "description"):
        if not isinstance(extra.get(field, ""), str):
            raise ValueError(f"extra: `{field}` must be text")
    # Notes were kept there once, and Postgres still checks them.
    notes = extra.get("annotations", [])
    if not isinstance(notes, list) or not all(map(_is_annotation, notes)):
        raise ValueError("annotations: must be a list of objects with `entry` and `description`")
    return extra or None


def _is_annotation(note: Any) -> bool:
    return (
        isinstance(note, dict)
        and isinstance(note.get("description"), str)
        and isinstance(note.get("entry", ""), str)
    )


Note = dict[str, str]
"""A note as JSON, the log and the column have it: `id`, `at` and `text`."""

_NOTE_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOTE_TIME = re.compile(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d{6})?Z", re.ASCII)


def explain_bad_note(note: Any, longest: int = NOTE_MAX) -> str | None:
    """Return why a value is no note as this program writes it."""
    if not isinstance(note, dict) or note.keys() != {"id", "at", "text"}:
        return "a note has `id`, `at` and `text`"
    if not all(isinstance(value, str) for value in note.values()):
        return "the parts of a note are text"
    if not _NOTE_ID.fullmatch(note["id"]):
        return "the `id` of a note is a UUID"
    if not (_NOTE_TIME.fullmatch(note["at"]) and _is_in_time(note["at"])):
        return "the `at` of a note is an instant"
    return explain_bad_note_text(note["text"], longest)


def explain_bad_note_text(text: str, longest: int = NOTE_MAX) -> str | None:
    """Return why a text cannot be a note's."""
    if not 1 <= len(text) <= longest:
        return f"a note has 1 to {NOTE_MAX:,} characters"
    if "\0" in text:
        return "a note holds a NUL character"
    return "a note is not valid UTF-8" if _SURROGATE.search(text) else None


def _is_in_time(text: str) -> bool:
    try:
        return INSTANTS[0] <= datetime.fromisoformat(text) <= INSTANTS[1]
    except ValueError:
        return False


TOO_MANY_NOTES = f"a task has at most {NOTES_MAX} notes"


def explain_too_many_notes(notes: Collection[Note]) -> str | None:
    """Return why a task has no room for so many notes."""
    if len(notes) > NOTES_MAX:
        return TOO_MANY_NOTES
    # As JSON with a space after each comma and colon, which is how updates are sent.
    if len(json.dumps(list(notes), ensure_ascii=False).encode()) > NOTES_MAX_BYTES:
        return f"all notes together have more than {NOTES_MAX_BYTES:,} bytes"
    return None


def sort_notes(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return notes by their times, each id once."""
    by_id = {note["id"]: note for note in notes}
    return tuple(sorted(by_id.values(), key=lambda note: (note["at"].rstrip("Z"), note["id"])))


def _check_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    if not notes:
        return notes
    if problem := next(filter(None, map(explain_bad_note, notes)), None):
        raise ValueError(problem)
    if len(notes) > NOTES_MAX:
        raise ValueError(TOO_MANY_NOTES)
    return sort_notes(notes)


def _check_room_for_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    if problem := explain_too_many_notes(notes):
        raise ValueError(problem)
    return notes


def make_note(task_id: uuid.UUID, at: datetime, text: str) -> Note:
    """Return a note whose id tells the same note of a task wherever it comes from."""
    moment = format_instant(at)
    # What is no valid UTF-8 is refused later.
    name = f"{moment} {text}".encode(errors="replace").decode()
    return {"id": str(uuid.uuid5(task_id, name)), "at": moment, "text": text}


def add_notes(
    task_id: uuid.UUID, notes: tuple[Note, ...], texts: Iterable[str], at: datetime
) -> tuple[Note, ...]:
    """Return a task's notes with new ones of a moment, in whole seconds as Taskwarrior has them.

    They stay in order because no two are of the same second.
    """
    taken = {note["at"] for note in notes}
    at = at.replace(microsecond=0)
    for text in texts:
        while format_instant(at) in taken:
            at += timedelta(seconds=1)
        notes = (*notes, make_note(task_id, at, text))
        taken.add(notes[-1]["at"])
    return sort_notes(notes)


Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TITLE_MAX),
    AfterValidator(_refuse_nul),
    BeforeValidator(_strip),
]
Description = Annotated[
    str, StringConstraints(max_length=DESCRIPTION_MAX), AfterValidator(_refuse_nul)
]
Project = Annotated[
    str,
    StringConstraints(min_length=1, max_length=PROJECT_MAX),
    AfterValidator(_refuse_nul),
    BeforeValidator(_strip),
]
TagSet = Annotated[tuple[str, ...], AfterValidator(_check_tags)]
NoteSet = Annotated[tuple[Note, ...], AfterValidator(_check_notes)]
Extra = Annotated[dict[str, Any], AfterValidator(_check_extra)]
Number = Annotated[int, Field(ge=1, le=NUMBER_MAX)]
Day = Annotated[date, Field(ge=DAYS[0], le=DAYS[1])]
Moment = Annotated[datetime, Field(ge=INSTANTS[0], le=INSTANTS[1])]
When = Day | Moment
"""A floating day, or an aware instant (never a naive datetime)."""


def cut_text(text: str, limit: int) -> str:
    """Return as much of a text as the limit allows, with `…` instead of the rest."""
    return text if len(text) <= limit else f"{text[: limit - 1]}{CUT}"


def read_whole_title(title: str, extra: dict[str, Any] | None) -> str:
    """Return what a title was cut from, if `extra` has that, or the title itself."""
    whole = extra.get("title") if extra else None
    is_whole = isinstance(whole, str) and cut_text(whole.strip(), TITLE_MAX) == title
    return str(whole) if is_whole else title


def list_whole_notes(notes: tuple[Note, ...], extra: dict[str, Any] | None) -> tuple[Note, ...]:
    """Return the notes with those that `extra` has: cut ones whole, and those beyond the limit."""
    kept = extra.get("notes") if extra else None
    if not isinstance(kept, list):
        return notes
    return sort_notes([*notes, *(note for note in kept if not explain_bad_note(note, 10**9))])


class TaskBase(SQLModel):
    """What a task's owner says of it."""

    title: str = Field(sa_type=_make_ordered_text())
    description: str | None = Field(default=None, sa_type=sa.Text)
    completed: bool = False
    completed_at: datetime | None = Field(default=None, sa_type=Instant)
    due_on: date | None = Field(default=None, sa_type=DayColumn)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    priority: int = Field(default=Priority.NONE, sa_type=sa.SmallInteger)
    project: str | None = Field(default=None, sa_type=BoundedText(PROJECT_MAX))
    tags: tuple[str, ...] = Field(default=(), sa_type=Tags)
    extra: dict[str, Any] | None = Field(default=None, sa_type=Json(EXTRA_MAX_BYTES))
    created_at: datetime = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)


class Task(TaskBase, table=True):
    """A task; `number` is its short name for people, `id` the one for machines."""

    __tablename__ = "tasks"
    __table_args__: ClassVar[Any] = (
        sa.UniqueConstraint("user_id", "number"),
        sa.CheckConstraint("number > 0", "number"),
        sa.CheckConstraint(f"length(title) BETWEEN 1 AND {TITLE_MAX}", "title"),
        sa.CheckConstraint(f"length(description) <= {DESCRIPTION_MAX}", "description"),
        sa.CheckConstraint("priority BETWEEN 0 AND 3", "priority"),
        sa.CheckConstraint("completed = (completed_at IS NOT NULL)", "completed"),
        sa.CheckConstraint("due_at IS NULL OR due_on IS NOT NULL", "due"),
        _check(f"number <= {NUMBER_MAX}", "number_max"),
        # The common case first, without the functions that look at every character.
        _check(
            "ascii(title) BETWEEN 33 AND 126 AND ascii(right(title, 1)) BETWEEN 33 AND 126"
            f" OR title = btrim(title, {SPACES})",
            "title_stripped",
        ),
        _check("description <> ''", "description_empty"),
        _check(
            f"octet_length(project) <= {PROJECT_MAX} AND ascii(project) BETWEEN 33 AND 126"
            " AND ascii(right(project, 1)) BETWEEN 33 AND 126"
            f" OR length(project) BETWEEN 1 AND {PROJECT_MAX}"
            f" AND project = btrim(project, {SPACES})",
            "project",
        ),
        # A tsvector is a sorted set.
        _check(
            f"tags = '' OR CASE WHEN octet_length(tags) <= {TAG_MAX + 2}"
            " AND tags ~ '^( [-!-+.-~]+)+ $'"
            " THEN tsvector_to_array(array_to_tsvector(string_to_array(btrim(tags, ' '), ' ')))"
            " = string_to_array(btrim(tags, ' '), ' ') ELSE todo_is_tag_set(tags) END",
            "tags",
        ),
        # Folding makes 33 bytes of 3, and puts a space between a word and a sign.
        _check(
            "octet_length(search_text) <= 20 + 20 * (CAST(octet_length(title) AS bigint)"
            " + coalesce(octet_length(description), 0) + coalesce(octet_length(project), 0)"
            " + octet_length(tags) + coalesce(octet_length(CAST(extra AS text)), 0)"
            " + coalesce(octet_length(CAST(notes AS text)), 0))",
            "search_text",
        ),
        _check("todo_is_extra(extra)", "extra"),
        _check(
            f"due_on BETWEEN {FIRST_DAY} AND {LAST_DAY}"
            # Of infinite days there is no difference.
            f" AND CASE WHEN due_at {_IN_TIME}"
            " THEN abs(due_on - CAST(timezone('UTC', due_at) AS date)) <= 1 ELSE true END",
            "due_on",
        ),
        _check(
            f"due_at {_IN_TIME} AND (completed_at IS NULL OR completed_at {_IN_TIME})"
            f" AND created_at {_IN_TIME} AND updated_at {_IN_TIME}"
            f" AND (start_at IS NULL OR start_at {_IN_TIME})"
            f" AND (claimed_until IS NULL OR claimed_until {_IN_TIME})",
            "instants",
        ),
        sa.CheckConstraint("start_at IS NULL OR start_on IS NOT NULL", "start"),
        sa.CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", "claimed"),
        _check(
            f"start_on BETWEEN {FIRST_DAY} AND {LAST_DAY}"
            f" AND CASE WHEN start_at {_IN_TIME}"
            " THEN abs(start_on - CAST(timezone('UTC', start_at) AS date)) <= 1 ELSE true END",
            "start_on",
        ),
        _check(f"seq BETWEEN 0 AND {NUMBER_MAX}", "seq"),
        _check("todo_is_notes(notes)", "notes"),
        _check("todo_is_object(repeat, 4096, 10)", "repeat"),
        _check(f"length(claimed_by) BETWEEN 1 AND {KEY_ID_MAX}", "claimed_by"),
        _check(f"todo_is_object(conflicts, {NOTES_MAX_BYTES}, 50)", "conflicts"),
        # Migration 0003 has more columns: of the first, and on Postgres `completed` of the second.
        sa.Index(
            "ix_tasks_order",
            "user_id",
            "completed",
            *map(sa.text, order_by_when("due")),
            sa.text("priority DESC"),
            "number",
        ),
        sa.Index(
            "ix_tasks_done",
            "user_id",
            sa.text("coalesce(completed_at, '9999-12-31 00:00:00+00') DESC"),
            "number",
            sqlite_where=sa.text("completed = 1"),
        ),
        sa.Index(
            "ix_tasks_project",
            "user_id",
            "project",
            "completed",
            sqlite_where=sa.text("project IS NOT NULL"),
        ),
    )

    user_id: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="users.id")
    id: uuid.UUID = Field(sa_type=Identifier, primary_key=True)
    number: int = Field(sa_type=sa.BigInteger)
    search_text: str = Field(sa_type=_make_ordered_text())
    seq: int | None = Field(default=None, sa_type=sa.BigInteger)
    start_on: date | None = Field(default=None, sa_type=DayColumn)
    start_at: datetime | None = Field(default=None, sa_type=Instant)
    notes: tuple[Note, ...] = Field(default=(), sa_type=Notes(NOTES_MAX_BYTES), nullable=True)
    repeat: dict[str, Any] | None = Field(default=None, sa_type=Json(4096))
    series_id: uuid.UUID | None = Field(default=None, sa_type=Identifier)
    claimed_by: str | None = Field(default=None, sa_type=BoundedText(KEY_ID_MAX, collation=None))
    claimed_until: datetime | None = Field(default=None, sa_type=Instant)
    conflicts: dict[str, Any] | None = Field(default=None, sa_type=Json(NOTES_MAX_BYTES))


class Dependency(SQLModel, table=True):
    """One task that another one needs; a needed task that is gone counts as done."""

    __tablename__ = "dependencies"
    __table_args__: ClassVar[Any] = (
        sa.ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.CheckConstraint("task_id <> needs_id", "other"),
        sa.Index("ix_dependencies_needs", "user_id", "needs_id", "task_id"),
    )

    user_id: str = Field(sa_type=sa.Text, primary_key=True)
    task_id: uuid.UUID = Field(sa_type=Identifier, primary_key=True)
    needs_id: uuid.UUID = Field(sa_type=Identifier, primary_key=True)


class View(SQLModel, table=True):
    """A filter that is saved by name, and the order to show its tasks in."""

    __tablename__ = "views"
    __table_args__: ClassVar[Any] = (
        sa.CheckConstraint(f"length(name) BETWEEN 1 AND {VIEW_NAME_MAX}", "name"),
        sa.CheckConstraint(f"length(filter) <= {VIEW_FILTER_MAX}", "filter"),
        sa.CheckConstraint("length(sort) <= 1000", "sort"),
    )

    user_id: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="users.id")
    name: str = Field(sa_type=_make_ordered_text(), primary_key=True)
    filter: str = Field(sa_type=sa.Text)
    sort: str | None = Field(default=None, sa_type=sa.Text)


_FIRST_OF_COMMAND: dict[str, Any] = dict.fromkeys(
    ("sqlite_where", "postgresql_where"), sa.text("position = 0")
)


class Change(SQLModel, table=True):
    """One task created, updated or deleted: what was before, what came after, by which command.

    `seq` is gapless per user and in commit order. `command_id` is made by the client once per
    command, and `position` counts the command's changes from 0: together they name the change.
    `before` and `after` hold changed fields only; `tags` as `{"added": […], "removed": […]}`, and
    so do `notes`, removed ones by their ids.
    There is no foreign key to tasks: the log outlives the task.
    """

    __tablename__ = "changes"
    __table_args__: ClassVar[Any] = (
        sa.CheckConstraint("kind IN ('create', 'update', 'delete')", "kind"),
        _check(f"seq BETWEEN 1 AND {NUMBER_MAX}", "seq"),
        _check("position >= 0", "position"),
        _check(f"length(key_id) <= {KEY_ID_MAX}", "key_id"),
        _check("todo_is_logged(before) AND todo_is_logged(after)", "states"),
        _check(f"at {_IN_TIME}", "at"),
        sa.Index("uq_changes_command", "user_id", "command_id", unique=True, **_FIRST_OF_COMMAND),
        sa.Index("ix_changes_commands", "user_id", "seq", **_FIRST_OF_COMMAND),
        sa.Index("ix_changes_task", "user_id", "task_id", "seq"),
    )

    user_id: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="users.id")
    seq: int = Field(sa_type=sa.BigInteger, primary_key=True)
    command_id: uuid.UUID = Field(sa_type=Identifier)
    position: int
    key_id: str = Field(sa_type=BoundedText(KEY_ID_MAX, collation=None))
    task_id: uuid.UUID = Field(sa_type=Identifier)
    kind: str = Field(sa_type=sa.Text)
    before: dict[str, Any] | None = Field(default=None, sa_type=Json(LOGGED_MAX_BYTES))
    after: dict[str, Any] | None = Field(default=None, sa_type=Json(LOGGED_MAX_BYTES))
    reverts: uuid.UUID | None = Field(default=None, sa_type=Identifier)
    at: datetime = Field(sa_type=Instant)


HISTORY: dict[type[SQLModel], tuple[str, ...]] = {
    Task: ("number",),
    Dependency: ("task_id", "needs_id"),
    Change: ("seq",),
    View: ("name",),
}
"""The tables with what a user has, as they can be filled one after the other, and their orders."""


class Member(SQLModel, table=True):
    """Which login role of a shared Postgres database is which user; only its owner may read it.

    `key_id` is the key that went to the role's machine. An invitation that was not accepted maps
    nobody; one from before invitations expired has no `expires_at`, and counts as accepted. A row
    with `removed_at` maps nobody any more; it stays until the role itself is dropped.
    """

    __tablename__ = "members"
    __table_args__: ClassVar[Any] = {"info": {"engine": "postgresql"}}

    role: str = Field(sa_type=sa.Text, primary_key=True)
    user_id: str = Field(sa_type=sa.Text, foreign_key="users.id")
    key_id: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Instant)
    removed_at: datetime | None = Field(default=None, sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    joined_at: datetime | None = Field(default=None, sa_type=Instant)


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskCreate(_Checked):
    """A new task; the fields from `id` to `extra` are for imported ones and left out by people."""

    title: Title
    description: Description | None = None
    due: When | None = None
    start: When | None = None
    priority: Priority = Priority.NONE
    project: Project | None = None
    tags: TagSet = ()
    id: uuid.UUID | None = None
    number: Number | None = None
    completed: bool = False
    completed_at: Moment | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    extra: Extra | None = None
    notes: Annotated[NoteSet, AfterValidator(_check_room_for_notes)] = ()


class TaskUpdate(_Checked):
    """Fields to change; only those in `model_fields_set` are, and None clears."""

    title: Title | None = None
    description: Description | None = None
    due: When | None = None
    start: When | None = None
    priority: Priority | None = None
    project: Project | None = None
    tags: TagSet | None = None
    completed: bool | None = None
    extra: Extra | None = None


class Record(NamedTuple):
    """A record of a file: exactly one of `task`, `problem` and `skipped` is set.

    `where` names the place for a person (`line 7`, `record 3, line 12`). `key` is the stable
    source text of a task without an id, from which the importer derives one; else empty.
    `hides_others` says of a problem that further records may be lost with this one. The names in
    `not_understood` are those that the file has and the task keeps in `extra`.
    `fields` names those that the source has, be they empty, besides the task's own that are set.
    `schedule` is `repeating` for a pending task that is so in its source. `deleted` tells of a
    skipped one which task it was, and when it was deleted.
    """

    where: str
    task: TaskCreate | None = None
    problem: str | None = None
    skipped: str | None = None
    key: str = ""
    hides_others: bool = False
    not_understood: tuple[str, ...] = ()
    fields: Collection[str] = ()
    schedule: str | None = None
    deleted: tuple[uuid.UUID, datetime] | None = None


# Cheaper than a function of Python for each value.
_NOT_BLANK = r"^[^\x00]*[^\s\x1c-\x1f\x00][^\x00]*$"
_WITHOUT_NUL = r"^[^\x00]*$"
_TAG = r"^[^\s\x1c-\x1f\x00,]+$"


def format_instant(moment: datetime) -> str:
    """Return an instant as JSON has it: UTC with `Z`, a fraction only if there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


LOGGED: dict[type, Callable[[Any], Any]] = {
    datetime: format_instant,
    date: date.isoformat,
    tuple: list,
}
"""What makes of a column's value the one that the log and JSON have, by the type."""


def to_json_value(value: Any) -> Any:
    """Return the value of a column as the log and JSON have it."""
    convert = LOGGED.get(type(value))
    return value if convert is None else convert(value)


_CONVERTERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.IDENTIFIER: str,
    Kind.INSTANT: format_instant,
    Kind.WHEN: to_json_value,
    Kind.PRIORITY: PRIORITIES.__getitem__,
    Kind.TAGS: list,
    Kind.NOTES: list,
}
_JSON = tuple((field.name, _CONVERTERS.get(field.kind)) for field in FIELDS)
_read_fields = attrgetter(*(name for name, _ in _JSON))


class TaskPublic(BaseModel):
    """A task as it leaves a session: a frozen snapshot, without its owner.

    Nothing else is a task: what an import would refuse is refused here.
    """

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    number: Number
    title: Annotated[str, StringConstraints(max_length=TITLE_MAX, pattern=_NOT_BLANK)]
    description: (
        Annotated[str, StringConstraints(max_length=DESCRIPTION_MAX, pattern=_WITHOUT_NUL)] | None
    )
    completed: bool
    completed_at: datetime | None
    due_on: date | None
    due_at: datetime | None
    priority: Priority
    project: Annotated[str, StringConstraints(max_length=PROJECT_MAX, pattern=_NOT_BLANK)] | None
    tags: tuple[Annotated[str, StringConstraints(max_length=TAG_MAX, pattern=_TAG)], ...]
    extra: Extra | None
    created_at: datetime
    updated_at: datetime
    start_on: date | None
    start_at: datetime | None
    notes: NoteSet

    @property
    def due(self) -> When | None:
        """The instant if a time of day was given, else the floating day."""
        return self.due_at or self.due_on

    @property
    def start(self) -> When | None:
        """Until when it waits: an instant, or the day that it is there on again."""
        return self.start_at or self.start_on

    @property
    def whole_title(self) -> str:
        """The title, as it was before it was cut if `extra` has that."""
        return read_whole_title(self.title, self.extra)

    def list_whole_notes(self) -> tuple[Note, ...]:
        """Return all notes by their times, as they were before they were cut."""
        return list_whole_notes(self.notes, self.extra)

    def to_json(self) -> dict[str, Any]:
        """Return the documented fields in their documented order."""
        return {
            name: value if convert is None or value is None else convert(value)
            for (name, convert), value in zip(_JSON, _read_fields(self), strict=True)
        }
