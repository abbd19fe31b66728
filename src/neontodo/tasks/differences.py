"""What a record of a file says otherwise than the task that is here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from neontodo.columns import EXTRA_MAX_BYTES, write_json
from neontodo.fields import BY_NAME, FIELDS, Kind
from neontodo.models import Record, Task, TaskCreate
from neontodo.tasks.service import build_columns
from neontodo.tasks.state import WHEN, compare_columns, copy_columns, name_fields

_CONTENT = {
    field.name: tuple(field.columns)
    for field in FIELDS
    if field.option or field.line or field.kind is Kind.NOTES
}
"""What people say of a task; when it was created or changed is no content."""
_NAMED_PARTS = ("title", "description", "notes")
"""What is in `extra`, and people know by a name of its own."""
_EXPORTED = frozenset({"id", "number", "priority", "created_at", "updated_at"})
_VOLATILE = ("id", "urgency")
"""Attributes that Taskwarrior changes by itself as time goes by."""


def is_exported(task: TaskCreate) -> bool:
    """Return whether a record has all that every task of our own export has."""
    return task.model_fields_set >= _EXPORTED


def build_wanted_columns(task: Task, record: Record, now: datetime) -> dict[str, Any]:
    """Return the columns of the fields that a record has, as they are in the record."""
    assert record.task is not None
    names = record.task.model_fields_set.union(record.fields)
    columns = build_columns(record.task, 0, now)
    wanted = {
        column: columns[column]
        for name, of_field in _CONTENT.items()
        if name in names
        for column in of_field
    }
    if wanted.get("completed", task.completed) != task.completed:
        wanted["completed_at"] = columns["completed_at"]
    extra = _merge_extra(task.extra or {}, record, names)
    for name in WHEN:
        instant = _find_instant(name, columns)
        if instant is not None and instant == _find_instant(name, copy_columns(task)):
            # It is another day, or none, where the file is read in another time zone.
            wanted |= {column: getattr(task, column) for column in BY_NAME[name].columns}
            extra = _set_or_drop(extra, name, (task.extra or {}).get(name))
    if _omit_volatile(extra) != _omit_volatile(task.extra or {}):
        wanted["extra"] = extra or None
    return wanted


def _find_instant(name: str, columns: Mapping[str, Any]) -> datetime | None:
    """Return the instant of a field, or the one in `extra` that its day was made of."""
    instant: datetime | None = columns[f"{name}_at"]
    kept = (columns["extra"] or {}).get(name)
    if instant is None and isinstance(kept, dict) and kept.get("on") == str(columns[f"{name}_on"]):
        with suppress(ValueError):
            instant = datetime.fromisoformat(str(kept.get("at")))
    return instant


def _set_or_drop(extra: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    rest = {key: kept for key, kept in extra.items() if key != name}
    return rest if value is None else {**rest, name: value}


def _merge_extra(old: dict[str, Any], record: Record, names: set[str]) -> dict[str, Any]:
    """Return the task's extra with what the record has of it; as it is if there is no room."""
    assert record.task is not None
    is_whole = is_exported(record.task)
    # The importer has put the number there.
    kept = {
        name: value
        for name, value in old.items()
        if name == "number" or (name not in names and (name == "notes" or not is_whole))
    }
    merged = {**kept, **(record.task.extra or {})}
    return merged if len(write_json(merged).encode()) <= EXTRA_MAX_BYTES else old


def _omit_volatile(extra: Mapping[str, Any]) -> dict[str, Any]:
    section = extra.get("taskwarrior")
    if not isinstance(section, dict):
        return dict(extra)
    lasting = {name: value for name, value in section.items() if name not in _VOLATILE}
    return {**extra, "taskwarrior": lasting}


def name_differences(task: Task, wanted: Mapping[str, Any]) -> list[str]:
    """Return what people call the fields in which the task is not as wanted; empty if it is."""
    before, _ = compare_columns(task, wanted) or ({}, {})
    if not before:
        return []
    fields = (BY_NAME[name] for name in name_fields(before) if name != "extra")
    names = [field.line or field.name for field in fields]
    if "extra" in before:
        old, new = task.extra or {}, wanted["extra"] or {}
        names += [part for part in _NAMED_PARTS if old.get(part) != new.get(part)]
    return list(dict.fromkeys(names)) or ["extra"]
