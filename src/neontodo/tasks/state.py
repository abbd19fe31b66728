"""A task's columns as the change log keeps them, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from pydantic import ValidationError

from neontodo.columns import INSTANTS
from neontodo.errors import Refused
from neontodo.fields import COLUMN_TYPES, FIELD_OF, FIELDS, Kind, Priority
from neontodo.models import (
    LOGGED,
    NUMBER_MAX,
    Change,
    Task,
    TaskPublic,
    explain_bad_note,
    sort_notes,
    to_json_value,
)
from neontodo.tasks.results import UnreadableTask
from neontodo.tasks.search_text import build_search_text

WHEN = tuple(field.name for field in FIELDS if field.kind is Kind.WHEN)
SEARCHED = frozenset({"title", "description", "project", "tags", "extra", "notes"})
_EMPTY = {column: FIELD_OF[column].empty for column in COLUMN_TYPES}
_SETS = {field.name: field.kind for field in FIELDS if field.is_set}
_CONVERTERS = tuple((column, LOGGED.get(kind)) for column, kind in COLUMN_TYPES.items())
_UNSHOWN: dict[str, type] = {
    "seq": int,
    "repeat": dict,
    "series_id": UUID,
    "claimed_by": str,
    "claimed_until": datetime,
    "conflicts": dict,
}
"""The columns of a task that are no fields."""


class UnreadableChange(ValueError):
    """A change in the log that is none of this program's: plain SQL has written it."""


class Unreadable(Refused):
    """A row that a command is about is no task of this program's."""

    def __init__(self, row: UnreadableTask) -> None:
        super().__init__(row.problem, hint=row.next_step)
        self.row = row


def read_row(row: Mapping[str, Any]) -> TaskPublic | UnreadableTask:
    """Return the task that a row of the table is, whatever plain SQL has put there."""
    try:
        return TaskPublic(**row)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        fields = name_fields(str(each["loc"][0]) for each in errors)
        return UnreadableTask(row["number"], row["id"], tuple(fields))


def take_snapshot(task: Task, **changed: Any) -> TaskPublic:
    """Return the row with columns that were changed since it was read; or raise Unreadable."""
    found = read_row({"id": task.id, **copy_columns(task), **changed})
    if isinstance(found, UnreadableTask):
        raise Unreadable(found)
    return found


def normalize_row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return all columns of a row as this program writes them; None if it cannot be read."""
    task = read_row({name: row[name] for name in TaskPublic.model_fields})
    if isinstance(task, UnreadableTask):
        return None
    columns = {
        **row,
        "title": task.title.strip(),
        "description": task.description or None,
        "project": (task.project or "").strip() or None,
        "tags": tuple(sorted(set(task.tags))),
        "notes": task.notes,
        **{f"{name}_on": _repair_day(task, name) for name in WHEN},
        **{name: row[name] if isinstance(row[name], _UNSHOWN[name]) else None for name in _UNSHOWN},
    }
    if columns["seq"] is not None and not 0 <= columns["seq"] <= NUMBER_MAX:
        columns["seq"] = None
    if not columns["claimed_by"] or columns["claimed_until"] is None:
        columns |= {"claimed_by": None, "claimed_until": None}
    return columns | {"search_text": fold_columns(columns)}


def _repair_day(task: TaskPublic, name: str) -> date | None:
    """Return the day of a field, that of its instant in UTC where they are not of one moment."""
    day, instant = getattr(task, f"{name}_on"), getattr(task, f"{name}_at")
    if instant is not None and (day is None or abs((instant.date() - day).days) > 1):
        return cast(date, instant.date())
    return cast(date | None, day)


def is_readable_row(row: Mapping[str, Any]) -> bool:
    """Return whether a row of the log is as this program writes it."""
    try:
        require_readable(row["before"])
        require_readable(row["after"])
    except UnreadableChange:
        return False
    kinds = {"seq": int, "position": int, "command_id": UUID, "task_id": UUID, "at": datetime}
    is_sound = all(isinstance(row[name], kind) for name, kind in kinds.items())
    is_sound &= isinstance(row["reverts"], UUID | None) and isinstance(row["key_id"], str)
    return is_sound and 1 <= row["seq"] <= NUMBER_MAX and row["position"] >= 0


def copy_columns(task: Task) -> dict[str, Any]:
    """Return all columns of a row but the search column."""
    return {name: getattr(task, name) for name in COLUMN_TYPES}


def name_fields(columns: Iterable[str]) -> list[str]:
    """Return what people call the columns, each field once."""
    fields = (FIELD_OF[column] for column in columns)
    return list(dict.fromkeys(field.part_of or field.name for field in fields))


def fold_columns(columns: Mapping[str, Any]) -> str:
    """Return the search column that belongs to a task's other columns."""
    return build_search_text(
        columns["title"],
        columns.get("description"),
        columns.get("project"),
        columns["tags"],
        columns.get("extra"),
        columns.get("notes") or (),
    )


def log_removal(task: Task) -> dict[str, Any]:
    """Return what the log keeps of a removed task: of one that cannot be read, its number."""
    try:
        take_snapshot(task)
    except Unreadable:
        return {"number": task.number} if isinstance(task.number, int) else {}
    return log_columns(copy_columns(task))


