"""One record of a file: reading its text, and making it fit the model.

What the model has no room for goes to `extra`: `title` and `description` hold the full text where
the model's is shorter, `annotations` what Taskwarrior calls so, and everything else stands under
the name of the format that it came in.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any, BinaryIO, TextIO, cast

from pydantic import ValidationError

from neontodo.columns import EXTRA_MAX_BYTES, EXTRA_MAX_DEPTH, explain_unstorable_json, write_json
from neontodo.fields import FIELDS, Kind, Priority
from neontodo.formats import dates
from neontodo.formats.dates import shorten_for_message
from neontodo.models import DESCRIPTION_MAX, TITLE_MAX, Record, TaskCreate, TaskPublic

_LETTERS = {"l": Priority.LOW, "m": Priority.MEDIUM, "h": Priority.HIGH}
_PRIORITIES = {priority.label: priority for priority in Priority} | _LETTERS


class BadRecord(ValueError):
    """A record that cannot become a task; its text says which field and why."""


@contextmanager
def open_text(stream: BinaryIO) -> Iterator[TextIO]:
    """Yield the stream as text with its own line ends: UTF-8, or UTF-16 by its byte order mark.

    Bytes that are not UTF-8 become lone surrogates, so that only the record that holds them is
    refused. The stream stays open.
    """
    buffered = io.BufferedReader(cast(io.RawIOBase, stream))
    wide = buffered.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = io.TextIOWrapper(
        buffered,
        encoding="utf-16" if wide else "utf-8-sig",
        errors="replace" if wide else "surrogateescape",
        newline="",
    )
    try:
        yield text
    finally:
        if not stream.closed:
            text.detach()
            buffered.detach()


def build_task(
    values: dict[str, Any], extra: dict[str, Any], *, now: datetime, names: dict[str, str]
) -> TaskCreate:
    """Return a valid task of these values; `names` has what the source calls a field.

    Values that are None count as left out, and so does an empty project. A completed task without
    an instant was completed when it was last changed, or created, or `now`.

    Raises:
        BadRecord: the values do not make a task.
    """
    given = {field: value for field, value in values.items() if value is not None}
    if isinstance(project := given.get("project"), str) and not project.strip():
        del given["project"]
    _shorten_texts(given, extra)
    if given.get("completed") and "completed_at" not in given:
        given["completed_at"] = given.get("updated_at") or given.get("created_at") or now
    try:
        fitted = TaskCreate.model_validate({**given, "extra": extra or None})
    except ValidationError as error:
        raise BadRecord(_describe_error(error, names)) from None
    if extra:
        if why := explain_unstorable_json(extra, EXTRA_MAX_DEPTH):
            raise BadRecord(why)
        if len(write_json(extra).encode()) > EXTRA_MAX_BYTES:
            raise BadRecord(f"more than {EXTRA_MAX_BYTES} bytes have no field of their own")
    return fitted


def restore_title(public: TaskPublic) -> str:
    """Return the title as it was imported, unless it was changed here."""
    kept = (public.extra or {}).get("title")
    return kept if isinstance(kept, str) and _shorten_title(kept) == public.title else public.title


def restore_description(public: TaskPublic) -> str | None:
    """Return the description as it was imported, unless it was changed here."""
    kept = (public.extra or {}).get("description")
    fits = isinstance(kept, str) and _truncate(kept, DESCRIPTION_MAX) == public.description
    return kept if fits else public.description


def read_section(public: TaskPublic, name: str) -> dict[str, Any]:
    """Return what `extra` has under a format's name; empty if that is not an object."""
    found = (public.extra or {}).get(name)
    return found if isinstance(found, dict) else {}


def _shorten_texts(given: dict[str, Any], extra: dict[str, Any]) -> None:
    title, description = given.get("title"), given.get("description")
    if isinstance(title, str) and (short := _shorten_title(title)) != title:
        given["title"], extra["title"] = short, title
    if isinstance(description, str) and len(description) > DESCRIPTION_MAX:
        given["description"] = _truncate(description, DESCRIPTION_MAX)
        extra["description"] = description


def _shorten_title(text: str) -> str:
    return _truncate(text.strip(), TITLE_MAX)


def _truncate(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


_REASONS = {
    "missing": "missing",
    "string_type": "must be text",
    "string_too_short": "empty",
    "string_too_long": "longer than {max_length} characters",
    "string_unicode": "is not valid UTF-8",
    "tuple_type": "must be a list",
    "uuid_type": "must be a UUID",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a whole number",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}


def _describe_error(error: ValidationError, names: dict[str, str]) -> str:
    first = error.errors(include_url=False)[0]
    field, kind, context = str(first["loc"][0]), first["type"], first.get("ctx", {})
    if field == "extra":
        return str(context.get("error", first["msg"]))
    if kind == "value_error":
        reason = str(context["error"])
    elif kind == "uuid_parsing":
        reason = f"`{shorten_for_message(str(first['input']))}` is not a UUID"
    else:
        reason = _REASONS.get(kind, first["msg"]).format(**context)
    return f"{names.get(field, field)}: {reason}"


def build_record(where: str, raw: Any, home: str, *, tz: tzinfo, now: datetime) -> Record:
    """Return the task that an object describes; attributes of other names go to `extra[home]`."""
    try:
        if not isinstance(raw, dict):
            raise BadRecord("must be an object")
        values, extra = _read_fields(raw, home, tz)
        task = build_task(values, extra, now=now, names={})
    except BadRecord as error:
        return Record(where, problem=str(error))
    return Record(where, task, key="" if task.id else json.dumps(raw, sort_keys=True))


def _read_fields(
    raw: dict[str, Any], home: str, tz: tzinfo
) -> tuple[dict[str, Any], dict[str, Any]]:
    values, unknown = {}, {}
    for name, value in raw.items():
        if name not in _PARSERS:
            unknown[name] = value
        elif value is not None:
            parse = _PARSERS[name]
            try:
                values[name] = parse(value, tz) if parse else value
            except ValueError as error:
                raise BadRecord(f"{name}: {error}") from None
    is_completed = values.setdefault("completed", "completed_at" in values)
    if not is_completed and values.pop("completed_at", None):
        unknown["completed_at"] = raw["completed_at"]
    extra = values.pop("extra", {})
    if unknown:
        known = extra.get(home)
        extra[home] = {**known, **unknown} if isinstance(known, dict) else unknown
    return values, extra


def _parse_priority(value: Any, tz: tzinfo) -> Priority:
    found = _PRIORITIES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be none, low, medium or high")
    return found


def _parse_flag(value: Any, tz: tzinfo) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _copy_object(value: Any, tz: tzinfo) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return dict(value)


_PARSERS_BY_KIND: dict[Kind, Callable[[Any, tzinfo], Any]] = {
    Kind.INSTANT: dates.parse_instant,
    Kind.WHEN: dates.parse_when,
    Kind.PRIORITY: _parse_priority,
    Kind.FLAG: _parse_flag,
    Kind.OBJECT: _copy_object,
}
_PARSERS = {field.name: _PARSERS_BY_KIND.get(field.kind) for field in FIELDS}
