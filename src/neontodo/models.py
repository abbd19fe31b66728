"""Rows of the store, and the shapes of a task on its way in and out.

Every primary key but that of `users` starts with `user_id`, and so does every index: one user's
ids can neither collide with another's nor tell of them. The columns mean the same on both engines.
"""

from __future__ import annotations

import enum
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

TITLE_MAX = 200
DESCRIPTION_MAX = 2000
PROJECT_MAX = 100
TAG_MAX = 100
EXTRA_MAX_BYTES = 16 * 1024
NUMBER_MAX = 2**53
"""The largest that every reader of JSON takes exactly."""


class Priority(enum.IntEnum):
    """How much a task matters; people and JSON see the lower-case name."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Instant(sa.types.TypeDecorator[datetime]):
    """An instant in UTC: timestamptz on Postgres, ISO text on SQLite; always aware in Python."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        # SQLAlchemy's own text format is the same, at three times the cost.
        kind = sa.Text() if dialect.name == "sqlite" else self.impl
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).isoformat(" ", "microseconds")[: -len("+00:00")]

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]
        return datetime.fromisoformat(value).replace(tzinfo=UTC)


class Tags(sa.types.TypeDecorator[tuple[str, ...]]):
    """A sorted set of tags in one text, each between two spaces: ` home urgent `."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        # A plain string is a search pattern that stands for itself.
        if value is None or isinstance(value, str):
            return value
        return f" {' '.join(value)} " if value else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple(value.split()) if value else ()


def _ordered_text() -> sa.types.TypeEngine[str]:
    """Text that sorts by code point on both engines, whatever the database's locale."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Spelled once: an index on an expression serves only a query that repeats it to the letter.
DUE_DAY_ORDER = "coalesce(due_on, '9999-12-31')"
DUE_TIME_ORDER = "coalesce(due_at, '9999-12-31 00:00:00+00')"


class User(SQLModel, table=True):
    """A person, and the counters that every write of theirs takes its numbers from."""

    __tablename__ = "users"

    id: str = Field(sa_type=sa.Text, primary_key=True)
    email: str | None = Field(default=None, sa_type=sa.Text)
    name: str | None = Field(default=None, sa_type=sa.Text)
    last_number: int = Field(default=0, sa_type=sa.BigInteger)
    last_seq: int = Field(default=0, sa_type=sa.BigInteger)
    created_at: datetime = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)


class Key(SQLModel, table=True):
    """The public half of an Ed25519 key that may sign this user's tokens."""

    __tablename__ = "keys"

    user_id: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="users.id")
    id: str = Field(sa_type=sa.Text, primary_key=True)
    public_key: str = Field(sa_type=sa.Text)
    label: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


def _storable(text: str) -> str:
    """The text, if both engines can keep it; raises ValueError with the reason."""
    if "\0" in text:
        raise ValueError("holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid UTF-8") from None
    return text


def _tag_set(tags: Any) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise ValueError("must be a list")
    unique = {_storable(tag) for tag in tags}
    for tag in unique:
        if not tag or len(tag) > TAG_MAX:
            raise ValueError(f"a tag has 1 to {TAG_MAX} characters")
        if "," in tag or tag.split() != [tag]:
            raise ValueError(f"tag {tag!r} holds a space or a comma")
    return tuple(sorted(unique))


Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX),
    AfterValidator(_storable),
]
Description = Annotated[
    str, StringConstraints(max_length=DESCRIPTION_MAX), AfterValidator(_storable)
]
Project = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=PROJECT_MAX),
    AfterValidator(_storable),
]
TagSet = Annotated[tuple[str, ...], AfterValidator(_tag_set)]
Due = date | datetime
"""A floating day, or an aware instant (never a naive datetime)."""