def log_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole task for the log: JSON values, and nothing that is empty."""
    return {
        name: convert(value) if convert else value
        for name, convert in _CONVERTERS
        if (value := columns[name])
    }


def restore_columns(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a whole task from the log."""
    return _EMPTY | parse_state(state)


def publish_state(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return logged columns as JSON names and spells the fields; or raise UnreadableChange."""
    if state is None:
        return None
    require_readable(state)
    fields: dict[str, Any] = {}
    for column, value in state.items():
        name, kind = FIELD_OF[column].name, FIELD_OF[column].kind
        if kind is Kind.WHEN:
            fields[name] = state.get(f"{name}_at") or state.get(f"{name}_on")
        else:
            fields[name] = Priority(value).label if kind is Kind.PRIORITY else value
    return fields


def parse_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns from logged values; changed sets are for `apply_update`."""
    return {name: _parse_value(COLUMN_TYPES[name], value) for name, value in state.items()}


def require_readable(state: Any) -> dict[str, Any]:
    """Return what a change has logged, if anything; UnreadableChange if plain SQL wrote it."""
    if state is None:
        return {}
    try:
        if all(_is_value(name, value) for name, value in state.items()):
            return dict(state)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise UnreadableChange


def read_before(change: Change | None) -> dict[str, Any]:
    """Return what a change has logged of the task before it; nothing if that cannot be read."""
    try:
        return require_readable(change and change.before)
    except UnreadableChange:
        return {}


def _is_value(column: str, value: Any) -> bool:
    """Return whether the log may have this for a column; odd values raise what Python raises."""
    if column in _SETS:
        if not isinstance(value, dict):
            return _are_members(column, value)
        return _are_members(column, value["added"]) and _is_texts(value["removed"])
    kind = COLUMN_TYPES[column]
    if kind is Priority:
        return type(value) is int and value in list(Priority)
    found = _parse_value(kind, value)
    if isinstance(found, datetime):
        return found.tzinfo is not None and INSTANTS[0] <= found <= INSTANTS[1]
    return found is None or type(found) is kind


def _are_members(column: str, value: Any) -> bool:
    if _SETS[column] is Kind.NOTES:
        return isinstance(value, list) and not any(map(explain_bad_note, value))
    return _is_texts(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def compare_columns(
    task: Task, wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return `(before, after)` for the log where the task is not as wanted; None if it is."""
    changed = {name for name, value in wanted.items() if getattr(task, name) != value}
    if not changed:
        return None
    for field in FIELDS:
        if field.kind is Kind.WHEN and not changed.isdisjoint(field.columns):
            # Neither column tells the whole: a day may stay as it was while its time goes.
            changed |= wanted.keys() & field.columns.keys()
    names = [name for name in COLUMN_TYPES if name in changed and name not in _SETS]
    before = {name: to_json_value(getattr(task, name)) for name in names}
    after = {name: to_json_value(wanted[name]) for name in names}
    for name in _SETS:
        if name in changed:
            before[name] = _compare_sets(wanted[name], getattr(task, name))
            after[name] = _compare_sets(getattr(task, name), wanted[name])
    return before, after


def _compare_sets(old: Sequence[Any], new: Sequence[Any]) -> dict[str, Any]:
    """Return what makes one set of the other: whole members, and by which keys others go."""
    was, now = _index_members(old), _index_members(new)
    return {
        "added": [member for key, member in now.items() if was.get(key) != member],
        "removed": [key for key, member in was.items() if now.get(key) != member],
    }


def _index_members(members: Iterable[Any]) -> dict[str, Any]:
    """Return the members of a set by their keys: the id of an object, or a text itself."""
    return {each["id"] if isinstance(each, dict) else each: each for each in members}


def find_later_changes(task: Task, change: Change) -> list[str]:
    """Return the fields in which the task is no longer as a logged create or update left it."""
    state = change.after or {}
    left = restore_columns(state) if change.kind == "create" else apply_update(task, state)
    return [n for n, value in left.items() if n != "updated_at" and getattr(task, n) != value]


def apply_update(task: Task, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that bring the task to a logged update's values."""
    wanted = parse_state({name: value for name, value in state.items() if name not in _SETS})
    for name, kind in _SETS.items():
        if name in state:
            # What others did to other members stays.
            members = _index_members(getattr(task, name))
            for key in state[name]["removed"]:
                members.pop(key, None)
            members |= _index_members(state[name]["added"])
            sort = sort_notes if kind is Kind.NOTES else sorted
            wanted[name] = tuple(sort(members.values()))
    return wanted


def _parse_value(kind: type, value: Any) -> Any:
    if value is None:
        return None
    if kind is datetime or kind is date:
        return kind.fromisoformat(value)
    return tuple(value) if kind is tuple else value


def read_change(change: Change) -> TaskPublic:
    """Return the task as a create or delete shows it; UnreadableChange if plain SQL wrote it."""
    state = change.after if change.kind == "create" else change.before
    found = read_row({"id": change.task_id, **restore_columns(require_readable(state))})
    if isinstance(found, UnreadableTask):
        raise UnreadableChange
    return found
