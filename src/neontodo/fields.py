"""The fields of a task, each declared once.

The log, JSON and CSV, completion, the lines of `todo edit`, filters and sort keys follow from these
declarations. What else a new field needs is in CONTRIBUTING.md, and `tests/tasks/test_fields.py`
finds most of what is missing. Nothing heavy is imported, as `--help` and completion read this, too.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID


class Priority(enum.IntEnum):
    """How much a task matters; people and JSON see the lower-case name."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        return self.name.lower()


PRIORITIES = tuple(priority.label for priority in Priority)


class Kind(enum.Enum):
    """What a field's values are, and so how they are typed, stored, filtered and shown."""

    IDENTIFIER = enum.auto()
    NUMBER = enum.auto()
    TEXT = enum.auto()
    """Prose: taken as it is typed."""
    NAME = enum.auto()
    """A short text that tasks share, as a project; `none` clears it."""
    FLAG = enum.auto()
    INSTANT = enum.auto()
    WHEN = enum.auto()
    """A floating day in the column `…_on`, and beside it the instant in `…_at` if there is one."""
    PRIORITY = enum.auto()
    TAGS = enum.auto()
    OBJECT = enum.auto()
    NOTES = enum.auto()
    """Objects with `id`, `at` and `text`, by time."""


_TYPES: dict[Kind, type] = {
    Kind.IDENTIFIER: UUID,
    Kind.NUMBER: int,
    Kind.TEXT: str,
    Kind.NAME: str,
    Kind.FLAG: bool,
    Kind.INSTANT: datetime,
    Kind.PRIORITY: Priority,
    Kind.TAGS: tuple,
    Kind.OBJECT: dict,
    Kind.NOTES: tuple,
}
_EMPTY: dict[Kind, Any] = {Kind.FLAG: False, Kind.PRIORITY: 0, Kind.TAGS: (), Kind.NOTES: ()}


@dataclass(frozen=True)
class Option:
    """How the command line spells a field; `words` are what a shell offers for it."""

    flags: tuple[str, ...]
    metavar: str
    help: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field of a task.

    Attributes:
        name: what JSON, CSV and messages call it.
        kind: what its values are.
        option: how it is set; None for what the program sets, or a command of its own.
        filter_option: how lists are narrowed to it; None if they cannot be.
        sort_key: what `--sort` calls it; None if it orders no list.
        line: what it is called in the file of `todo edit`; None if it has no line there.
        part_of: the field that messages name instead of this one.
        is_required: whether every task has it, so that it cannot be cleared.
    """

    name: str
    kind: Kind
    option: Option | None = None
    filter_option: Option | None = None
    sort_key: str | None = None
    line: str | None = None
    part_of: str | None = None
    is_required: bool = False

    @property
    def columns(self) -> dict[str, type]:
        """The columns that keep it, with the types of their values."""
        if self.kind is Kind.WHEN:
            return {f"{self.name}_on": date, f"{self.name}_at": datetime}
        return {self.name: _TYPES[self.kind]}

    @property
    def is_set(self) -> bool:
        """Whether it has members, which the log keeps as added and removed."""
        return self.kind in (Kind.TAGS, Kind.NOTES)

    @property
    def singular(self) -> str:
        """What one of its values is called."""
        return "tag" if self.kind is Kind.TAGS else self.name

    @property
    def takes_none(self) -> bool:
        """Whether `none` is typed for no value."""
        return self.kind is not Kind.TAGS and self.option is not None and not self.is_required

    @property
    def empty(self) -> Any:
        """What its columns have where the task has no such thing."""
        return _EMPTY.get(self.kind)


_TITLE = Option(("--title",), "TEXT", "A new title.")
_DESCRIPTION = Option(("--description",), "TEXT", "A longer text beside the title.")
_DUE = Option(
    ("--due", "-d"),
    "WHEN",
    'When it is due: 2026-12-24, tomorrow, fri, "fri 17:00", +3d, eom.',
    ("today", "tomorrow", "fri", "next week", "in 3 days", "+1w", "eow", "eom"),
)
_DUE_FILTER = Option(
    ("--due", "-d"),
    "WHEN",
    "Only tasks due then: today, overdue, week, none, or a date; repeat it for any of several.",
    ("today", "overdue", "week", "none", "tomorrow"),
)
_START = Option(
    ("--start",),
    "WHEN",
    "When it starts; lists leave it out until then: mon, 2026-12-24, +2w, as for --due.",
    ("tomorrow", "mon", "next week", "in 3 days", "+1w", "next month"),
)
_PRIORITY = Option(("--priority", "-p"), "LEVEL", "none, low, medium or high.", PRIORITIES)
_PRIORITY_FILTER = replace(
    _PRIORITY,
    help="Only tasks of this priority: none, low, medium, high; repeat it for any of several.",
)
_PROJECT = Option(("--project", "-P"), "NAME", "The project it belongs to; none for no project.")
_PROJECT_FILTER = replace(
    _PROJECT, help="Only tasks of this project; none for no project; repeat it for any of several."
)
_TAG = Option(("--tag", "-t"), "TAG", "A tag; repeat the option for several.")
_TAG_FILTER = replace(_TAG, help="Only tasks with this tag; repeat it for all of several.")

FIELDS = (
    Field("id", Kind.IDENTIFIER),
    Field("number", Kind.NUMBER, sort_key="number"),
    Field("title", Kind.TEXT, _TITLE, sort_key="title", line="title", is_required=True),
    Field("description", Kind.TEXT, _DESCRIPTION),
    Field("completed", Kind.FLAG, line="done"),
    Field("completed_at", Kind.INSTANT, part_of="completed", sort_key="completed"),
    Field("due", Kind.WHEN, _DUE, filter_option=_DUE_FILTER, sort_key="due", line="due"),
    Field(
        "priority",
        Kind.PRIORITY,
        _PRIORITY,
        filter_option=_PRIORITY_FILTER,
        sort_key="priority",
        line="priority",
    ),
    Field(
        "project",
        Kind.NAME,
        _PROJECT,
        filter_option=_PROJECT_FILTER,
        sort_key="project",
        line="project",
    ),
    Field("tags", Kind.TAGS, _TAG, filter_option=_TAG_FILTER, line="tags"),
    Field("extra", Kind.OBJECT),
    Field("created_at", Kind.INSTANT, sort_key="created"),
    Field("updated_at", Kind.INSTANT, sort_key="updated"),
    Field("start", Kind.WHEN, _START, sort_key="start", line="start"),
    Field("notes", Kind.NOTES),
)
"""In the order that JSON and CSV have them in; may grow, never changes a name."""

BY_NAME = {field.name: field for field in FIELDS}
LINES = {field.line: field for field in FIELDS if field.line}
"""In the file of `todo edit`, above the description."""

SORT_KEYS = {field.sort_key: field for field in FIELDS if field.sort_key}
FILTERED = tuple(BY_NAME[name] for name in ("project", "tags", "priority", "due"))
"""What lists are narrowed by, in the order that SQL tries it in and help shows it."""

FIELD_OF = {column: field for field in FIELDS for column in field.columns}
"""The field that a column keeps."""

COLUMN_TYPES = {
    column: kind for field in FIELDS for column, kind in field.columns.items() if column != "id"
}
"""What a row says of its task, but for the search column, which is made of others."""
