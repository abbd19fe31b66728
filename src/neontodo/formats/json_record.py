"""Our own record, as JSON has it and CSV borrows it: the documented fields by their names."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

from neontodo.fields import BY_NAME, FIELDS, Kind, Priority
from neontodo.formats import dates
from neontodo.formats.record import BadRecord, Record, build_task

_LETTERS = {"l": Priority.LOW, "m": Priority.MEDIUM, "h": Priority.HIGH}
_PRIORITIES = {priority.label: priority for priority in Priority} | _LETTERS


def build_record(where: str, raw: Any, home: str, *, tz: tzinfo, now: datetime) -> Record:
    """Return the task that an object describes; attributes of other names go to `extra[home]`."""
    try:
        if not isinstance(raw, dict):
            raise BadRecord("must be an object")
        extra = _extra(raw, home)
        task = build_task(_values(raw, tz), extra, now=now, names={})
    except BadRecord as error:
        return Record(where, problem=str(error))
    return Record(where, task, key="" if task.id else json.dumps(raw, sort_keys=True))


def _values(raw: dict[str, Any], tz: tzinfo) -> dict[str, Any]:
    values = {}
    for name, value in raw.items():
        if value is None or name not in _PARSERS:
            continue
        parse = _PARSERS[name]
        try:
            values[name] = parse(value, tz) if parse else value
        except ValueError as error:
            raise BadRecord(f"{name}: {error}") from None
    values["completed"] = _completed(raw)
    if not values["completed"]:
        values.pop("completed_at", None)
    return values


def _parse_priority(value: Any, tz: tzinfo) -> Priority:
    found = _PRIORITIES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be none, low, medium or high")
    return found


_PARSERS_BY_KIND: dict[Kind, Callable[[Any, tzinfo], Any]] = {
    Kind.INSTANT: dates.parse_instant,
    Kind.WHEN: dates.parse_when,
    Kind.PRIORITY: _parse_priority,
}
_PARSERS = {field.name: _PARSERS_BY_KIND.get(field.kind) for field in FIELDS}


def _completed(raw: dict[str, Any]) -> bool:
    value = raw.get("completed")
    if value is None:
        return raw.get("completed_at") is not None
    if not isinstance(value, bool):
        raise BadRecord("completed: must be true or false")
    return value


def _extra(raw: dict[str, Any], home: str) -> dict[str, Any]:
    extra = raw.get("extra")
    if extra is not None and not isinstance(extra, dict):
        raise BadRecord("extra: must be an object")
    unknown = {name: raw[name] for name in raw if name not in BY_NAME}
    if raw.get("completed") is False and raw.get("completed_at") is not None:
        unknown["completed_at"] = raw["completed_at"]
    merged = dict(extra or {})
    if unknown:
        known = merged.get(home)
        merged[home] = {**known, **unknown} if isinstance(known, dict) else unknown
    return merged
