"""Tasks to write, text to read, and the way between."""

from __future__ import annotations

import io
import operator
import uuid
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from neontodo import formats
from neontodo.columns import DAYS, INSTANTS
from neontodo.fields import Priority
from neontodo.models import Record, TaskCreate, TaskPublic, format_instant
from neontodo.tasks.state import WHEN

TZ = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
ID = uuid.UUID("a0f278d4-a62c-4621-a1f9-27e2fd5466b2")


def records(text: str | bytes, format: str, *, tz: tzinfo = TZ) -> list[Record]:
    """All records of a file with this content."""
    content = text.encode() if isinstance(text, str) else text
    return list(formats.read(io.BytesIO(content), format, tz=tz, now=NOW))


def tasks(text: str | bytes, format: str, *, tz: tzinfo = TZ) -> list[TaskCreate]:
    """The tasks of a file in which there is nothing to complain of."""
    found = records(text, format, tz=tz)
    assert [record.problem for record in found if record.problem] == []
    return [record.task for record in found if record.task]


def problem(text: str | bytes, format: str) -> str:
    """Where the only bad record of a file is, and what is wrong with it."""
    (bad,) = (record for record in records(text, format) if record.problem)
    assert bad.task is None
    return f"{bad.where}: {bad.problem}"


def text_of(written: list[TaskPublic], format: str, *, tz: tzinfo = TZ) -> str:
    """The file that these tasks make."""
    return "".join(formats.write(written, format, tz=tz))


def stored(task: TaskCreate, **changes: Any) -> TaskPublic:
    """The task as it comes out of a store that it was put into, and changed there."""
    values = {
        "id": task.id or ID,
        "number": task.number or 1,
        "title": task.title,
        "description": task.description,
        "completed": task.completed,
        "completed_at": task.completed_at,
        "priority": task.priority,
        "project": task.project,
        "tags": task.tags,
        "extra": task.extra,
        "created_at": task.created_at or NOW,
        "updated_at": task.updated_at or NOW,
        "notes": task.notes,
    }
    for name in WHEN:
        when = getattr(task, name)
        instant = when if isinstance(when, datetime) else None
        values[f"{name}_on"] = instant.date() if instant else when
        values[f"{name}_at"] = instant.astimezone(UTC) if instant else None
    return TaskPublic.model_validate({**values, **changes})


def made(**values: Any) -> TaskPublic:
    """A task that was made here."""
    return stored(TaskCreate.model_validate({"title": "Buy milk", **values}))


def again(text: str, format: str, *, tz: tzinfo = TZ, **changes: Any) -> str:
    """The file that comes out if each task of a file is stored and changed."""
    return text_of([stored(task, **changes) for task in tasks(text, format)], format, tz=tz)


_characters = st.characters(codec="utf-8", exclude_characters="\0")
_spaceless = st.characters(exclude_categories=("Cs", "Z", "Cc"), exclude_characters=",")
# A day's beginning must be one that can be stored, too.
_instants = st.datetimes(
    INSTANTS[0].replace(day=5, tzinfo=None),
    INSTANTS[1].replace(day=27, tzinfo=None),
    timezones=st.just(UTC),
)
_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_characters),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(_characters), inner),
    max_leaves=5,
)
titles = st.text(_characters, min_size=1, max_size=200).map(
    lambda text: TaskCreate(title=f"_{text[1:-1]}_").title
)
extras = st.none() | st.builds(
    operator.or_,
    st.dictionaries(
        st.sampled_from(["json", "csv", "todotxt", "taskwarrior", "due"]), _values, max_size=3
    ),
    st.just({}) | st.builds(lambda title: {"title": title}, st.text(_characters)),
)


notes = st.builds(
    lambda note_id, at, text: {"id": str(note_id), "at": format_instant(at), "text": text},
    st.uuids(),
    _instants,
    st.text(_characters, min_size=1, max_size=2000).filter(str.strip),
)


@st.composite
def public_tasks(draw: st.DrawFn, extra: st.SearchStrategy[Any] | None = None) -> TaskPublic:
    """Any task that can be in a store."""
    completed_at = draw(st.none() | _instants)
    due, start = (draw(st.none() | st.dates(*DAYS) | _instants) for _ in range(2))
    return TaskPublic(
        id=draw(st.uuids()),
        number=draw(st.integers(1, 10**9)),
        title=draw(titles),
        description=draw(st.none() | st.text(_characters, min_size=1, max_size=2000)),
        completed=completed_at is not None,
        completed_at=completed_at,
        due_on=due.date() if isinstance(due, datetime) else due,
        due_at=due if isinstance(due, datetime) else None,
        priority=draw(st.sampled_from(Priority)),
        project=draw(st.none() | titles.map(lambda text: text[:100].strip() or "_")),
        tags=tuple(draw(st.sets(st.text(_spaceless, min_size=1, max_size=100), max_size=4))),
        extra=draw(st.none() if extra is None else extra),
        created_at=draw(_instants),
        updated_at=draw(_instants),
        start_on=start.date() if isinstance(start, datetime) else start,
        start_at=start if isinstance(start, datetime) else None,
        notes=tuple(draw(st.lists(notes, max_size=3, unique_by=lambda note: note["id"]))),
    )


def whole_seconds(moment: datetime | None) -> datetime | None:
    """An instant as Taskwarrior can write it."""
    return moment and moment.replace(microsecond=0)
