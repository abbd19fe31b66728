"""Making an imported record fit the model, and undoing it on the way out.

What the model has no room for goes to `extra`: `title` and `description` hold the full text where
the model's is shorter, `annotations` what Taskwarrior calls so, and everything else stands under
the name of the format that it came in.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from neontodo.formats.dates import shown
from neontodo.formats.record import BadRecord
from neontodo.models import DESCRIPTION_MAX, EXTRA_MAX_BYTES, TITLE_MAX, TaskCreate, TaskPublic

# What pydantic strips; Python's own idea has four control characters more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_DEEPEST = 50
_encode = json.JSONEncoder(allow_nan=False).encode


def task(
    values: dict[str, Any], extra: dict[str, Any], *, now: datetime, names: dict[str, str]
) -> TaskCreate:
    """A valid task of these values; `names` says what the source calls a field.

    Raises BadRecord. Values that are None count as left out, and so does an empty project. A
    completed task without an instant was completed when it was last changed, or made, or `now`.
    """
    given = {field: value for field, value in values.items() if value is not None}
    if isinstance(project := given.get("project"), str) and not project.strip(_SPACE):
        del given["project"]
    _shorten(given, extra)
    if given.get("completed") and "completed_at" not in given:
        given["completed_at"] = given.get("updated_at") or given.get("created_at") or now
    try:
        fitted = TaskCreate.model_validate({**given, "extra": extra or None})
    except ValidationError as error:
        raise BadRecord(_reason(error, names)) from None
    if extra:
        _check(extra)
    return fitted


def whole_title(public: TaskPublic) -> str:
    """The title as it was imported, unless it was changed here."""
    kept = (public.extra or {}).get("title")
    return kept if isinstance(kept, str) and _fit_title(kept) == public.title else public.title


def whole_description(public: TaskPublic) -> str | None:
    """The description as it was imported, unless it was changed here."""
    kept = (public.extra or {}).get("description")
    fits = isinstance(kept, str) and _cut(kept, DESCRIPTION_MAX) == public.description
    return kept if fits else public.description


def section(public: TaskPublic, name: str) -> dict[str, Any]:
    """What `extra` has under a format's name, empty if there is nothing of use."""
    found = (public.extra or {}).get(name)
    return found if isinstance(found, dict) else {}


def _check(extra: dict[str, Any]) -> None:
    """Raise BadRecord unless `extra` can be stored, and its agreed parts have their shape."""
    try:
        encoded = _encode(extra)
    except ValueError:
        raise BadRecord("holds a number that is not finite or too large") from None
    except RecursionError:
        raise BadRecord("is nested too deeply") from None
    if len(encoded) > EXTRA_MAX_BYTES:
        raise BadRecord(f"more than {EXTRA_MAX_BYTES} bytes have no field of their own")
    if "\\u0000" in encoded and _NUL.search(encoded):
        raise BadRecord("holds a NUL character")
    if "\\ud" in encoded and not _is_unicode(extra):
        raise BadRecord("is not valid UTF-8")
    if encoded.count("[") + encoded.count("{") > _DEEPEST and _deeper(extra, _DEEPEST):
        raise BadRecord("is nested too deeply")
    _check_shape(extra)


def _check_shape(extra: dict[str, Any]) -> None:
    for field in ("title", "description"):
        if not isinstance(extra.get(field, ""), str):
            raise BadRecord(f"extra: `{field}` must be text")
    notes = extra.get("annotations", [])
    if not isinstance(notes, list) or not all(map(_is_annotation, notes)):
        raise BadRecord("annotations: must be a list of objects with `entry` and `description`")


def _is_annotation(note: Any) -> bool:
    return (
        isinstance(note, dict)
        and isinstance(note.get("description"), str)
        and isinstance(note.get("entry", ""), str)
    )


def _shorten(given: dict[str, Any], extra: dict[str, Any]) -> None:
    title, description = given.get("title"), given.get("description")
    if isinstance(title, str) and (short := _fit_title(title)) != title:
        given["title"], extra["title"] = short, title
    if isinstance(description, str) and len(description) > DESCRIPTION_MAX:
        given["description"] = _cut(description, DESCRIPTION_MAX)
        extra["description"] = description


def _fit_title(text: str) -> str:
    return _cut(text.strip(_SPACE), TITLE_MAX)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _deeper(value: Any, levels: int) -> bool:
    """Whether anything nests below so many levels: what reads it later may have less stack."""
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in inner)


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


def _reason(error: ValidationError, names: dict[str, str]) -> str:
    first = error.errors(include_url=False)[0]
    field, kind, context = str(first["loc"][0]), first["type"], first.get("ctx", {})
    if kind == "value_error":
        reason = str(context["error"])
    elif kind == "uuid_parsing":
        reason = f"`{shown(str(first['input']))}` is not a UUID"
    else:
        reason = _REASONS.get(kind, first["msg"]).format(**context)
    return f"{names.get(field, field)}: {reason}"
