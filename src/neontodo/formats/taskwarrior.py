"""`taskwarrior`: the JSON of `task export` and `task import`.

Read are a JSON array, one object per line, and objects with commas between. `waiting` and
`recurring` tasks are pending here; deleted ones are skipped. A `due` at the beginning of a day in
`tz` is that day, and so is `wait`, or without it `scheduled`, which is the start. The attribute
`notes` is the description, which Taskwarrior has not, and `annotations` are the notes. Everything
that the model has no field for is kept and written again, with changed fields laid over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from itertools import pairwise
from typing import Any, BinaryIO
from uuid import UUID

from neontodo.columns import DAYS, INSTANTS
from neontodo.fields import Priority
from neontodo.formats import dates, record
from neontodo.formats.json_array import read_objects, write_array
from neontodo.formats.record import BadRecord
from neontodo.models import Note, Record, TaskCreate, TaskPublic

_NAMES = {
    "id": "uuid",
    "title": "description",
    "description": "notes",
    "created_at": "entry",
    "updated_at": "modified",
    "completed_at": "end",
    "start": "wait",
    "notes": "annotations",
}
_LETTERS = {Priority.HIGH: "H", Priority.MEDIUM: "M", Priority.LOW: "L"}
_PRIORITIES = {letter: priority for priority, letter in _LETTERS.items()}
_STATUSES = ("pending", "waiting", "recurring", "completed")
_STARTS = ("wait", "scheduled")
"""What says when a task starts, the more telling one first."""
_UNDERSTOOD = {"id", "urgency", "status", "tags", "end", "mask", "imask", "parent", "recur"}
"""What is kept for Taskwarrior, and would not change the task here, or is counted."""
_LAST = ("annotations", "depends", "urgency")
_FIELDS = (
    *("title", "completed", "due", "start", "priority", "project", "tags", "notes", "taskwarrior"),
)
"""What every record has of a task and its `extra`: an attribute that is not there is empty."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """Yield one record per object."""
    return read_objects(stream, lambda where, raw: _read_object(where, raw, tz, now))


def _read_object(where: str, raw: Any, tz: tzinfo, now: datetime) -> Record:
    if not isinstance(raw, dict):
        return Record(where, problem="must be an object")
    if raw.get("status") == "deleted":
        return Record(where, skipped="deleted", deleted=_read_deletion(raw, tz))
    try:
        task = _read_task(raw, tz, now)
    except BadRecord as error:
        return Record(where, problem=str(error))
    rest = (task.extra or {}).get("taskwarrior", {})
    name, start = _find_start(rest, tz)
    understood = _UNDERSTOOD if start is None else {*_UNDERSTOOD, name}
    odd = {name: value for name, value in rest.items() if name not in understood}
    return Record(
        where,
        task,
        key="" if task.id else json.dumps(raw, sort_keys=True),
        not_understood=record.list_names(odd),
        fields=_FIELDS,
        schedule=None if task.completed else _read_schedule(raw),
    )


def _read_deletion(raw: dict[str, Any], tz: tzinfo) -> tuple[UUID, datetime] | None:
    """Return which task was deleted, and when; None if the record does not tell."""
    try:
        task_id = UUID(raw.get("uuid"))
        when = _pop_instant(raw, "modified", tz) or _pop_instant(raw, "end", tz)
    except (BadRecord, AttributeError, TypeError, ValueError):
        return None
    return (task_id, when) if when else None


def _read_schedule(raw: dict[str, Any]) -> str | None:
    """Return whether a pending task repeats."""
    if raw.get("status") == "recurring" or (raw.get("recur") and not raw.get("parent")):
        return "repeating"
    return None


def _read_task(raw: dict[str, Any], tz: tzinfo, now: datetime) -> TaskCreate:
    rest = {name: value for name, value in raw.items() if value is not None}
    extra: dict[str, Any] = {}
    values: dict[str, Any] = {
        "id": rest.pop("uuid", None),
        "title": rest.pop("description", None),
        "project": rest.pop("project", None),
        "completed": _pop_completed(rest),
        "created_at": _pop_instant(rest, "entry", tz),
        "updated_at": _pop_instant(rest, "modified", tz),
        "tags": _pop_tags(rest),
    }
    if values["completed"]:
        values["completed_at"] = _pop_instant(rest, "end", tz)
    if str(rest.get("priority")) in _PRIORITIES:
        values["priority"] = _PRIORITIES[rest.pop("priority")]
    if isinstance(rest.get("notes"), str):
        values["description"] = rest.pop("notes")
    if "due" in rest:
        values["due"] = _read_due(rest.pop("due"), tz, extra)
    if (start := _find_start(rest, tz)[1]) is not None:
        values["start"] = _keep_day("start", start, tz, extra)
    if "annotations" in rest:
        extra["annotations"] = rest.pop("annotations")
    if rest:
        extra["taskwarrior"] = rest
    return record.build_task(values, extra, now=now, names=_NAMES)


def _pop_completed(rest: dict[str, Any]) -> bool:
    status = rest.get("status", "pending")
    if status in _STATUSES[1:3]:
        return False
    try:
        is_completed = record.parse_flag(status)
    except ValueError:
        raise BadRecord(f"status: must be {', '.join(_STATUSES)} or deleted") from None
    rest.pop("status", None)
    return is_completed


def _pop_instant(rest: dict[str, Any], name: str, tz: tzinfo) -> datetime | None:
    value = rest.pop(name, None)
    if value is None:
        return None
    try:
        if isinstance(value, str) and len(value) == 16 and value[8] == "T" and value[15] == "Z":
            return datetime.fromisoformat(value)
        return dates.parse_instant(value, tz)
    except ValueError:
        raise BadRecord(f"{name}: must be like `20181122T103257Z`") from None


def _pop_tags(rest: dict[str, Any]) -> tuple[str, ...]:
    """Return the tags; they are kept too, where their order or spelling is not ours."""
    given = rest.get("tags", [])
    try:
        tags = record.parse_tags(given)
    except ValueError as error:
        raise BadRecord(f"tags: {error}") from None
    is_ours = all(before < after for before, after in pairwise(tags))
    if is_ours and (isinstance(given, str) or given == list(tags)):
        rest.pop("tags", None)
    return tags


def _read_due(value: Any, tz: tzinfo, extra: dict[str, Any]) -> date | datetime:
    try:
        return _keep_day("due", dates.parse_when(value, tz), tz, extra)
    except ValueError:
        raise BadRecord("due: must be like `20181122T103257Z`") from None


def _find_start(attributes: dict[str, Any], tz: tzinfo) -> tuple[str, date | datetime | None]:
    """Return the attribute that says when a task starts, and when that is."""
    for name in _STARTS:
        # One that cannot be read stays as it is, and hides nothing.
        with suppress(ValueError, KeyError):
            return name, dates.parse_when(attributes[name], tz)
    return _STARTS[0], None


def _keep_day(
    name: str, when: date | datetime, tz: tzinfo, extra: dict[str, Any]
) -> date | datetime:
    """Return the day that begins at an instant in `tz`, which `extra` keeps; else the instant."""
    if not isinstance(when, datetime):
        return when
    day = when.date()
    if name == "start" and not INSTANTS[0] <= when <= INSTANTS[1]:
        # `wait:someday` is the last day of all, in the time zone of who wrote it.
        day = min(max(day, DAYS[0]), DAYS[1])
    elif dates.start_of_day(day, tz) != when:
        return when
    # The same instant is another day's in another time zone, so both are kept.
    extra[name] = {"on": day.isoformat(), "at": _format_instant(when)}
    return day


def write(tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]:
    """Yield an array as Taskwarrior writes it, one line per task; instants have whole seconds."""
    return write_array((_encode(_format_task(task, tz)) for task in tasks), empty="[\n]\n")


def _format_task(task: TaskPublic, tz: tzinfo) -> dict[str, Any]:
    attributes = dict(record.read_section(task, "taskwarrior"))
    _set_start(attributes, task, tz)
    waiting = attributes.get("status") in _STATUSES[1:3]
    attributes |= {
        "uuid": str(task.id),
        "description": task.whole_title,
        "entry": _format_instant(task.created_at),
        "modified": _format_instant(task.updated_at),
        "status": attributes["status"] if waiting else "pending",
    }
    if task.completed:
        attributes |= {
            "status": "completed",
            "end": _format_instant(task.completed_at or task.updated_at),
        }
    if task.priority in _LETTERS:
        attributes["priority"] = _LETTERS[task.priority]
    attributes |= {
        "due": _format_when("due", task, tz),
        "notes": task.description or attributes.get("notes"),
        "project": task.project,
        "tags": _restore_tag_order(task.tags, attributes.get("tags")) or None,
        "annotations": [*map(_format_note, task.list_whole_notes())] or None,
    }
    there = {name for name, value in attributes.items() if value is not None}
    in_order = ("id", *sorted(there - {"id", *_LAST}), *_LAST)
    return {name: attributes[name] for name in in_order if name in there}


def _format_note(note: Note) -> dict[str, str]:
    at = datetime.fromisoformat(note["at"])
    return {"entry": _format_instant(at), "description": note["text"]}


def _set_start(attributes: dict[str, Any], task: TaskPublic, tz: tzinfo) -> None:
    """Let the attributes say when the task starts; as they came where they say so already."""
    name, came = _find_start(attributes, tz)
    start = _format_when("start", task, tz)
    if start is None and came is not None:
        for each in _STARTS:
            attributes.pop(each, None)
        if attributes.get("status") == "waiting":
            del attributes["status"]
    elif start is not None and (came is None or start != _format_beginning(came, tz)):
        attributes[name] = start


def _format_beginning(when: date | datetime, tz: tzinfo) -> str:
    return _format_instant(when if isinstance(when, datetime) else dates.start_of_day(when, tz))


def _format_when(name: str, task: TaskPublic, tz: tzinfo) -> str | None:
    when: date | datetime | None = getattr(task, name)
    kept = record.read_section(task, name)
    if when is None:
        return None
    if kept.get("on") == when.isoformat() and isinstance(kept.get("at"), str):
        return str(kept["at"])
    return _format_beginning(when, tz)


def _restore_tag_order(tags: tuple[str, ...], kept: Any) -> list[str]:
    """Return the tags as they were ordered and spelled when they came, new ones after them."""
    known: list[str] = []
    covered: set[str] = set()
    for tag in kept if isinstance(kept, list) else []:
        ours = record.parse_tags([tag]) if isinstance(tag, str) else ()
        if ours and set(ours) <= set(tags):
            known.append(tag)
            covered.update(ours)
    return [*known, *(tag for tag in tags if tag not in covered)]


def _format_instant(moment: datetime) -> str:
    utc = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return utc.isoformat().replace("-", "").replace(":", "") + "Z"
