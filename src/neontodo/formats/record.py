"""One record of a file: reading its text, and making it fit the model.

What the model has no room for goes to `extra`: `title` and `description` hold the full text where
the model's is shorter, `notes` those that are longer or more than the model's, and everything else
stands under the name of the format that it came in.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any, BinaryIO, NamedTuple, TextIO, cast
from uuid import UUID

from pydantic import ValidationError

from neontodo.columns import (
    EXTRA_MAX_BYTES,
    EXTRA_MAX_DEPTH,
    INSTANTS,
    explain_unstorable_json,
    write_json,
)
from neontodo.fields import FIELDS, Kind, Priority
from neontodo.formats import dates
from neontodo.formats.dates import shorten_for_message
from neontodo.formats.names import match_fields
from neontodo.models import (
    NOTE_MAX,
    NOTES_MAX,
    TITLE_MAX,
    Note,
    Record,
    TaskCreate,
    TaskPublic,
    add_notes,
    cut_text,
    make_note,
)

_LETTERS = {"l": Priority.LOW, "m": Priority.MEDIUM, "h": Priority.HIGH}
_PRIORITIES = {priority.label: priority for priority in Priority} | _LETTERS
_DONE = {"true", "yes", "y", "1", "x", "done", "completed", "complete", "closed", "finished"}
_PENDING = {"false", "no", "n", "0", "pending", "open", "todo", "to do", "new", "not started"}
_PENDING |= {"incomplete", "needsaction", "needs-action"}
"""What programs say of a task that is done, and of one that is not."""


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
    _shorten_title(given, extra)
    _fit_notes(given, extra, now)
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


def read_section(public: TaskPublic, name: str) -> dict[str, Any]:
    """Return what `extra` has under a format's name; empty if that is not an object."""
    found = (public.extra or {}).get(name)
    return found if isinstance(found, dict) else {}


def _shorten_title(given: dict[str, Any], extra: dict[str, Any]) -> None:
    title = given.get("title")
    if isinstance(title, str) and (short := cut_text(title.strip(), TITLE_MAX)) != title:
        given["title"], extra["title"] = short, title


class GivenNote(NamedTuple):
    """A note as a file has it, with or without its time and its id here."""

    text: str
    at: datetime | None = None
    id: str | None = None


def parse_notes(value: Any, tz: tzinfo) -> list[GivenNote]:
    """Return notes: objects of ours, or of Taskwarrior's with `entry` and `description`, or texts.

    ValueError with the reason if it is no list of these.
    """
    if not isinstance(value, list):
        raise ValueError("must be a list of objects")
    return [_parse_note(each, tz) for each in value]


def _parse_notes_or_text(value: Any, tz: tzinfo) -> list[GivenNote]:
    """Return notes, or the one that a text is which holds no list in JSON."""
    if not isinstance(value, str):
        return parse_notes(value, tz)
    try:
        return parse_notes(json.loads(value), tz)
    except (ValueError, RecursionError):
        return [GivenNote(value)]


def _parse_note(value: Any, tz: tzinfo) -> GivenNote:
    if isinstance(value, str):
        return GivenNote(value)
    text = value.get("text", value.get("description")) if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise ValueError("must be a list of objects with `text` or `description`")
    try:
        at = dates.parse_instant(value.get("at", value.get("entry")), tz)
    except ValueError:
        at = None
    own_id = value.get("id")
    return GivenNote(
        text,
        at if at and INSTANTS[0] <= at <= INSTANTS[1] else None,
        own_id if isinstance(own_id, str) else None,
    )


def _fit_notes(given: dict[str, Any], extra: dict[str, Any], now: datetime) -> None:
    """Give notes the model's form; `extra` keeps the rest of them, and those that are cut whole.

    The id of one that has none follows from the task's id, its time and its text, so that it is
    the same at the next import. One without a time is from when the task was created.
    """
    found = [*given.get("notes", ())]
    if "annotations" in extra:
        # So Taskwarrior calls them, and so they were kept before there were notes.
        try:
            found += parse_notes(extra.pop("annotations"), UTC)
        except ValueError as error:
            raise BadRecord(f"annotations: {error}") from None
    elif "notes" not in given:
        return
    try:
        task_id = UUID(str(given.get("id")))
    except ValueError:
        task_id = UUID(int=0)
    notes: list[Note] = []
    for note in found:
        if note.at is not None:
            made = make_note(task_id, note.at, note.text)
            notes.append({**made, "id": note.id} if note.id else made)
    untimed = [note.text for note in found if note.at is None]
    created = given.get("created_at") or given.get("updated_at") or now
    whole = [n for n in add_notes(task_id, tuple(notes), untimed, created) if n["text"].strip()]
    short = [{**note, "text": cut_text(note["text"], NOTE_MAX)} for note in whole[:NOTES_MAX]]
    given["notes"] = tuple(short)
    if rest := [note for note in whole if note not in short]:
        kept = extra.get("notes")
        extra["notes"] = [*(kept if isinstance(kept, list) else ()), *rest]


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