class TaskBase(SQLModel):
    """What a task's owner says of it."""

    title: str = Field(sa_type=_ordered_text())
    description: str | None = Field(default=None, sa_type=sa.Text)
    completed: bool = False
    completed_at: datetime | None = Field(default=None, sa_type=Instant)
    due_on: date | None = Field(default=None, sa_type=sa.Date)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    priority: int = Field(default=Priority.NONE, sa_type=sa.SmallInteger)
    project: str | None = Field(default=None, sa_type=_ordered_text())
    tags: tuple[str, ...] = Field(default=(), sa_type=Tags)
    extra: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
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
        sa.Index(
            "ix_tasks_order",
            "user_id",
            "completed",
            sa.text(DUE_DAY_ORDER),
            sa.text(DUE_TIME_ORDER),
            sa.text("priority DESC"),
            "number",
        ),
    )

    user_id: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="users.id")
    id: uuid.UUID = Field(primary_key=True)
    number: int = Field(sa_type=sa.BigInteger)
    search_text: str = Field(sa_type=_ordered_text())


class Change(SQLModel, table=True):
    """One task created, updated or deleted: what was before, what came after, by which command.

    `seq` is gapless per user and in commit order. `command_id` is made by the client once per
    command, and `position` counts the command's changes from 0: together they name the change.
    `before` and `after` hold changed fields only; `tags` as `{"added": […], "removed": […]}`.
    There is no foreign key to tasks: the log outlives the task.
    """

    __tablename__ = "changes"
    __table_args__: ClassVar[Any] = (
        sa.CheckConstraint("kind IN ('create', 'update', 'delete')", "kind"),
        sa.Index(
            "uq_changes_command",
            "user_id",
            "command_id",
            unique=True,
            sqlite_where=sa.text("position = 0"),
            postgresql_where=sa.text("position = 0"),
        ),
        sa.Index(
            "ix_changes_commands",
            "user_id",
            "seq",
            sqlite_where=sa.text("position = 0"),
            postgresql_where=sa.text("position = 0"),
        ),
        sa.Index("ix_changes_task", "user_id", "task_id", "seq"),
    )

    user_id: str = Field(sa_type=sa.Text, primary_key=True, foreign_key="users.id")
    seq: int = Field(sa_type=sa.BigInteger, primary_key=True)
    command_id: uuid.UUID
    position: int
    key_id: str = Field(sa_type=sa.Text)
    task_id: uuid.UUID
    kind: str = Field(sa_type=sa.Text)
    before: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    after: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    reverts: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


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
    """A new task; the fields from `id` on are for imported ones and left out by people."""

    title: Title
    description: Description | None = None
    due: Due | None = None
    priority: Priority = Priority.NONE
    project: Project | None = None
    tags: TagSet = ()
    id: uuid.UUID | None = None
    number: Annotated[int, Field(ge=1, le=NUMBER_MAX)] | None = None
    completed: bool = False
    completed_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] | None = None


class TaskUpdate(_Checked):
    """Fields to change; only those in `model_fields_set` are, and None clears."""

    title: Title | None = None
    description: Description | None = None
    due: Due | None = None
    priority: Priority | None = None
    project: Project | None = None
    tags: TagSet | None = None
    completed: bool | None = None


def instant_text(moment: datetime) -> str:
    """An instant as JSON has it: UTC with `Z`, a fraction only if there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class TaskPublic(BaseModel):
    """A task as it leaves a session: a frozen snapshot, without its owner."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    number: int
    title: str
    description: str | None
    completed: bool
    completed_at: datetime | None
    due_on: date | None
    due_at: datetime | None
    priority: Priority
    project: str | None
    tags: tuple[str, ...]
    extra: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime

    @property
    def due(self) -> Due | None:
        """The instant if a time of day was given, else the floating day."""
        return self.due_at or self.due_on

    def to_json(self) -> dict[str, Any]:
        """The documented fields in their documented order; may grow, never changes a name."""
        due = self.due
        return {
            "id": str(self.id),
            "number": self.number,
            "title": self.title,
            "description": self.description,
            "completed": self.completed,
            "completed_at": self.completed_at and instant_text(self.completed_at),
            "due": instant_text(due) if isinstance(due, datetime) else due and due.isoformat(),
            "priority": self.priority.label,
            "project": self.project,
            "tags": list(self.tags),
            "extra": self.extra,
            "created_at": instant_text(self.created_at),
            "updated_at": instant_text(self.updated_at),
        }