def build_record(
    where: str,
    raw: Any,
    home: str,
    *,
    fields: Mapping[str, str] | None = None,
    tz: tzinfo,
    now: datetime,
) -> Record:
    """Return the task that an object describes; attributes of other names go to `extra[home]`.

    `fields` says which field each name stands for, where the names of this object alone do not:
    a name that the object lacks is one of an empty field.
    """
    try:
        if not isinstance(raw, dict):
            raise BadRecord("must be an object")
        fields = _match_fields(raw) if fields is None else fields
        names = {field: name for name, field in fields.items()}
        values, extra, not_understood = _read_fields(raw, fields, names, home, tz)
        task = build_task(values, extra, now=now, names=names)
    except BadRecord as error:
        return Record(where, problem=str(error))
    return Record(
        where,
        task,
        key="" if task.id else _derive_key(raw, fields),
        not_understood=not_understood,
        fields=[field for name, field in fields.items() if name not in not_understood]
        if not_understood
        else fields.values(),
    )


def _match_fields(raw: dict[str, Any]) -> Mapping[str, str]:
    """Return which field each name stands for; `notes` that are no text are notes in any case."""
    fields = match_fields(tuple(raw))
    if fields.get("notes") == "description" and isinstance(raw["notes"], list):
        return {**fields, "notes": "notes"}
    return fields


def _derive_key(raw: dict[str, Any], fields: Mapping[str, str]) -> str:
    """Return what an object says, the same however its fields are called and ordered."""
    named = {fields.get(name, name): value for name, value in raw.items()}
    return json.dumps(named, sort_keys=True)


def list_names(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the attributes that say something, as a message has them."""
    said = [name for name, value in attributes.items() if value not in (None, "", [], {})]
    return tuple(map(shorten_for_message, said))


def parse_tags(value: Any) -> tuple[str, ...]:
    """Return the tags of a list, or of a text that has commas, or else spaces, between them.

    A label that is an object is its `name`. Spaces inside a tag become `-`. ValueError with the
    reason if it is none of these.
    """
    if isinstance(value, str):
        value = value.split("," if "," in value else None)
    if not isinstance(value, list):
        raise ValueError("must be a list")
    texts: list[Any] = [label.get("name") if isinstance(label, dict) else label for label in value]
    try:
        words = map(str.split, ",".join(texts).split(","))
    except TypeError:
        raise ValueError("must be a list of texts") from None
    return tuple(["-".join(each) for each in words if each])


def _read_fields(
    raw: dict[str, Any], fields: Mapping[str, str], names: Mapping[str, str], home: str, tz: tzinfo
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Return the values by field, `extra`, and which names of it were not understood."""
    values, unknown = {}, {}
    for name, value in raw.items():
        field = fields.get(name)
        if field is None:
            unknown[name] = value
        elif value is not None:
            parse = _PARSERS[field]
            try:
                values[field] = parse(value, tz) if parse else value
            except ValueError as error:
                # Another program may mean something else by a name that is not ours.
                if name == field or field == "due":
                    raise BadRecord(f"{name}: {error}") from None
                unknown[name] = value
    if "completed_at" in values:
        values.setdefault("completed", True)
    if not values.get("completed") and values.pop("completed_at", None):
        unknown[names["completed_at"]] = raw[names["completed_at"]]
    not_understood = list_names(unknown)
    unknown |= _keep_labels(raw, names)
    extra = values.pop("extra", {})
    if unknown:
        known = extra.get(home)
        extra[home] = {**known, **unknown} if isinstance(known, dict) else unknown
    return values, extra, not_understood


def _keep_labels(raw: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the labels that are objects, and so more than the tags that were made of them."""
    name = names.get("tags")
    labels = raw.get(name) if name else None
    has_objects = isinstance(labels, list) and any(isinstance(label, dict) for label in labels)
    return {str(name): labels} if has_objects else {}


def parse_flag(value: Any) -> bool:
    """Return whether a value says that a task is done; ValueError if it says neither."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, int | str) else ""
    if word not in _DONE and word not in _PENDING:
        raise ValueError("must be true or false")
    return word in _DONE


def _parse_priority(value: Any, tz: tzinfo) -> Priority:
    found = _PRIORITIES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be none, low, medium or high")
    return found


def _copy_object(value: Any, tz: tzinfo) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return dict(value)


def _check_text(value: Any, tz: tzinfo) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


_PARSERS_BY_KIND: dict[Kind, Callable[[Any, tzinfo], Any]] = {
    Kind.TEXT: _check_text,
    Kind.NAME: _check_text,
    Kind.INSTANT: dates.parse_instant,
    Kind.WHEN: dates.parse_when,
    Kind.PRIORITY: _parse_priority,
    Kind.FLAG: lambda value, tz: parse_flag(value),
    Kind.TAGS: lambda value, tz: parse_tags(value),
    Kind.OBJECT: _copy_object,
    Kind.NOTES: _parse_notes_or_text,
}
_PARSERS = {field.name: _PARSERS_BY_KIND.get(field.kind) for field in FIELDS}
